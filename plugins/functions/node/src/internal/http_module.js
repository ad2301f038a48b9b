// What http and https have in common.
const { ClientRequest } = require('internal/http_client');
const { IncomingMessage } = require('internal/http_incoming');
const { METHODS, STATUS_CODES, validateHeaderName, validateHeaderValue } = require('internal/http_common');
const { unavailable } = require('internal/errors');
const EventEmitter = require('events');
const { Writable } = require('stream');

const MAX_HEADER_SIZE = 64 * 1024;

// Servers can be made, as packages do while they load, but not started.
class Server extends EventEmitter {
  constructor(options, listener) {
    super();
    if (typeof options === 'function') listener = options;
    if (listener) this.on('request', listener);
    this.listening = false;
    this.timeout = 0;
    this.keepAliveTimeout = 5000;
    this.headersTimeout = 60000;
    this.requestTimeout = 300000;
    this.maxHeadersCount = null;
  }
  listen() {
    throw unavailable('listening on a port; functions are called over HTTP by an HTTP trigger, and a server');
  }
  close(callback) {
    if (callback) process.nextTick(callback);
    return this;
  }
  address() {
    return null;
  }
  setTimeout() {
    return this;
  }
  ref() {
    return this;
  }
  unref() {
    return this;
  }
}

class OutgoingMessage extends Writable {}
class ServerResponse extends OutgoingMessage {}
Object.setPrototypeOf(ClientRequest.prototype, OutgoingMessage.prototype);

module.exports = (defaults) => {
  class Request extends ClientRequest {
    constructor(input, options, callback) {
      super(input, options, callback, defaults);
    }
  }
  Object.defineProperty(Request, 'name', { value: 'ClientRequest' });
  const request = (input, options, callback) => new Request(input, options, callback);
  const get = (input, options, callback) => {
    const made = request(input, options, callback);
    made.end();
    return made;
  };
  // Packages replace `globalAgent`, and then mean the one that requests use.
  const exports = { Server, createServer: (options, listener) => new Server(options, listener), request, get };
  Object.defineProperty(exports, 'globalAgent', {
    get: () => defaults.globalAgent,
    set(agent) {
      defaults.globalAgent = agent;
    },
    enumerable: true,
    configurable: true,
  });
  Object.defineProperty(exports, 'Agent', { value: defaults.Agent, writable: true, enumerable: true, configurable: true });
  if (defaults.protocol === 'http:') {
    Object.assign(exports, {
      METHODS, STATUS_CODES, ClientRequest: Request, IncomingMessage, OutgoingMessage, ServerResponse, validateHeaderName, validateHeaderValue, maxHeaderSize: MAX_HEADER_SIZE, setMaxIdleHTTPParsers() {},
    });
  }
  return exports;
};
