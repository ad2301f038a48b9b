// The algorithms of SubtleCrypto: what each does with keys and data.
const { exception } = require('internal/crypto/random');
const { failure } = require('internal/crypto/validate');

const { native } = internal;

// The names of digests: the web's, the native side's, and those in the names of JSON Web Algorithms.
const HASHES = { 'SHA-1': ['sha1', '1', 512], 'SHA-256': ['sha256', '256', 512], 'SHA-384': ['sha384', '384', 1024], 'SHA-512': ['sha512', '512', 1024] };

const digestName = (hash) => HASHES[hash][0];
const notSupported = (text) => exception(text, 'NotSupportedError', 9);
const dataError = (text) => exception(text, 'DataError', 0);
const operationError = (text) => exception(text, 'OperationError', 0);
const random = (length) => native['crypto.random'](length);
const fromBase64url = (text) => new Uint8Array(require('buffer').Buffer.from(text.replace(/-/g, '+').replace(/_/g, '/'), 'base64'));

function needHash(algorithm) {
  if (algorithm.hash === undefined) throw failure(TypeError, 'ERR_MISSING_OPTION', 'algorithm.hash is required');
  return algorithm.hash;
}

function secretOf(format, data, kty = 'oct') {
  if (format === 'raw') return data;
  if (format === 'jwk') {
    if (data.kty !== kty || typeof data.k !== 'string') throw dataError('Invalid keyData');
    return fromBase64url(data.k);
  }
  throw notSupported(`Unable to import a secret key with format ${format}`);
}

const secret = (bytes) => ({ kind: 'secret', bytes });

const algorithms = { __proto__: null };

for (const name of Object.keys(HASHES)) {
  algorithms[name] = { digest: (data) => native['crypto.hash'](digestName(name), data) };
}

algorithms.HMAC = {
  usages: { secret: ['sign', 'verify'] },
  keyLength: ({ hash, length }) => length ?? HASHES[hash][2],
  generateKey(algorithm) {
    const hash = needHash(algorithm);
    const length = this.keyLength(algorithm);
    if (!Number.isInteger(length) || length <= 0 || length > 8 << 20) throw operationError('Invalid key length');
    return { held: secret(random(Math.ceil(length / 8))), algorithm: { name: 'HMAC', hash: { name: hash }, length } };
  },
  importKey(format, data, algorithm) {
    const hash = needHash(algorithm);
    const bytes = secretOf(format, data);
    if (bytes.length === 0) throw dataError('Zero-length key is not supported');
    const length = algorithm.length ?? bytes.length * 8;
    if (length > bytes.length * 8 || length <= bytes.length * 8 - 8) throw dataError('Invalid key length');
    return { held: secret(bytes), algorithm: { name: 'HMAC', hash: { name: hash }, length } };
  },
  sign: (held, _, data, key) => native['crypto.hmac'](digestName(key.algorithm.hash.name), held.bytes, data),
  verify(held, algorithm, signature, data, key) {
    const wanted = this.sign(held, algorithm, data, key);
    return wanted.length === signature.length && native['crypto.equal'](wanted, signature);
  },
  jwkName: (key) => `HS${HASHES[key.algorithm.hash.name][1]}`,
};

function cipher(name, encrypts, key, iv, data, { tagLength, aad } = {}) {
  const id = native['crypto.cipher.begin'](name, encrypts, key, iv, tagLength);
  try {
    if (aad !== undefined) native['crypto.cipher.aad'](id, aad);
    let body = data;
    if (!encrypts && tagLength !== undefined) {
      if (data.length < tagLength) throw operationError('The provided data is too small.');
      native['crypto.cipher.tag'](id, data.subarray(data.length - tagLength));
      body = data.subarray(0, data.length - tagLength);
    }
    const first = native['crypto.cipher.update'](id, body);
    const [rest, tag] = native['crypto.cipher.final'](id);
    const parts = [first, rest, ...(tag === undefined ? [] : [tag])];
    const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      out.set(part, at);
      at += part.length;
    }
    return out;
  } finally {
    native['resource.close'](id);
  }
}

function aes(name, mode, usages, rest) {
  const check = (length) => {
    if (![128, 192, 256].includes(length)) throw operationError('Invalid key length');
    return length;
  };
  algorithms[name] = {
    usages: { secret: usages },
    keyLength: ({ length }) => check(length),
    generateKey: ({ length }) => ({ held: secret(random(check(length) / 8)), algorithm: { name, length } }),
    importKey(format, data) {
      const bytes = secretOf(format, data);
      if (![16, 24, 32].includes(bytes.length)) throw dataError('Invalid key length');
      return { held: secret(bytes), algorithm: { name, length: bytes.length * 8 } };
    },
    jwkName: (key) => `A${key.algorithm.length}${mode}`,
    ...rest,
  };
}

const AES_USAGES = ['encrypt', 'decrypt', 'wrapKey', 'unwrapKey'];
const bits = (held) => held.bytes.length * 8;

function cbc(encrypts) {
  return (held, { iv }, data) => {
    if (iv?.length !== 16) throw operationError('algorithm.iv must contain exactly 16 bytes');
    return cipher(`aes-${bits(held)}-cbc`, encrypts, held.bytes, iv, data);
  };
}
aes('AES-CBC', 'CBC', AES_USAGES, { encrypt: cbc(true), decrypt: cbc(false) });

const TAGS = [32, 64, 96, 104, 112, 120, 128];

function gcm(encrypts) {
  return (held, { iv, additionalData, tagLength = 128 }, data) => {
    if (!TAGS.includes(tagLength)) throw operationError(`${tagLength} is not a valid AES-GCM tag length`);
    if (iv === undefined) throw failure(TypeError, 'ERR_MISSING_OPTION', 'algorithm.iv is required');
    return cipher(`aes-${bits(held)}-gcm`, encrypts, held.bytes, iv, data, { tagLength: tagLength / 8, aad: additionalData });
  };
}
aes('AES-GCM', 'GCM', AES_USAGES, { encrypt: gcm(true), decrypt: gcm(false) });

// The counter is the last `length` bits of the block, and starts over from 0 there and nowhere else.
function ctr(held, { counter, length }, data) {
  if (counter?.length !== 16) throw operationError('algorithm.counter must contain exactly 16 bytes');
  if (!Number.isInteger(length) || length < 1 || length > 128) throw operationError('AES-CTR algorithm.length must be between 1 and 128');
  const name = `aes-${bits(held)}-ctr`;
  const blocks = Math.ceil(data.length / 16);
  let value = 0n;
  for (const byte of counter) value = (value << 8n) | BigInt(byte);
  const size = 1n << BigInt(length);
  const start = value & (size - 1n);
  if (BigInt(blocks) > size) throw operationError('The data is longer than the counter allows');
  const before = size - start;
  if (BigInt(blocks) <= before) return cipher(name, true, held.bytes, counter, data);
  const at = Number(before) * 16;
  const second = new Uint8Array(16);
  let rest = value - start;
  for (let index = 15; index >= 0; index--) {
    second[index] = Number(rest & 255n);
    rest >>= 8n;
  }
  const out = new Uint8Array(data.length);
  out.set(cipher(name, true, held.bytes, counter, data.subarray(0, at)));
  out.set(cipher(name, true, held.bytes, second, data.subarray(at)), at);
  return out;
}
aes('AES-CTR', 'CTR', AES_USAGES, { encrypt: ctr, decrypt: ctr });

const KW_IV = new Uint8Array(8).fill(0xa6);
const kw = (encrypts) => (held, _, data) => cipher(`id-aes${bits(held)}-wrap`, encrypts, held.bytes, KW_IV, data);
aes('AES-KW', 'KW', ['wrapKey', 'unwrapKey'], { wrapKey: kw(true), unwrapKey: kw(false) });

function asymmetric(format, data, type, name) {
  let held;
  if (format === 'spki') held = native['crypto.key.read'](data, 'any', 'der', 'spki');
  else if (format === 'pkcs8') held = native['crypto.key.read'](data, 'private', 'der', 'pkcs8');
  else if (format === 'jwk') held = native['crypto.key.read_jwk'](data, 'any');
  else throw notSupported(`Unable to import ${name} using ${format} format`);
  if (held.type !== type) throw dataError('Invalid key type');
  return held;
}

function bigEndian(bytes) {
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  return value;
}

const rsaSaltLength = (algorithm) => {
  if (!Number.isInteger(algorithm.saltLength) || algorithm.saltLength < 0) throw operationError('Invalid saltLength');
  return { padding: 6, saltLength: algorithm.saltLength };
};

function rsa(name, usages, rest) {
  const describe = (held, hash) => {
    const details = native['crypto.key.details'](held.kind, held.der);
    let hex = BigInt(details.publicExponent).toString(16);
    if (hex.length % 2) hex = `0${hex}`;
    const publicExponent = new Uint8Array(require('buffer').Buffer.from(hex, 'hex'));
    return { name, modulusLength: details.modulusLength, publicExponent, hash: { name: hash } };
  };
  algorithms[name] = {
    usages,
    async generateKey(algorithm) {
      const hash = needHash(algorithm);
      if (algorithm.publicExponent === undefined || algorithm.modulusLength === undefined) {
        throw failure(TypeError, 'ERR_MISSING_OPTION', 'algorithm.modulusLength and algorithm.publicExponent are required');
      }
      const exponent = bigEndian(algorithm.publicExponent);
      if (exponent >= 2n ** 32n) throw operationError('The publicExponent must be equivalent to an unsigned 32-bit value');
      const pair = await native['crypto.generate.later']('rsa', { modulusLength: algorithm.modulusLength >>> 0, publicExponent: Number(exponent) });
      return { pair, algorithm: describe(pair[1], hash) };
    },
    importKey(format, data, algorithm) {
      const hash = needHash(algorithm);
      const held = asymmetric(format, data, 'rsa', name);
      return { held, algorithm: describe(held, hash) };
    },
    ...rest,
  };
}

const signature = (options) => ({
  sign: (held, algorithm, data, key) =>
    native['crypto.sign.later'](held.kind, held.der, digestName(key.algorithm.hash?.name ?? needHash(algorithm)), data, options(algorithm)),
  verify: (held, algorithm, given, data, key) =>
    native['crypto.verify.later'](held.kind, held.der, digestName(key.algorithm.hash?.name ?? needHash(algorithm)), data, options(algorithm), given),
});

const SIGN_USAGES = { private: ['sign'], public: ['verify'] };

rsa('RSASSA-PKCS1-v1_5', SIGN_USAGES, { ...signature(() => ({ padding: 1 })), jwkName: (key) => `RS${HASHES[key.algorithm.hash.name][1]}` });
rsa('RSA-PSS', SIGN_USAGES, { ...signature(rsaSaltLength), jwkName: (key) => `PS${HASHES[key.algorithm.hash.name][1]}` });

function oaep(op) {
  return (held, { label }, data, key) => native[op](held.kind, held.der, data, 4, digestName(key.algorithm.hash.name), label);
}
rsa('RSA-OAEP', { private: ['decrypt', 'unwrapKey'], public: ['encrypt', 'wrapKey'] }, {
  encrypt: oaep('crypto.rsa.public_encrypt'),
  decrypt: oaep('crypto.rsa.private_decrypt'),
  jwkName: (key) => (key.algorithm.hash.name === 'SHA-1' ? 'RSA-OAEP' : `RSA-OAEP-${HASHES[key.algorithm.hash.name][1]}`),
});

const CURVES = { 'P-256': 'prime256v1', 'P-384': 'secp384r1', 'P-521': 'secp521r1' };

function ec(name, usages, rest) {
  algorithms[name] = {
    usages,
    raw: true,
    generateKey({ namedCurve }) {
      if (!(namedCurve in CURVES)) throw notSupported('Unrecognized namedCurve');
      return { pair: native['crypto.generate']('ec', { namedCurve }), algorithm: { name, namedCurve } };
    },
    importKey(format, data, { namedCurve }) {
      if (!(namedCurve in CURVES)) throw notSupported('Unrecognized namedCurve');
      if (format === 'jwk' && data.crv !== namedCurve) throw dataError('JWK "crv" does not match the requested algorithm');
      const held = format === 'raw' ? native['crypto.ec.import'](namedCurve, data) : asymmetric(format, data, 'ec', name);
      if (native['crypto.key.details'](held.kind, held.der).namedCurve !== CURVES[namedCurve]) throw dataError('Named curve mismatch');
      return { held, algorithm: { name, namedCurve } };
    },
    ...rest,
  };
}

ec('ECDSA', SIGN_USAGES, signature((algorithm) => needHash(algorithm) && { plain: true }));

async function agree(held, algorithm, length, key) {
  const other = algorithm.public;
  const { heldBy, isCryptoKey } = require('internal/crypto/keys');
  if (!isCryptoKey(other)) throw failure(TypeError, 'ERR_INVALID_ARG_TYPE', 'algorithm.public must be a CryptoKey');
  if (other.type !== 'public') throw exception('algorithm.public must be a public key', 'InvalidAccessError', 15);
  if (other.algorithm.name !== key.algorithm.name || other.algorithm.namedCurve !== key.algorithm.namedCurve) {
    throw exception('algorithm.public must be of the same algorithm and curve', 'InvalidAccessError', 15);
  }
  const bytes = native['crypto.derive'](held.der, heldBy(other).der);
  if (length === null) return bytes;
  if (length > bytes.length * 8) throw operationError('derived bit length is too small');
  const out = bytes.slice(0, Math.ceil(length / 8));
  if (length % 8) out[out.length - 1] &= 0xff << (8 - (length % 8));
  return out;
}

const DERIVE_USAGES = { private: ['deriveKey', 'deriveBits'], public: [] };
ec('ECDH', DERIVE_USAGES, { deriveBits: agree });

function okp(name, usages, rest) {
  const type = name.toLowerCase();
  algorithms[name] = {
    usages,
    raw: true,
    generateKey: () => ({ pair: native['crypto.generate'](type, {}), algorithm: { name } }),
    importKey(format, data) {
      if (format === 'jwk' && data.crv !== name) throw dataError('JWK "crv" does not match the requested algorithm');
      const held = format === 'raw' ? native['crypto.key.raw']('public', type, data) : asymmetric(format, data, type, name);
      return { held, algorithm: { name } };
    },
    ...rest,
  };
}
okp('Ed25519', SIGN_USAGES, {
  sign: (held, _, data) => native['crypto.sign'](held.kind, held.der, undefined, data, {}),
  verify: (held, _, given, data) => native['crypto.verify'](held.kind, held.der, undefined, data, {}, given),
  jwkName: () => 'Ed25519',
});
okp('X25519', DERIVE_USAGES, { deriveBits: agree });

function derivation(name, deriveBits) {
  algorithms[name] = {
    usages: { secret: ['deriveKey', 'deriveBits'] },
    neverExtractable: true,
    importKey(format, data) {
      if (format !== 'raw') throw notSupported(`Unable to import ${name} using ${format} format`);
      return { held: secret(data), algorithm: { name } };
    },
    deriveBits,
  };
}

function bytesFor(length) {
  if (length === null || length % 8) throw operationError('length must be a multiple of 8');
  return length / 8;
}

derivation('HKDF', (held, algorithm, length) => {
  const { salt, info } = algorithm;
  if (salt === undefined || info === undefined) throw failure(TypeError, 'ERR_MISSING_OPTION', 'algorithm.salt and algorithm.info are required');
  return native['crypto.hkdf'](digestName(needHash(algorithm)), held.bytes, salt, info, bytesFor(length));
});
derivation('PBKDF2', (held, algorithm, length) => {
  const { salt, iterations } = algorithm;
  if (salt === undefined) throw failure(TypeError, 'ERR_MISSING_OPTION', 'algorithm.salt is required');
  if (!Number.isInteger(iterations) || iterations < 1) throw operationError('iterations cannot be zero');
  return native['crypto.pbkdf2.later'](held.bytes, salt, iterations, bytesFor(length), digestName(needHash(algorithm)));
});

module.exports = { algorithms };
