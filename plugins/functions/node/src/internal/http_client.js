// http.ClientRequest over the native client.
const { Writable } = require('stream');
const { Buffer } = require('buffer');
const HttpSocket = require('internal/http_socket');
const { IncomingMessage } = require('internal/http_incoming');
const { isToken, validateHeaderName, validateHeaderValue } = require('internal/http_common');
const { make: nodeError, invalidArgType, unavailable } = require('internal/errors');

const { native } = internal;
const withoutBody = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS', 'TRACE', 'CONNECT']);
const hangUp = () => nodeError(Error, 'ECONNRESET', 'socket hang up');
// The most bytes that a native op takes.
const PART = 256 * 1024;
const forgotten = new FinalizationRegistry((id) => native['http.forget'](id));

function optionsOf(url) {
  const hostname = url.hostname;
  const options = {
    __proto__: null,
    ...url,
    protocol: url.protocol,
    hostname: hostname.startsWith('[') ? hostname.slice(1, -1) : hostname,
    hash: url.hash,
    search: url.search,
    pathname: url.pathname,
    path: `${url.pathname || ''}${url.search || ''}`,
    href: url.href,
  };
  if (url.port !== '') options.port = Number(url.port);
  if (url.username || url.password) options.auth = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  return options;
}

const isUrl = (value) => typeof value === 'object' && value !== null && typeof value.href === 'string' && typeof value.protocol === 'string' && value.auth === undefined && value.path === undefined;

class ClientRequest extends Writable {
  constructor(input, options, callback, defaults) {
    super({ autoDestroy: false, decodeStrings: true, emitClose: false });
    if (typeof input === 'string') input = optionsOf(new URL(input));
    else if (isUrl(input)) input = optionsOf(input);
    else {
      callback = options;
      options = input;
      input = null;
    }
    if (typeof options === 'function') {
      callback = options;
      options = input || {};
    } else {
      options = Object.assign(input || {}, options);
    }

    let agent = options.agent;
    if (agent === false) agent = new defaults.Agent();
    else if (agent === null || agent === undefined) agent = defaults.globalAgent;
    else if (typeof agent.addRequest !== 'function') throw invalidArgType('options.agent', ['Agent-like Object', 'undefined', 'false'], agent);
    this.agent = agent;

    const protocol = options.protocol || defaults.protocol;
    const expected = agent.protocol || defaults.protocol;
    if (protocol !== expected) throw nodeError(TypeError, 'ERR_INVALID_PROTOCOL', `Protocol "${protocol}" not supported. Expected "${expected}"`);
    if (options.socketPath) throw unavailable('socketPath');
    if (options.path && /[^\u0021-\u00ff]/.test(options.path)) throw nodeError(TypeError, 'ERR_UNESCAPED_CHARACTERS', 'Request path contains unescaped characters');

    const defaultPort = options.defaultPort || agent.defaultPort || defaults.port;
    this.protocol = protocol;
    this.host = hostOf(options.hostname, 'hostname') || hostOf(options.host, 'host') || 'localhost';
    const port = (options.port = options.port || defaultPort);
    if (options.method !== undefined && options.method !== null && typeof options.method !== 'string') throw invalidArgType('options.method', 'string', options.method);
    if (options.method && !isToken(options.method)) throw nodeError(TypeError, 'ERR_INVALID_HTTP_TOKEN', `Method must be a valid HTTP token ["${options.method}"]`);
    this.method = options.method ? options.method.toUpperCase() : 'GET';
    this.path = options.path || '/';
    this.useChunkedEncodingByDefault = !withoutBody.has(this.method);
    this.shouldKeepAlive = Boolean(agent.keepAlive);
    this.aborted = false;
    this.reusedSocket = false;
    this.headersSent = false;
    this.maxHeadersCount = null;
    this.sendDate = false;
    this.socket = null;
    this.res = null;
    this.timeout = options.timeout === undefined ? undefined : timeOf(options.timeout, 'timeout');
    this._fields = new Map();
    this._secure = protocol === 'https:';
    this._port = Number(port);
    this._options = options;
    this._id = undefined;
    this._begun = false;
    this._started = false;
    this._whole = undefined;
    this._held = undefined;
    this._name = undefined;
    this._closed = false;
    // No answer comes after that, and nothing tells of it if the call ended before.
    this._until = Date.now() + native['http.left']();
    this._socket = new HttpSocket(this, this._secure);

    if (callback) this.once('response', callback);
    this._setFields(options, port, defaultPort);
    if (options.signal) this._watch(options.signal);
    this._socket.on('timeout', () => this.emit('timeout'));
    this._socket.on('error', () => {});
    if (this.timeout) this._socket.setTimeout(this.timeout);
    // An agent of somebody's own may call `onSocket` instead.
    const own = { ...options, host: this.host, port, path: null, secureEndpoint: this._secure };
    agent.addRequest(this, own);
  }

  _setFields(options, port, defaultPort) {
    const { headers } = options;
    if (Array.isArray(headers)) {
      if (headers.length > 0 && Array.isArray(headers[0])) for (const [name, value] of headers) this.appendHeader(name, value);
      else for (let at = 0; at + 1 < headers.length; at += 2) this.appendHeader(headers[at], headers[at + 1]);
    } else if (headers) {
      for (const name of Object.keys(headers)) this.setHeader(name, headers[name]);
    }
    if (!this.hasHeader('host') && (options.setHost === undefined || options.setHost)) {
      const host = this.host.includes(':') && !this.host.startsWith('[') ? `[${this.host}]` : this.host;
      this.setHeader('Host', port && Number(port) !== Number(defaultPort) ? `${host}:${port}` : host);
    }
    if (options.auth && !this.hasHeader('authorization')) this.setHeader('Authorization', `Basic ${Buffer.from(options.auth).toString('base64')}`);
    if (String(this.getHeader('expect')).toLowerCase() === '100-continue') process.nextTick(() => {
      // The server may be waited for, but need not be (RFC 9110, 10.1.1).
      this.flushHeaders();
      this.emit('continue');
    });
  }

  _watch(signal) {
    const abort = () => this.destroy(Object.assign(new Error('The operation was aborted', { cause: signal.reason }), { name: 'AbortError', code: 'ABORT_ERR' }));
    if (signal.aborted) process.nextTick(abort);
    else {
      signal.addEventListener('abort', abort, { once: true });
      this.once('close', () => signal.removeEventListener('abort', abort));
    }
  }

  // The headers.
  setHeader(name, value) {
    if (this.headersSent) throw nodeError(Error, 'ERR_HTTP_HEADERS_SENT', 'Cannot set headers after they are sent to the client');
    validateHeaderName(name);
    if (Array.isArray(value)) for (const one of value) validateHeaderValue(name, one);
    else validateHeaderValue(name, value);
    this._fields.set(name.toLowerCase(), [name, value]);
    return this;
  }
  setHeaders(headers) {
    for (const [name, value] of headers) this.setHeader(name, value);
    return this;
  }
  appendHeader(name, value) {
    const known = this._fields.get(`${name}`.toLowerCase());
    return this.setHeader(known ? known[0] : name, known ? [].concat(known[1], value) : value);
  }
  getHeader(name) {
    return this._fields.get(`${name}`.toLowerCase())?.[1];
  }
  hasHeader(name) {
    return this._fields.has(`${name}`.toLowerCase());
  }
  removeHeader(name) {
    if (this.headersSent) throw nodeError(Error, 'ERR_HTTP_HEADERS_SENT', 'Cannot remove headers after they are sent to the client');
    this._fields.delete(`${name}`.toLowerCase());
  }
  getHeaders() {
    const headers = { __proto__: null };
    for (const [name, [, value]] of this._fields) headers[name] = value;
    return headers;
  }
  getHeaderNames() {
    return [...this._fields.keys()];
  }
  getRawHeaderNames() {
    return [...this._fields.values()].map(([name]) => name);
  }
  addTrailers(trailers) {
    this._trailers = Array.isArray(trailers) ? trailers.flat() : Object.entries(trailers).flat().map(String);
  }

  // The way of a request: an agent starts it, it begins natively when its head is complete, and its body follows.
  _start(name) {
    this._name = name;
    process.nextTick(() => {
      if (this.destroyed) return;
      this.socket = this._socket;
      this._started = true;
      this.emit('socket', this.socket);
      if (this.destroyed) return;
      const held = this._held;
      this._held = undefined;
      if (held) held();
    });
  }
  onSocket(socket, error) {
    this.destroy(error ?? unavailable('an agent with connections of its own'));
  }

  _begin(how) {
    this._begun = true;
    this.headersSent = true;
    const options = this._options;
    const given = { __proto__: null, ...options, ...this.agent.options };
    const connection = String(this.getHeader('connection') ?? '').toLowerCase();
    const keepAlive = this.shouldKeepAlive && connection !== 'close';
    const headers = [];
    for (const [, [name, value]] of this._fields) {
      if (name.toLowerCase() === 'cookie' && Array.isArray(value)) headers.push(name, value.join('; '));
      else for (const one of Array.isArray(value) ? value : [value]) headers.push(name, `${one}`);
    }
    if (connection === '') headers.push('Connection', keepAlive ? 'keep-alive' : 'close');
    const length = this.getHeader('content-length');
    if (how.streaming) {
      if (length === undefined && !this.hasHeader('transfer-encoding')) headers.push('Transfer-Encoding', 'chunked');
      else if (length !== undefined) how.length = Number(length);
    } else if (length === undefined && !this.hasHeader('transfer-encoding') && (this.useChunkedEncodingByDefault || how.body?.length > 0)) {
      headers.push('Content-Length', `${how.body?.length ?? 0}`);
    }
    const send = (address) => {
      if (this.destroyed) return;
      let body;
      try {
        const tls = this._secure ? require('internal/tls_options')(given) : undefined;
        [this._id, body] = native['http.begin']({
          ...how, address, method: this.method, path: this.path, host: this.host, port: this._port, family: options.family, secure: this._secure, headers, keepAlive, agent: this.agent._number, tls,
        });
      } catch (error) {
        this.destroy(error);
        return;
      }
      forgotten.register(this, this._id, this);
      const socket = this._socket;
      socket.bytesWritten += how.body?.length ?? 0;
      if (['connect', 'secureConnect', 'lookup', 'ready'].some((name) => socket.listenerCount(name) > 0)) {
        native['http.connected'](this._id).then((about) => about && socket._connected(about), () => {});
      }
      native['http.send'](this._id, body).then(
        (head) => this._respond(head, body),
        (error) => {
          native['resource.close'](body);
          this.destroy(error);
        },
      );
    };
    if (typeof options.lookup !== 'function' || require('net').isIP(this.host)) send(undefined);
    else {
      options.lookup(this.host, { family: options.family, hints: options.hints }, (error, address) => {
        if (error) this.destroy(error);
        else send(Array.isArray(address) ? address[0]?.address ?? address[0] : address);
      });
    }
  }

  _respond(head, body) {
    if (this.destroyed) {
      native['resource.close'](body);
      return;
    }
    const socket = this._socket;
    this.reusedSocket = head.reused;
    socket._connected(head.socket);
    socket._active();
    const response = new IncomingMessage(socket);
    response._begin(head, body);
    response.req = this;
    this.res = response;
    if (this.writableFinished) this._forget();
    if (head.status === 101) {
      response.destroy();
      this.destroy(unavailable('an upgrade of HTTP connections'));
      return;
    }
    if (!this.emit('response', response)) response._dump();
  }

  _forget() {
    if (this._id === undefined) return;
    forgotten.unregister(this);
    native['http.forget'](this._id);
    this._id = undefined;
  }

  // The body.
  end(chunk, encoding, callback) {
    if (typeof chunk === 'function') [chunk, callback] = [undefined, chunk];
    else if (typeof encoding === 'function') [encoding, callback] = [undefined, encoding];
    if (chunk !== undefined && chunk !== null && !this._wrote && !this.writableEnded) {
      if (typeof chunk !== 'string' && !(chunk instanceof Uint8Array)) throw invalidArgType('chunk', ['string', 'Buffer', 'Uint8Array'], chunk);
      this._whole = typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk;
      super.end(callback);
    } else {
      super.end(chunk, encoding, callback);
    }
    return this;
  }
  write(chunk, encoding, callback) {
    this._wrote = true;
    return super.write(chunk, encoding, callback);
  }

  _when(ready) {
    if (this._started) ready();
    else this._held = ready;
  }
  _write(chunk, encoding, callback) {
    this._when(() => this._send(chunk, callback));
  }
  _writev(chunks, callback) {
    const all = Buffer.concat(chunks.map(({ chunk }) => chunk));
    this._when(() => this._send(all, callback));
  }
  _send(chunk, callback) {
    if (!this._begun) this._begin({ streaming: true });
    if (this._id === undefined) {
      // The address is still looked up, or the request has failed, which is told elsewhere.
      if (!this.destroyed) setTimeout(() => this._send(chunk, callback), 1);
      return;
    }
    this._socket.bytesWritten += Math.min(chunk.length, PART);
    this._socket._active();
    const rest = chunk.length > PART ? chunk.subarray(PART) : undefined;
    native['http.write'](this._id, rest === undefined ? chunk : chunk.subarray(0, PART)).then(() => (rest === undefined || this._id === undefined ? callback() : this._send(rest, callback)), callback);
  }
  _final(callback) {
    this._when(() => this._finish(callback));
  }
  _finish(callback) {
    if (!this._begun && this._whole?.length > PART) {
      // It goes in parts, although its length is known.
      const whole = this._whole;
      this._whole = undefined;
      if (!this.hasHeader('content-length') && !this.hasHeader('transfer-encoding')) this.setHeader('Content-Length', `${whole.length}`);
      this._send(whole, (error) => (error ? callback(error) : this._finish(callback)));
      return;
    }
    if (!this._begun) this._begin({ body: this._whole });
    else if (this._id === undefined && !this.destroyed && this.res === null) {
      setTimeout(() => this._finish(callback), 1);
      return;
    } else if (this._id !== undefined) {
      native['http.end'](this._id, this._trailers);
      if (this.res !== null) this._forget();
    }
    callback();
  }
  flushHeaders() {
    if (this._begun || this.destroyed) return;
    if (this._started && !this._wrote && this._whole === undefined && !this.writableEnded && this.useChunkedEncodingByDefault) this._begin({ streaming: true });
    else if (!this._started && this._held === undefined) this._when(() => this.flushHeaders());
  }
  _implicitHeader() {
    this.flushHeaders();
  }

  // The end.
  abort() {
    if (this.aborted) return;
    this.aborted = true;
    process.nextTick(() => this.emit('abort'));
    this.destroy();
  }
  destroy(error) {
    if (this.destroyed) return this;
    this._error = error;
    super.destroy(error);
    return this;
  }
  _destroy(error, callback) {
    this._forget();
    if (!this._socket.destroyed) {
      this._socket._request = undefined;
      this._socket.destroy();
    }
    const response = this.res;
    if (response !== null) {
      if (!response.complete && !response.destroyed) {
        response.on('error', () => {});
        const listened = response.listenerCount('error') > 1;
        response.destroy(listened ? nodeError(Error, 'ECONNRESET', 'aborted') : undefined);
      }
    } else if (!error) {
      error = hangUp();
    }
    callback(error);
    process.nextTick(() => this._close());
  }
  _socketDestroyed(error) {
    if (!this.destroyed && !(this.res && this.res.complete)) this.destroy(error ?? undefined);
  }
  _responseEnded() {
    process.nextTick(() => this._close());
  }
  _responseClosed(error) {
    if (!this.destroyed && !this.writableFinished) this.destroy(error);
    process.nextTick(() => this._close());
  }
  _close() {
    if (this._closed) return;
    this._closed = true;
    this._forget();
    this._socket._done();
    if (this._name !== undefined) this.agent._ended?.(this._name, this._socket);
    this.emit('close');
  }

  // What there is of a socket.
  setTimeout(time, callback) {
    this.timeout = timeOf(time, 'msecs');
    if (callback) this.once('timeout', callback);
    this._socket.setTimeout(this.timeout);
    return this;
  }
  clearTimeout(callback) {
    return this.setTimeout(0, callback);
  }
  setNoDelay() {}
  setSocketKeepAlive() {}
  get connection() {
    return this.socket;
  }
  get finished() {
    return this.writableEnded;
  }
  get closed() {
    return this._closed;
  }
}

function hostOf(host, name) {
  if (host !== null && host !== undefined && typeof host !== 'string') throw invalidArgType(`options.${name}`, ['string', 'undefined', 'null'], host);
  return host;
}

function timeOf(time, name) {
  if (typeof time !== 'number') throw invalidArgType(name, 'number', time);
  if (!(time >= 0 && Number.isFinite(time))) throw nodeError(RangeError, 'ERR_OUT_OF_RANGE', `The value of "${name}" is out of range. It must be a non-negative finite number. Received ${time}`);
  return Math.min(time, 0x7fffffff);
}

module.exports = { ClientRequest, optionsOf };
