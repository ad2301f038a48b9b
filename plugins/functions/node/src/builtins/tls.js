// tls: a client's sockets, from the start or on a connection that is there (STARTTLS). Servers are not available.
const net = require('net');
const tlsOptions = require('internal/tls_options');
const { unavailable } = require('internal/errors');

const { native } = internal;
const Plain = net.Stream;

class TLSSocket extends Plain {
  constructor(socket, options = {}) {
    super(options);
    this.encrypted = true;
    this.authorized = false;
    this.authorizationError = null;
    this.alpnProtocol = false;
    this._tls = options;
    if (socket) this._take(socket, options);
  }

  _open(id, options) {
    this.servername = this._tls.servername ?? options.host;
    return native['socket.connect'](id, { ...options, secure: true, tls: tlsOptions(this._tls) });
  }

  // Goes on with the connection of another socket, which is of no use afterwards.
  _take(socket, options) {
    if (!(socket instanceof Plain) || socket instanceof TLSSocket) throw unavailable('TLS over a stream that is no socket');
    this.connecting = true;
    this._host = options.servername || options.host || socket._host;
    this.servername = this._host;
    socket._when(() => {
      const id = socket._id;
      socket._upgrading = true;
      socket._id = undefined;
      socket.on('error', () => {});
      native['socket.secure'](id, this._host, tlsOptions(options)).then(
        (about) => this._opened(id, about),
        (error) => {
          native['resource.close'](id);
          this.destroy(error);
        },
      );
      this.once('close', () => socket.destroy());
    });
  }

  _opened(id, about) {
    super._opened(id, about);
    this.alpnProtocol = about?.alpn ?? false;
  }
  _announce() {
    super._announce();
    this.emit('secure');
    this.emit('secureConnect');
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
  setServername(name) {
    this._tls = { ...this._tls, servername: name };
  }
}

function connect(...args) {
  let [options, listener] = net._optionsOf(args);
  // `connect(port, host, options, listener)`, and with the options after the port.
  const more = args.slice(1).find((arg) => typeof arg === 'object' && arg !== null);
  if (typeof args[0] !== 'object' && more) options = { ...more, ...options, host: options.host ?? more.host };
  const socket = new TLSSocket(options.socket, options);
  if (listener) socket.once('secureConnect', listener);
  if (!options.socket) socket.connect([options, undefined]);
  return socket;
}

class SecureContext {
  constructor(options) {
    Object.defineProperty(this, 'context', { value: options, enumerable: false });
  }
}

module.exports = {
  TLSSocket,
  connect,
  createSecureContext: (options = {}) => new SecureContext(options),
  SecureContext,
  createServer: () => {
    throw unavailable('a TLS server');
  },
  Server: class Server {
    constructor() {
      throw unavailable('a TLS server');
    }
  },
  checkServerIdentity: () => undefined,
  getCiphers: () => ['tls_aes_256_gcm_sha384', 'tls_aes_128_gcm_sha256', 'tls_chacha20_poly1305_sha256', 'ecdhe-ecdsa-aes256-gcm-sha384', 'ecdhe-rsa-aes256-gcm-sha384', 'ecdhe-ecdsa-aes128-gcm-sha256', 'ecdhe-rsa-aes128-gcm-sha256', 'ecdhe-ecdsa-chacha20-poly1305', 'ecdhe-rsa-chacha20-poly1305'],
  rootCertificates: Object.freeze([]),
  DEFAULT_MIN_VERSION: 'TLSv1.2',
  DEFAULT_MAX_VERSION: 'TLSv1.3',
  DEFAULT_ECDH_CURVE: 'auto',
  DEFAULT_CIPHERS: 'TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256',
};
