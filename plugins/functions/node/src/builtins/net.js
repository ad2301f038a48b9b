// net: sockets of a client over native ones, for drivers of databases, caches and mail. Servers are not available.
const { Duplex } = require('stream');
const EventEmitter = require('events');
const { make: nodeError, invalidArgType, unavailable } = require('internal/errors');

const { native } = internal;
const forgotten = new FinalizationRegistry((id) => native['resource.close'](id));

// The most bytes that a native op takes.
const PART = 256 * 1024;
// How many operations calls left behind when they ended: nobody takes their answers.
let abandoned = 0;
internal.onForget?.(() => void abandoned++);

const v4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)\.){3}(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)$/;
const isIPv4 = (text) => v4.test(`${text}`);

function isIPv6(input) {
  let text = `${input}`;
  const zone = text.indexOf('%');
  if (zone >= 0) {
    if (!/^[0-9a-zA-Z\-.:]+$/.test(text.slice(zone + 1))) return false;
    text = text.slice(0, zone);
  }
  let most = 8;
  const last = text.slice(text.lastIndexOf(':') + 1);
  if (last.includes('.')) {
    if (!isIPv4(last)) return false;
    text = text.slice(0, text.length - last.length) + '0:0';
  }
  const halves = text.split('::');
  if (halves.length > 2) return false;
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')));
  if (!groups.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return false;
  if (halves.length === 1) return groups.length === most;
  return groups.length < most && halves.length === 2;
}

const isIP = (text) => (isIPv4(text) ? 4 : isIPv6(text) ? 6 : 0);

// `connect(options[, listener])`, `connect(port[, host][, listener])`.
function optionsOf(args) {
  let [first, ...rest] = args;
  const listener = typeof rest.at(-1) === 'function' ? rest.pop() : undefined;
  if (typeof first === 'object' && first !== null) return [{ ...first }, listener];
  if (typeof first === 'string' && !/^\d+$/.test(first)) return [{ path: first }, listener];
  return [{ port: first, host: typeof rest[0] === 'string' ? rest[0] : undefined }, listener];
}

class Socket extends Duplex {
  constructor(options = {}) {
    super({ allowHalfOpen: options.allowHalfOpen ?? false, autoDestroy: true, emitClose: true, decodeStrings: true, signal: options.signal });
    if (options.fd !== undefined || options.handle) throw unavailable('a socket of a file descriptor');
    this.connecting = false;
    this.bytesRead = 0;
    this._sent = 0;
    this.timeout = undefined;
    this._id = undefined;
    this._held = [];
    this._reading = false;
    this._paused = false;
    this._upgrading = false;
    this._wanted = false;
    this._turn = 0;
    this._timer = undefined;
    this.on('end', () => {
      if (!this.allowHalfOpen && !this.writableEnded) this.end();
    });
  }

  connect(...args) {
    const [options, listener] = Array.isArray(args[0]) ? args[0] : optionsOf(args);
    if (options.path) throw unavailable('a Unix socket');
    if (options.port === undefined) throw nodeError(TypeError, 'ERR_MISSING_ARGS', 'The "options" or "port" or "path" argument must be specified');
    const port = Number(options.port);
    if (!(Number.isInteger(port) && port >= 0 && port < 65536)) throw nodeError(RangeError, 'ERR_SOCKET_BAD_PORT', `Port should be >= 0 and < 65536. Received ${typeof options.port} (${options.port}).`);
    if (listener) this.once('connect', listener);
    this.connecting = true;
    this._host = options.host || 'localhost';
    this._port = port;
    const open = (address) => {
      if (this.destroyed) return;
      const id = native['socket.open']();
      this._open(id, { host: this._host, address, port, family: options.family }).then(
        (about) => this._opened(id, about),
        (error) => {
          native['resource.close'](id);
          this.destroy(error);
        },
      );
    };
    if (typeof options.lookup !== 'function' || isIP(this._host)) process.nextTick(open);
    else options.lookup(this._host, { family: options.family, hints: options.hints }, (error, address) => (error ? this.destroy(error) : open(Array.isArray(address) ? address[0].address : address)));
    if (options.timeout) this.setTimeout(options.timeout);
    return this;
  }

  _open(id, options) {
    return native['socket.connect'](id, options);
  }

  _opened(id, about) {
    if (this.destroyed) {
      native['resource.close'](id);
      return;
    }
    this._id = id;
    forgotten.register(this, id, this);
    this.connecting = false;
    Object.assign(this, about);
    this._active();
    this.emit('lookup', null, this.remoteAddress, this.remoteFamily === 'IPv6' ? 6 : 4, this._host);
    this._announce();
    const held = this._held;
    this._held = [];
    for (const ready of held) ready();
    // A reader that was there before the connection waits already.
    if (this._wanted) this._read();
    else this.read(0);
  }
  _announce() {
    this.emit('connect');
    this.emit('ready');
  }

  _when(ready) {
    if (this._id === undefined || this._upgrading) this._held.push(ready);
    else ready();
  }

  _read() {
    this._wanted = true;
    if (this._id === undefined || this._reading || this._upgrading) return;
    this._reading = true;
    this._abandoned = abandoned;
    const turn = ++this._turn;
    native['socket.read'](this._id, this.bytesRead).then(
      (data) => {
        // Another read has taken its place, and gives the same.
        if (turn !== this._turn) return;
        this._reading = false;
        if (this.destroyed || data === false) return;
        this._active();
        if (data === undefined) this.push(null);
        else {
          this.bytesRead += data.length;
          this.push(Buffer.from(data.buffer, data.byteOffset, data.byteLength));
        }
      },
      (error) => {
        if (turn !== this._turn) return;
        this._reading = false;
        // The call of the function ended while it waited: a connection that the function keeps is read on by the next call.
        if (error.code === 'ERR_CALL_ENDED' || (error.code === 'ETIMEDOUT' && error.syscall === undefined)) this._paused = true;
        else if (!this.destroyed) this.destroy(error);
      },
    );
  }

  _write(chunk, encoding, callback) {
    this._when(() => this._send(chunk, callback));
  }
  _writev(chunks, callback) {
    this._when(() => this._send(Buffer.concat(chunks.map(({ chunk }) => chunk)), callback));
  }
  _send(chunk, callback) {
    if (this._id === undefined) return;
    const rest = chunk.length > PART ? chunk.subarray(PART) : undefined;
    if (rest !== undefined) chunk = chunk.subarray(0, PART);
    this._sent += chunk.length;
    // The call that waited for the next bytes may have ended.
    if (this._paused || (this._reading && this._abandoned !== abandoned)) {
      this._paused = this._reading = false;
      this._read();
    }
    const begin = () => native['socket.write'](this._id, chunk);
    const before = this._before;
    this._before = undefined;
    const written = before === undefined ? begin() : before.then(begin);
    const finish = (error) => {
      if (this._unfinished?.finish !== finish) return;
      this._unfinished = undefined;
      this._active();
      if (error || rest === undefined) callback(error);
      else this._send(rest, callback);
    };
    this._unfinished = { written, finish, abandoned };
    written.then(() => finish(), finish);
  }
  // A call that ends leaves its last write to be done, and nobody hears that it is. The next one goes on after it, or after
  // a moment in which it must have been.
  _goOn() {
    const unfinished = this._unfinished;
    if (unfinished === undefined || unfinished.abandoned === abandoned) return;
    this._before = Promise.race([unfinished.written.catch(() => {}), new Promise((resolve) => setTimeout(resolve, 50))]);
    unfinished.finish();
  }
  write(...args) {
    this._goOn();
    return super.write(...args);
  }
  end(...args) {
    this._goOn();
    return super.end(...args);
  }
  _final(callback) {
    if (this._id === undefined && !this.connecting) {
      callback();
      return;
    }
    this._when(() => {
      if (this._id === undefined) callback();
      else native['socket.shutdown'](this._id).then(() => callback(), callback);
    });
  }
  emit(name, ...args) {
    return name === 'close' && args.length === 0 ? super.emit(name, this._failed) : super.emit(name, ...args);
  }
  _destroy(error, callback) {
    clearTimeout(this._timer);
    this._failed = Boolean(error);
    this.connecting = false;
    this._held = [];
    if (this._id !== undefined) {
      forgotten.unregister(this);
      native['resource.close'](this._id);
      this._id = undefined;
    }
    callback(error);
  }
  destroySoon() {
    if (this.writable) this.end();
    if (this.writableFinished) this.destroy();
    else this.once('finish', this.destroy);
  }
  resetAndDestroy() {
    return this.destroy();
  }

  _active() {
    if (this.timeout > 0) this._arm();
  }
  _arm() {
    clearTimeout(this._timer);
    this._timer = setTimeout(() => this.emit('timeout'), this.timeout);
  }
  setTimeout(time, callback) {
    this.timeout = time;
    clearTimeout(this._timer);
    if (callback) time === 0 ? this.removeListener('timeout', callback) : this.once('timeout', callback);
    if (time > 0) this._arm();
    return this;
  }
  setNoDelay() {
    return this;
  }
  setKeepAlive() {
    return this;
  }
  ref() {
    return this;
  }
  unref() {
    return this;
  }
  address() {
    return {};
  }
  get pending() {
    return this._id === undefined;
  }
  get readyState() {
    if (this.connecting) return 'opening';
    if (this.readable && this.writable) return this._id === undefined ? 'closed' : 'open';
    return this.readable ? 'readOnly' : this.writable ? 'writeOnly' : 'closed';
  }
  get bytesWritten() {
    return this._sent + this.writableLength;
  }
  get bufferSize() {
    return this.writableLength;
  }
}

class Server extends EventEmitter {
  constructor(options, listener) {
    super();
    if (typeof options === 'function') listener = options;
    if (listener) this.on('connection', listener);
    this.listening = false;
  }
  listen() {
    throw unavailable('listening on a port');
  }
  close(callback) {
    if (callback) process.nextTick(callback, nodeError(Error, 'ERR_SERVER_NOT_RUNNING', 'Server is not running.'));
    return this;
  }
  address() {
    return null;
  }
  ref() {
    return this;
  }
  unref() {
    return this;
  }
}

const connect = (...args) => {
  const [options, listener] = optionsOf(args);
  return new Socket(options).connect([options, listener]);
};

let attempts = true;
module.exports = {
  Socket: new Proxy(Socket, { apply: (target, self, args) => new target(...args) }),
  Stream: Socket,
  Server,
  createServer: (options, listener) => new Server(options, listener),
  connect,
  createConnection: connect,
  isIP,
  isIPv4,
  isIPv6,
  getDefaultAutoSelectFamily: () => attempts,
  setDefaultAutoSelectFamily: (value) => void (attempts = Boolean(value)),
  getDefaultAutoSelectFamilyAttemptTimeout: () => 250,
  setDefaultAutoSelectFamilyAttemptTimeout() {},
  _optionsOf: optionsOf,
};
Object.defineProperty(module.exports, '_optionsOf', { enumerable: false });
