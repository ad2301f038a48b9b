// KeyObject. Secret keys hold their bytes, others DER: PKCS#8 or SubjectPublicKeyInfo.
const { base64url, isBuffer, isText, toBuffer, toBytes, view } = require('internal/crypto/bytes');
const { failure, invalidType, invalidValue, object, oneOf } = require('internal/crypto/validate');

const { native } = internal;

// What a key consists of: {kind, type, der} or {kind: 'secret', bytes}. Only this file reaches it.
const parts = new WeakMap();
// The part of a CryptoKey is its KeyObject's.
const kMake = Symbol('kMake');

class KeyObject {
  constructor(make, held) {
    if (make !== kMake) {
      if (!['secret', 'public', 'private'].includes(make)) throw invalidValue('type', make);
      throw invalidType('handle', 'of type object', held);
    }
    parts.set(this, held);
  }
  get type() {
    return partsOf(this).kind;
  }
  static from(key) {
    if (!isCryptoKey(key)) throw invalidType('key', 'an instance of CryptoKey', key);
    return keyObject(parts.get(key));
  }
  equals(other) {
    if (!(other instanceof KeyObject) || !parts.has(other)) throw invalidType('otherKeyObject', 'an instance of KeyObject', other);
    const [a, b] = [partsOf(this), partsOf(other)];
    if (a.kind !== b.kind || a.type !== b.type) return false;
    return native['crypto.equal'](a.bytes ?? a.der, b.bytes ?? b.der);
  }
  get [Symbol.toStringTag]() {
    return 'KeyObject';
  }
}

function partsOf(key) {
  const held = parts.get(key);
  if (held === undefined) throw failure(TypeError, 'ERR_INVALID_THIS', 'Value of "this" must be of type KeyObject');
  return held;
}

class SecretKeyObject extends KeyObject {
  get symmetricKeySize() {
    return partsOf(this).bytes.byteLength;
  }
  export(options) {
    const { bytes } = partsOf(this);
    if (options !== undefined) {
      object(options, 'options');
      if (options.format !== undefined) oneOf(options.format, 'options.format', ['buffer', 'jwk']);
      if (options.format === 'jwk') return { kty: 'oct', k: base64url(bytes) };
    }
    return toBuffer(bytes.slice());
  }
}

class AsymmetricKeyObject extends KeyObject {
  get asymmetricKeyType() {
    return partsOf(this).type;
  }
  get asymmetricKeyDetails() {
    const held = partsOf(this);
    if (held.details === undefined) {
      held.details = native['crypto.key.details'](held.kind, held.der);
      if (held.details.publicExponent !== undefined) held.details.publicExponent = BigInt(held.details.publicExponent);
    }
    return { ...held.details };
  }
}

function exported(held, { format, type, cipher, passphrase }) {
  const result = native['crypto.key.export'](held.kind, held.der, format, type, cipher, passphrase);
  return typeof result === 'string' ? result : toBuffer(result);
}

class PublicKeyObject extends AsymmetricKeyObject {
  export(options) {
    const held = partsOf(this);
    if (options?.format === 'jwk') return native['crypto.key.export_jwk'](held.kind, held.der);
    return exported(held, publicEncoding(options, held.type, 'options'));
  }
}

class PrivateKeyObject extends AsymmetricKeyObject {
  export(options) {
    const held = partsOf(this);
    if (options?.format === 'jwk') {
      if (options.passphrase !== undefined || options.cipher !== undefined) {
        throw failure(Error, 'ERR_CRYPTO_INCOMPATIBLE_KEY_OPTIONS', 'The selected key encoding jwk does not support encryption.');
      }
      return native['crypto.key.export_jwk'](held.kind, held.der);
    }
    return exported(held, privateEncoding(options, held.type, 'options'));
  }
}

const classes = { secret: SecretKeyObject, public: PublicKeyObject, private: PrivateKeyObject };

const keyObject = (held) => new classes[held.kind](kMake, held);

function formatOf(options, name) {
  object(options, name);
  if (options.format !== 'pem' && options.format !== 'der') throw invalidValue(`${name}.format`, options.format);
  return options.format;
}

function publicEncoding(options, type, name) {
  const format = formatOf(options, name);
  const encoding = options.type ?? (name === 'options' && type !== 'rsa' ? 'spki' : options.type);
  if (encoding !== 'pkcs1' && encoding !== 'spki') throw invalidValue(`${name}.type`, options.type);
  return { format, type: encoding };
}

function privateEncoding(options, type, name) {
  const format = formatOf(options, name);
  if (!['pkcs1', 'pkcs8', 'sec1'].includes(options.type)) throw invalidValue(`${name}.type`, options.type);
  const { cipher, passphrase } = options;
  if (cipher !== undefined && cipher !== null) {
    if (typeof cipher !== 'string') throw invalidValue(`${name}.cipher`, cipher);
    if (options.type === 'pkcs1' || options.type === 'sec1') {
      if (format === 'der') {
        throw failure(Error, 'ERR_CRYPTO_INCOMPATIBLE_KEY_OPTIONS', `The selected key encoding ${options.type} does not support encryption.`);
      }
    }
    if (typeof passphrase !== 'string' && !ArrayBuffer.isView(passphrase) && !isBuffer(passphrase)) throw invalidValue(`${name}.passphrase`, passphrase);
    return { format, type: options.type, cipher, passphrase: toBytes(passphrase, 'passphrase', options.encoding) };
  }
  if (passphrase !== undefined) throw invalidValue(`${name}.cipher`, cipher);
  return { format, type: options.type };
}

// The last keys that came as PEM: many functions pass the same text with every call.
const recent = new Map();

function read(data, wanted, format, type, passphrase) {
  const key = typeof data === 'string' && passphrase === undefined && format === 'pem' && data.length < 20000 ? wanted + data : undefined;
  if (key !== undefined) {
    const known = recent.get(key);
    if (known !== undefined) return known;
  }
  const held = native['crypto.key.read'](data, wanted, format, type, passphrase);
  if (key !== undefined) {
    if (recent.size >= 16) recent.delete(recent.keys().next().value);
    recent.set(key, held);
  }
  return held;
}

const isCryptoKey = (key) => parts.has(key) && !(key instanceof KeyObject);

function wrongKind(kind, expected) {
  return failure(TypeError, 'ERR_CRYPTO_INVALID_KEY_OBJECT_TYPE', `Invalid key object type ${kind}, expected ${expected}.`);
}

const EXPECTED = { private: 'private', any: 'private or public', public: 'private' };
const KEYS = 'of type string or an instance of ArrayBuffer, Buffer, TypedArray, or DataView';

// The key that a function gave, in any of the forms that Node.js takes. `wanted` is `private`; `any`, a private or
// a public one; or `public`, which takes both and makes the private one public.
function prepare(key, wanted, name = 'key') {
  const held = parts.get(key);
  if (held !== undefined) return accepted(held, wanted);
  if (typeof key === 'string' || ArrayBuffer.isView(key) || isBuffer(key)) {
    return read(typeof key === 'string' ? key : view(key), wanted, 'pem');
  }
  if (typeof key !== 'object' || key === null) throw invalidType(name, KEYS, key);
  const { key: data, format = 'pem', type, passphrase, encoding } = key;
  const inner = parts.get(data);
  if (inner !== undefined) return accepted(inner, wanted);
  if (format === 'jwk') {
    object(data, `${name}.key`);
    return readJwk(data, wanted);
  }
  if (typeof data !== 'string' && !ArrayBuffer.isView(data) && !isBuffer(data)) throw invalidType(`${name}.key`, KEYS, data);
  if (format !== 'pem' && format !== 'der') throw invalidValue('options.format', format);
  if (format === 'der') {
    const types = wanted === 'private' ? ['pkcs1', 'pkcs8', 'sec1'] : ['pkcs1', 'pkcs8', 'sec1', 'spki'];
    if (!types.includes(type)) throw invalidValue('options.type', type);
  }
  if (passphrase !== undefined && passphrase !== null && typeof passphrase !== 'string' && !ArrayBuffer.isView(passphrase) && !isBuffer(passphrase)) {
    throw invalidValue('options.passphrase', passphrase);
  }
  const secret = passphrase === undefined || passphrase === null ? undefined : toBytes(passphrase, 'passphrase', encoding);
  const given = typeof data === 'string' ? (format === 'der' || !isText(encoding) ? toBytes(data, name, encoding) : data) : view(data);
  return read(given, wanted, format, type, secret);
}

function accepted(held, wanted) {
  if (held.kind === 'secret' || (wanted === 'private' && held.kind !== 'private')) throw wrongKind(held.kind, EXPECTED[wanted]);
  return held;
}

function readJwk(jwk, wanted) {
  oneOf(jwk.kty, 'key.kty', ['RSA', 'EC', 'OKP']);
  const held = native['crypto.key.read_jwk']({ ...jwk }, wanted === 'public' ? 'public' : 'any');
  if (wanted === 'private' && held.kind !== 'private') throw invalidType('key.d', 'of type string', jwk.d);
  return held;
}

function createPrivateKey(key) {
  const held = parts.get(key);
  if (held !== undefined) throw invalidType('key', KEYS, key);
  if (typeof key === 'object' && key !== null && parts.has(key.key)) throw invalidType('key.key', KEYS, key.key);
  return keyObject(prepare(key, 'private'));
}

function createPublicKey(key) {
  const given = parts.get(key) ?? parts.get(key?.key);
  if (given !== undefined) {
    if (given.kind !== 'private') throw wrongKind(given.kind, 'private');
    return keyObject(native['crypto.key.public'](given.der));
  }
  return keyObject(prepare(key, 'public'));
}

function createSecretKey(key, encoding) {
  if (typeof key !== 'string' && !ArrayBuffer.isView(key) && !isBuffer(key)) {
    throw invalidType('key', 'an instance of ArrayBuffer, Buffer, TypedArray, or DataView', key);
  }
  return keyObject({ kind: 'secret', bytes: toBytes(key, 'key', encoding).slice() });
}

const secretKey = (bytes) => keyObject({ kind: 'secret', bytes });

// The bytes of a secret KeyObject or CryptoKey; `undefined` for what is none of these.
function secretBytes(key) {
  const held = parts.get(key);
  if (held === undefined) return undefined;
  if (held.kind !== 'secret') throw wrongKind(held.kind, 'secret');
  return held.bytes;
}

const isKeyObject = (value) => value instanceof KeyObject && parts.has(value);

// For CryptoKey: the same parts behind another object.
const share = (other, held) => parts.set(other, held);
const heldBy = (key) => parts.get(key);

module.exports = {
  KeyObject, keyObject, createPrivateKey, createPublicKey, createSecretKey, secretKey, secretBytes, prepare, publicEncoding,
  privateEncoding, exported, isKeyObject, isCryptoKey, share, heldBy,
};
