// http.IncomingMessage: a response, read from the native connection as it is asked for.
const { Readable } = require('stream');
const { make: nodeError } = require('internal/errors');

const { native } = internal;
const forgotten = new FinalizationRegistry((body) => native['resource.close'](body));

// Headers of which the first one counts when there are several (RFC 9110, and Node.js).
const single = new Set([
  'age', 'authorization', 'content-length', 'content-type', 'etag', 'expires', 'from', 'host', 'if-modified-since', 'if-unmodified-since', 'last-modified', 'location', 'max-forwards',
  'proxy-authorization', 'referer', 'retry-after', 'server', 'user-agent',
]);

function collect(raw, distinct) {
  const headers = {};
  for (let at = 0; at < raw.length; at += 2) {
    const name = raw[at].toLowerCase();
    const value = raw[at + 1];
    if (distinct) (headers[name] ??= []).push(value);
    else if (name === 'set-cookie') (headers[name] ??= []).push(value);
    else if (headers[name] === undefined) headers[name] = value;
    else if (!single.has(name)) headers[name] += `${name === 'cookie' ? '; ' : ', '}${value}`;
  }
  return headers;
}

class IncomingMessage extends Readable {
  constructor(socket) {
    super({ autoDestroy: true, highWaterMark: 64 * 1024 });
    this.socket = socket;
    this.httpVersionMajor = null;
    this.httpVersionMinor = null;
    this.httpVersion = null;
    this.complete = false;
    this.rawHeaders = [];
    this.rawTrailers = [];
    this.joinDuplicateHeaders = undefined;
    this.aborted = false;
    this.upgrade = null;
    this.url = '';
    this.method = null;
    this.statusCode = null;
    this.statusMessage = null;
    this.client = socket;
    this._headers = undefined;
    this._trailers = undefined;
    this._body = undefined;
    this._reading = false;
  }

  _begin(head, body) {
    this.statusCode = head.status;
    this.statusMessage = head.statusText;
    this.httpVersion = head.version;
    this.httpVersionMajor = 1;
    this.httpVersionMinor = Number(head.version.slice(2));
    this.rawHeaders = head.headers;
    this._body = body;
    forgotten.register(this, body, this);
    this.on('end', () => this.req?._responseEnded());
  }

  get connection() {
    return this.socket;
  }
  set connection(value) {
    this.socket = value;
  }
  get headers() {
    return (this._headers ??= collect(this.rawHeaders, false));
  }
  set headers(value) {
    this._headers = value;
  }
  get headersDistinct() {
    return collect(this.rawHeaders, true);
  }
  get trailers() {
    return (this._trailers ??= collect(this.rawTrailers, false));
  }
  set trailers(value) {
    this._trailers = value;
  }
  get trailersDistinct() {
    return collect(this.rawTrailers, true);
  }

  setTimeout(time, callback) {
    if (callback) this.on('timeout', callback);
    this.socket?.setTimeout(time);
    return this;
  }

  _read() {
    if (this._reading || this._body === undefined) return;
    this._reading = true;
    native['http.read'](this._body).then(
      (data) => {
        this._reading = false;
        if (this.destroyed) return;
        this.socket?._active?.();
        if (data instanceof Uint8Array) {
          if (this.socket) this.socket.bytesRead += data.length;
          this.push(Buffer.from(data.buffer, data.byteOffset, data.byteLength));
          return;
        }
        this.rawTrailers = data;
        this.complete = true;
        this._release();
        this.push(null);
      },
      (error) => {
        this._reading = false;
        if (!this.destroyed) this.destroy(error.code === 'ECONNRESET' ? aborted() : error);
      },
    );
  }

  _release() {
    if (this._body !== undefined) {
      forgotten.unregister(this);
      native['resource.close'](this._body);
    }
    this._body = undefined;
    this.socket?._done?.();
  }

  _destroy(error, callback) {
    if (!this.complete) {
      this.aborted = true;
      this.emit('aborted');
      // Node.js tells of it only if somebody listens, or reads.
      if (!error && this.listenerCount('error') > 0) error = aborted();
      if (error && this.listenerCount('error') === 0 && error.code === 'ECONNRESET') error = null;
    }
    this._release();
    this.req?._responseClosed(error);
    process.nextTick(callback, error);
  }

  _dump() {
    this.resume();
  }
}

function aborted() {
  return nodeError(Error, 'ECONNRESET', 'aborted');
}

module.exports = { IncomingMessage };
