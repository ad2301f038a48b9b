// Signatures.
const { answer, encode, isBuffer, toBuffer, toBytes, view } = require('internal/crypto/bytes');
const { callback: checkCallback, failure, invalidType, invalidValue, string } = require('internal/crypto/validate');
const { Hash, infoOf } = require('internal/crypto/hash');
const { prepare } = require('internal/crypto/keys');

const { native } = internal;

function optionsOf(key) {
  const given = typeof key === 'object' && key !== null ? key : {};
  const { padding, saltLength, dsaEncoding } = given;
  const options = {};
  for (const [name, value] of [['padding', padding], ['saltLength', saltLength]]) {
    if (value === undefined) continue;
    if (!Number.isInteger(value) || value < -2147483648 || value > 2147483647) throw invalidValue(`options.${name}`, value);
    options[name] = value;
  }
  if (dsaEncoding !== undefined && dsaEncoding !== 'der') {
    if (dsaEncoding !== 'ieee-p1363') throw invalidValue('options.dsaEncoding', dsaEncoding);
    options.plain = true;
  }
  return options;
}

const kHash = Symbol('kHash');
const kAlgorithm = Symbol('kAlgorithm');

// Both are writable streams over a hash.
const writable = () => require('stream').Writable;

function define(name) {
  const type = {
    [name]: function (algorithm, options) {
      if (!(this instanceof type)) return new type(algorithm, options);
      string(algorithm, 'algorithm');
      if (infoOf(algorithm) === null) throw failure(TypeError, 'ERR_CRYPTO_INVALID_DIGEST', 'Invalid digest');
      this[kAlgorithm] = algorithm;
      this[kHash] = new Hash(algorithm);
      this._options = options;
    },
  }[name];
  type.prototype.update = function update(data, encoding) {
    this[kHash].update(typeof data === 'string' || ArrayBuffer.isView(data) ? data : notData(data), encoding);
    return this;
  };
  type.prototype._write = function _write(chunk, encoding, callback) {
    this.update(chunk, encoding);
    callback();
  };
  return type;
}

function notData(data) {
  throw invalidType('data', 'of type string or an instance of Buffer, TypedArray, or DataView', data);
}

const Sign = define('Sign');
const Verify = define('Verify');

for (const type of [Sign, Verify]) {
  for (const name of ['write', 'end', 'on', 'once', 'emit', 'addListener', 'removeListener', 'prependListener', 'listenerCount', 'off', 'destroy', 'cork', 'uncork']) {
    Object.defineProperty(type.prototype, name, {
      // The first use as a stream makes it one.
      value(...args) {
        const Writable = writable();
        for (const other of [Sign, Verify]) {
          if (Object.getPrototypeOf(other.prototype) !== Writable.prototype) {
            for (const method of Object.getOwnPropertyNames(other.prototype)) {
              if (!['constructor', 'update', 'sign', 'verify', '_write'].includes(method)) delete other.prototype[method];
            }
            Object.setPrototypeOf(other.prototype, Writable.prototype);
          }
        }
        if (!this._writableState) Writable.call(this, this._options);
        return this[name](...args);
      },
      configurable: true,
      writable: true,
      enumerable: false,
    });
  }
}

function oneShot(held) {
  if (held.type === 'ed25519' || held.type === 'ed448') throw failure(Error, 'ERR_CRYPTO_UNSUPPORTED_OPERATION', 'Unsupported crypto operation');
}

Sign.prototype.sign = function sign(options, encoding) {
  if (!options) throw failure(Error, 'ERR_CRYPTO_SIGN_KEY_REQUIRED', 'No key provided to sign');
  const held = prepare(options, 'private');
  const how = optionsOf(options);
  const hashed = finish(this);
  oneShot(held);
  return encode(native['crypto.sign'](held.kind, held.der, this[kAlgorithm], hashed, { ...how, hashed: true }), encoding);
};

Verify.prototype.verify = function verify(options, signature, encoding) {
  const held = prepare(options, 'any');
  const how = optionsOf(options);
  const bytes = toBytes(signature, 'signature', encoding);
  const hashed = finish(this);
  oneShot(held);
  return native['crypto.verify'](held.kind, held.der, this[kAlgorithm], hashed, { ...how, hashed: true }, bytes);
};

function finish(self) {
  const hash = self[kHash];
  if (hash === undefined) throw failure(Error, 'ERR_CRYPTO_INVALID_STATE', 'Not initialised');
  self[kHash] = undefined;
  return hash.digest();
}

const dataOf = (data) => toBytes(data, 'data');

function checkAlgorithm(algorithm) {
  if (algorithm === null || algorithm === undefined) return undefined;
  string(algorithm, 'algorithm');
  if (infoOf(algorithm) === null) throw failure(TypeError, 'ERR_CRYPTO_INVALID_DIGEST', `Invalid digest: ${algorithm}`);
  return algorithm;
}

function sign(algorithm, data, key, callback) {
  algorithm = checkAlgorithm(algorithm);
  if (callback !== undefined) checkCallback(callback);
  data = dataOf(data);
  if (!key) throw failure(Error, 'ERR_CRYPTO_SIGN_KEY_REQUIRED', 'No key provided to sign');
  const how = optionsOf(key);
  const held = prepare(key, 'private');
  if (callback === undefined) return toBuffer(native['crypto.sign'](held.kind, held.der, algorithm, data, how));
  answer(native['crypto.sign.later'](held.kind, held.der, algorithm, data, how), callback, toBuffer);
}

function verify(algorithm, data, key, signature, callback) {
  algorithm = checkAlgorithm(algorithm);
  if (callback !== undefined) checkCallback(callback);
  data = dataOf(data);
  const how = optionsOf(key);
  if (!ArrayBuffer.isView(signature) && !isBuffer(signature)) throw invalidType('signature', 'an instance of Buffer, TypedArray, or DataView', signature);
  const held = prepare(key, 'any');
  if (callback === undefined) return native['crypto.verify'](held.kind, held.der, algorithm, data, how, view(signature));
  answer(native['crypto.verify.later'](held.kind, held.der, algorithm, data, how, view(signature)), callback);
}

module.exports = { Sign, Verify, sign, verify };
