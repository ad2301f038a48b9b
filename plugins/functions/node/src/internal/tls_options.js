// Node.js's TLS options as the native ones.
const { make: nodeError } = require('internal/errors');

const list = (value) => (Array.isArray(value) ? value : [value]).map((one) => (typeof one === 'string' ? one : one?.pem ?? one));

function privateKey(key, passphrase) {
  if (Array.isArray(key)) key = key[0];
  if (key?.type === 'private') return key.export({ type: 'pkcs8', format: 'pem' });
  if (key?.pem !== undefined) [key, passphrase] = [key.pem, key.passphrase ?? passphrase];
  const text = String(key);
  if (passphrase !== undefined && /ENCRYPTED/.test(text)) return require('crypto').createPrivateKey({ key, passphrase }).export({ type: 'pkcs8', format: 'pem' });
  return key;
}

function authority(store) {
  if (store?.pfx) {
    const pfx = Array.isArray(store.pfx) ? store.pfx[0] : store.pfx;
    return require('internal/pfx')(pfx?.buf ?? pfx, pfx?.passphrase ?? store.passphrase);
  }
  return {};
}

module.exports = (options) => {
  const given = options.secureContext?.context ? { ...options.secureContext.context, ...options } : options;
  const native = { ...authority(given) };
  if (given.ca) native.ca = list(given.ca);
  if (given.cert) native.cert = list(given.cert);
  if (given.key) native.key = privateKey(given.key, given.passphrase);
  if (native.cert && !native.key) throw nodeError(Error, 'ERR_MISSING_OPTION', 'The TLS option cert needs the option key');
  if (typeof given.servername === 'string') native.servername = given.servername;
  if (given.rejectUnauthorized === false || (given.rejectUnauthorized === undefined && globalThis.process?.env?.NODE_TLS_REJECT_UNAUTHORIZED === '0')) native.rejectUnauthorized = false;
  if (Array.isArray(given.ALPNProtocols)) native.ALPNProtocols = given.ALPNProtocols.map(String);
  return native;
};
