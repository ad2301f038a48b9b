// Secrets that two sides agree on.
const { encode, isBuffer, toBuffer, toBytes } = require('internal/crypto/bytes');
const { failure, invalidType, invalidValue, object, string } = require('internal/crypto/validate');

const { native } = internal;

const FORMATS = { compressed: 'compressed', hybrid: 'hybrid', uncompressed: 'uncompressed' };

function formOf(format) {
  if (!format) return 'uncompressed';
  const form = FORMATS[format];
  if (form === undefined) throw failure(TypeError, 'ERR_CRYPTO_ECDH_INVALID_FORMAT', `Invalid ECDH format: ${format}`);
  return form;
}

const operationFailed = (text) => failure(Error, 'ERR_CRYPTO_OPERATION_FAILED', text);

class ECDH {
  #curve;
  #private;
  #public;
  constructor(curve) {
    string(curve, 'curve');
    // Throws when there is no such curve.
    native['crypto.ecdh.public'](curve, new Uint8Array([1]));
    this.#curve = curve;
  }
  static convertKey(key, curve, inputEncoding, outputEncoding, format) {
    string(curve, 'curve');
    const bytes = toBytes(key, 'key', inputEncoding);
    return encode(native['crypto.ecdh.convert'](curve, bytes, formOf(format)), outputEncoding);
  }
  generateKeys(encoding, format) {
    const form = formOf(format);
    [this.#private, this.#public] = native['crypto.ecdh.generate'](this.#curve);
    return this.getPublicKey(encoding, form);
  }
  computeSecret(key, inputEncoding, outputEncoding) {
    const bytes = toBytes(key, 'otherPublicKey', inputEncoding);
    if (this.#private === undefined) throw failure(RangeError, 'ERR_CRYPTO_INVALID_KEYPAIR', 'Invalid key pair');
    return encode(native['crypto.ecdh.compute'](this.#curve, this.#private, bytes), outputEncoding);
  }
  getPublicKey(encoding, format) {
    const form = formOf(format);
    if (this.#public === undefined) throw operationFailed('Failed to get ECDH public key');
    return encode(native['crypto.ecdh.convert'](this.#curve, this.#public, form), encoding);
  }
  getPrivateKey(encoding) {
    if (this.#private === undefined) throw operationFailed('Failed to get ECDH private key');
    return encode(this.#private.slice(), encoding);
  }
  setPrivateKey(key, encoding) {
    const bytes = toBytes(key, 'key', encoding).slice();
    const pub = native['crypto.ecdh.public'](this.#curve, bytes);
    let zeros = 0;
    while (bytes[zeros] === 0) zeros++;
    this.#private = bytes.slice(zeros);
    this.#public = pub;
    return this;
  }
  setPublicKey(key, encoding) {
    this.#public = native['crypto.ecdh.convert'](this.#curve, toBytes(key, 'key', encoding), 'uncompressed');
    return this;
  }
}

const tooSmall = () => Object.assign(failure(Error, 'ERR_OSSL_DH_MODULUS_TOO_SMALL', 'error:0280007E:Diffie-Hellman routines::modulus too small'), { library: 'Diffie-Hellman routines', reason: 'modulus too small' });

class Base {
  #prime;
  #generator;
  #private;
  #public;
  #error;
  constructor(prime, generator) {
    this.#prime = prime;
    this.#generator = generator;
  }
  get verifyError() {
    this.#error ??= native['crypto.dh.check'](this.#prime, this.#generator);
    return this.#error;
  }
  generateKeys(encoding) {
    if (this.#private === undefined) [this.#private, this.#public] = native['crypto.dh.generate'](this.#prime, this.#generator);
    else this.#public = native['crypto.dh.public'](this.#prime, this.#generator, this.#private);
    return encode(this.#public.slice(), encoding);
  }
  computeSecret(key, inputEncoding, outputEncoding) {
    const bytes = toBytes(key, 'otherPublicKey', inputEncoding);
    if (this.#private === undefined) throw failure(Error, 'ERR_CRYPTO_INVALID_STATE', 'No private key - did you forget to generate one?');
    return encode(native['crypto.dh.compute'](this.#prime, this.#private, bytes), outputEncoding);
  }
  getPrime(encoding) {
    return encode(this.#prime.slice(), encoding);
  }
  getGenerator(encoding) {
    return encode(this.#generator.slice(), encoding);
  }
  getPublicKey(encoding) {
    if (this.#public === undefined) throw failure(Error, 'ERR_CRYPTO_INVALID_STATE', 'No public key - did you forget to generate one?');
    return encode(this.#public.slice(), encoding);
  }
  getPrivateKey(encoding) {
    if (this.#private === undefined) throw failure(Error, 'ERR_CRYPTO_INVALID_STATE', 'No private key - did you forget to generate one?');
    return encode(this.#private.slice(), encoding);
  }
  setPublicKey(key, encoding) {
    this.#public = toBytes(key, 'key', encoding).slice();
    return this;
  }
  setPrivateKey(key, encoding) {
    this.#private = toBytes(key, 'key', encoding).slice();
    return this;
  }
}

function withoutZeros(bytes) {
  let zeros = 0;
  while (zeros < bytes.length - 1 && bytes[zeros] === 0) zeros++;
  return bytes.slice(zeros);
}

function numberBytes(number) {
  const bytes = [];
  for (let rest = number; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return new Uint8Array(bytes.length ? bytes : [0]);
}

class DiffieHellman extends Base {
  constructor(sizeOrKey, keyEncoding, generator, genEncoding) {
    if (typeof sizeOrKey !== 'number' && typeof sizeOrKey !== 'string' && !ArrayBuffer.isView(sizeOrKey) && !isBuffer(sizeOrKey)) {
      throw invalidType('sizeOrKey', 'of type number or string or an instance of ArrayBuffer, Buffer, TypedArray, or DataView', sizeOrKey);
    }
    if (keyEncoding && typeof keyEncoding !== 'string') {
      genEncoding = generator;
      generator = keyEncoding;
      keyEncoding = undefined;
    }
    let g;
    if (!generator) g = new Uint8Array([2]);
    else if (typeof generator === 'number') g = numberBytes(generator);
    else g = withoutZeros(toBytes(generator, 'generator', genEncoding));
    if (g.length === 1 && g[0] < 2) {
      throw Object.assign(failure(Error, 'ERR_OSSL_DH_BAD_GENERATOR', 'error:02800065:Diffie-Hellman routines::bad generator'), { library: 'Diffie-Hellman routines', reason: 'bad generator' });
    }
    let p;
    if (typeof sizeOrKey === 'number') {
      require('internal/crypto/validate').int32(sizeOrKey, 'sizeOrKey');
      if (sizeOrKey < 2) throw tooSmall();
      p = native['crypto.prime.generate'](sizeOrKey, true);
    } else {
      p = withoutZeros(toBytes(sizeOrKey, 'sizeOrKey', keyEncoding));
    }
    super(p, g);
  }
}

class DiffieHellmanGroup extends Base {
  constructor(name) {
    string(name, 'name');
    super(native['crypto.dh.group'](name), new Uint8Array([2]));
  }
}
delete DiffieHellmanGroup.prototype.setPublicKey;

function diffieHellman(options) {
  object(options, 'options');
  const { heldBy, isKeyObject } = require('internal/crypto/keys');
  const { privateKey, publicKey } = options;
  if (!isKeyObject(privateKey)) throw invalidValue('options.privateKey', privateKey);
  if (!isKeyObject(publicKey)) throw invalidValue('options.publicKey', publicKey);
  const wrong = (key, expected) => failure(TypeError, 'ERR_CRYPTO_INVALID_KEY_OBJECT_TYPE', `Invalid key object type ${key.type}, expected ${expected}.`);
  if (privateKey.type !== 'private') throw wrong(privateKey, 'private');
  if (publicKey.type !== 'public' && publicKey.type !== 'private') throw wrong(publicKey, 'private or public');
  const own = heldBy(privateKey);
  const other = publicKey.type === 'private' ? native['crypto.key.public'](heldBy(publicKey).der) : heldBy(publicKey);
  if (own.type !== other.type || !['dh', 'ec', 'x448', 'x25519'].includes(own.type)) {
    throw failure(Error, 'ERR_CRYPTO_INCOMPATIBLE_KEY', `Incompatible key types for Diffie-Hellman: ${own.type} and ${other.type}`);
  }
  return toBuffer(native['crypto.derive'](own.der, other.der));
}

// Both can be called without `new`.
function callable(type) {
  const make = function (...args) {
    return Reflect.construct(type, args, new.target ?? type);
  };
  Object.defineProperty(make, 'name', { value: type.name });
  make.prototype = type.prototype;
  Object.defineProperty(type.prototype, 'constructor', { value: make, writable: true, configurable: true });
  Object.setPrototypeOf(make, type);
  return make;
}

const ECDHFunction = callable(ECDH);
ECDHFunction.convertKey = ECDH.convertKey;

module.exports = { ECDH: ECDHFunction, DiffieHellman: callable(DiffieHellman), DiffieHellmanGroup: callable(DiffieHellmanGroup), diffieHellman };
