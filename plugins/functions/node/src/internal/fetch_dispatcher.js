// What undici's fetch sends requests with: the native client instead of undici's own connections.
const { make: nodeError, unavailable } = require('internal/errors');

const { native } = internal;
const AGENT = 0x7fffffff;
// The most bytes that a native op takes.
const PART = 256 * 1024;

class Dispatcher {
  dispatch(options, handler) {
    if (options.upgrade) {
      handler.onError(unavailable('WebSocket'));
      return true;
    }
    new Exchange(options, handler).run();
    return true;
  }
}

class Exchange {
  constructor(options, handler) {
    this.options = options;
    this.handler = handler;
    this.over = false;
    this.id = undefined;
    this.body = undefined;
    this.paused = undefined;
    this.ready = false;
  }

  async run() {
    const { handler } = this;
    try {
      handler.onConnect((reason) => this.abort(reason));
      if (this.over) return;
      const source = await this.begin();
      if (this.over) return;
      const sent = native['http.send'](this.id, this.body);
      if (source) this.upload(source).catch((error) => this.fail(error));
      const head = await sent;
      if (this.over) return;
      handler.onResponseStarted?.();
      const raw = head.headers.map((text) => Buffer.from(text, 'latin1'));
      const resume = () => {
        this.ready = true;
        this.paused?.();
      };
      let more = handler.onHeaders(head.status, raw, resume, head.statusText);
      for (;;) {
        // The reader may have asked for more before it said that it has enough.
        if (more === false && !this.ready) await new Promise((done) => (this.paused = done));
        this.paused = undefined;
        this.ready = false;
        if (this.over) return;
        const data = await native['http.read'](this.body);
        if (this.over) return;
        if (!(data instanceof Uint8Array)) {
          this.end();
          handler.onComplete(data.map((text) => Buffer.from(text, 'latin1')));
          return;
        }
        more = handler.onData(Buffer.from(data.buffer, data.byteOffset, data.byteLength));
      }
    } catch (error) {
      this.fail(error);
    }
  }

  // The request's head; gives the body that is to be written after it, unless it is short enough to go along.
  async begin() {
    const { options } = this;
    const url = new URL(options.origin);
    const secure = url.protocol === 'https:';
    const headers = [];
    let length;
    for (const [name, value] of entries(options.headers)) {
      if (name.toLowerCase() === 'content-length') length = Number(value);
      headers.push(name, `${value}`);
    }
    headers.push('connection', 'keep-alive');
    let source = options.body;
    let body;
    if (source && length !== undefined && length <= PART) {
      const parts = [];
      for await (const part of source) parts.push(bytesOf(part));
      body = Buffer.concat(parts);
      source = undefined;
      if (body.length !== length) throw nodeError(Error, 'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH', 'Request body length does not match content-length header');
    }
    if (source && length === undefined) headers.push('transfer-encoding', 'chunked');
    if (this.over) return undefined;
    [this.id, this.body] = native['http.begin']({
      method: options.method, path: options.path, host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port) || (secure ? 443 : 80), secure, headers, body, streaming: Boolean(source), length, keepAlive: true, agent: AGENT,
      tls: secure ? {} : undefined,
    });
    return source;
  }

  async upload(source) {
    for await (const part of source) {
      if (this.over || this.id === undefined) return;
      const bytes = bytesOf(part);
      for (let at = 0; at < bytes.length && this.id !== undefined; at += PART) await native['http.write'](this.id, bytes.subarray(at, at + PART));
    }
    if (this.id !== undefined) native['http.end'](this.id);
  }

  abort(reason) {
    this.fail(reason ?? new DOMException('The operation was aborted.', 'AbortError'));
  }
  fail(error) {
    if (this.over) return;
    this.end();
    this.paused?.();
    this.handler.onError(error);
  }
  end() {
    this.over = true;
    this.free();
  }
  free() {
    for (const id of [this.id, this.body]) if (id !== undefined) native['resource.close'](id);
    this.id = this.body = undefined;
  }
}

function* entries(headers) {
  if (Array.isArray(headers)) for (let at = 0; at + 1 < headers.length; at += 2) yield [`${headers[at]}`, headers[at + 1]];
  else if (headers) yield* typeof headers[Symbol.iterator] === 'function' ? headers : Object.entries(headers);
}

const bytesOf = (part) => (typeof part === 'string' ? Buffer.from(part) : part);
const dispatcher = new Dispatcher();

module.exports = { getGlobalDispatcher: () => dispatcher, setGlobalDispatcher() {} };
