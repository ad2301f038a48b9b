// What a request or a response shows as its socket. The connection itself is native, and is shared with later requests.
const { Duplex } = require('stream');

class HttpSocket extends Duplex {
  constructor(request, secure) {
    super({ autoDestroy: false, emitClose: false });
    this._request = request;
    this.connecting = true;
    this.encrypted = secure ? true : undefined;
    this.authorized = false;
    this.authorizationError = null;
    this.bytesRead = 0;
    this.bytesWritten = 0;
    this.timeout = 0;
    this.servername = secure ? request.host : undefined;
    this._httpMessage = request;
    this._timer = undefined;
  }

  _connected(about) {
    if (!this.connecting || this.destroyed) return;
    this.connecting = false;
    if (about !== undefined) Object.assign(this, about);
    this.alpnProtocol = about?.alpn ?? false;
    this._emit('lookup', null, this.remoteAddress, this.remoteFamily === 'IPv6' ? 6 : 4, this._request.host);
    this._emit('connect');
    this._emit('ready');
    if (this.encrypted) this._emit('secureConnect');
  }

  // Whoever listens may throw; the request goes on as in Node.js.
  _emit(name, ...args) {
    if (this.listenerCount(name) > 0) this.emit(name, ...args);
  }

  get readyState() {
    if (this.connecting) return 'opening';
    return this.destroyed ? 'closed' : 'open';
  }
  get pending() {
    return this.connecting;
  }
  _read() {}
  _write(chunk, encoding, callback) {
    callback();
  }
  _destroy(error, callback) {
    clearTimeout(this._timer);
    this._request?._socketDestroyed(error);
    callback(null);
    process.nextTick(() => this.emit('close', Boolean(error)));
  }

  // Any sign of life puts the time limit off.
  _active() {
    if (this.timeout > 0) this._arm();
  }
  _arm() {
    clearTimeout(this._timer);
    this._timer = setTimeout(() => this.emit('timeout'), this.timeout);
  }
  _done() {
    clearTimeout(this._timer);
    this.timeout = 0;
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
  destroySoon() {
    this.destroy();
  }
  getPeerCertificate() {
    if (!this.certificate) return {};
    const raw = Buffer.from(this.certificate);
    try {
      return new (require('crypto').X509Certificate)(raw).toLegacyObject();
    } catch {
      return { raw };
    }
  }
  getPeerX509Certificate() {
    return this.certificate && new (require('crypto').X509Certificate)(this.certificate);
  }
  getCipher() {
    return { name: this.cipher, standardName: this.cipher, version: this.protocol };
  }
  getProtocol() {
    return this.protocol ?? null;
  }
  getSession() {
    return undefined;
  }
  isSessionReused() {
    return false;
  }
}

module.exports = HttpSocket;
