// Hash and Hmac. What is hashed is collected here and goes to the native side at once, unless it is long.
const LazyTransform = require('internal/crypto/transform');
const { forgotten, isText, toBuffer, view } = require('internal/crypto/bytes');
const { failure, invalidType, string, uint32 } = require('internal/crypto/validate');

const { native } = internal;

// What is longer, in bytes or characters, has a native state.
const COLLECTED = 64 * 1024;

// The encodings that the native side writes.
const ENCODINGS = { __proto__: null, hex: 'hex', base64: 'base64', base64url: 'base64url', latin1: 'latin1', binary: 'latin1', HEX: 'hex', Hex: 'hex', BASE64: 'base64' };

const known = new Map();

function infoOf(algorithm) {
  let info = known.get(algorithm);
  if (info === undefined) {
    info = native['crypto.digest.info'](algorithm) ?? null;
    if (known.size < 200) known.set(algorithm, info);
  }
  return info;
}

const finalized = () => failure(Error, 'ERR_CRYPTO_HASH_FINALIZED', 'Digest already called');

// A chunk that nobody changes any more.
function chunk(data, encoding) {
  if (typeof data === 'string') {
    if (isText(encoding)) return data;
    return require('buffer').Buffer.from(data, encoding);
  }
  if (ArrayBuffer.isView(data)) return view(data).slice();
  throw invalidType('data', 'of type string or an instance of Buffer, TypedArray, or DataView', data);
}

// A digest as a Buffer or in an encoding. `give` asks the native side for an encoding.
function digested(encoding, give) {
  if (encoding === undefined || encoding === 'buffer' || encoding === null) return toBuffer(give());
  const own = ENCODINGS[encoding];
  if (own !== undefined) return give(own);
  const buffer = toBuffer(give());
  return buffer.constructor.isEncoding(encoding) ? buffer.toString(encoding) : buffer;
}

class Collector {
  chunks = [];
  size = 0;
  id = undefined;
  done = false;
  add(owner, data, encoding, begin) {
    if (this.done) throw finalized();
    if (this.id !== undefined || data.length > COLLECTED) {
      // It is used up before the call returns: no copy.
      const given = typeof data === 'string' ? chunk(data, encoding) : ArrayBuffer.isView(data) ? view(data) : chunk(data);
      if (this.id === undefined) this.begin(owner, begin);
      native['crypto.digest.update'](this.id, given);
      return;
    }
    const given = chunk(data, encoding);
    this.chunks.push(given);
    this.size += given.length + 32;
    if (this.size > COLLECTED) this.begin(owner, begin);
  }
  begin(owner, begin) {
    this.id = begin(this.chunks);
    this.chunks = [];
    forgotten.register(owner, this.id, this);
  }
  take() {
    this.done = true;
    const { chunks, id } = this;
    this.chunks = [];
    if (id !== undefined) forgotten.unregister(this);
    return chunks.length === 1 ? chunks[0] : chunks;
  }
}

const kState = Symbol('kState');
const kAlgorithm = Symbol('kAlgorithm');
const kLength = Symbol('kLength');
const kKey = Symbol('kKey');

function Hash(algorithm, options) {
  if (!(this instanceof Hash)) return new Hash(algorithm, options);
  string(algorithm, 'algorithm');
  const length = typeof options === 'object' && options !== null ? options.outputLength : undefined;
  if (length !== undefined) uint32(length, 'options.outputLength');
  const info = infoOf(algorithm);
  if (info === null) throw new Error('Digest method not supported');
  if (length !== undefined && !info.extendable && length !== info.size) throw notExtendable();
  this[kState] = new Collector();
  this[kAlgorithm] = algorithm;
  this[kLength] = length;
  LazyTransform.call(this, options);
}
Object.setPrototypeOf(Hash.prototype, LazyTransform.prototype);
Object.setPrototypeOf(Hash, LazyTransform);

function notExtendable() {
  const error = failure(Error, 'ERR_OSSL_EVP_NOT_XOF_OR_INVALID_LENGTH', 'error:030000B2:digital envelope routines::not XOF or invalid length');
  return Object.assign(error, { library: 'digital envelope routines', reason: 'not XOF or invalid length' });
}

Hash.prototype.copy = function copy(options) {
  const state = this[kState];
  if (state.done) throw finalized();
  const other = new Hash(this[kAlgorithm], options === undefined && this[kLength] !== undefined ? { outputLength: this[kLength] } : options);
  const copied = other[kState];
  copied.chunks = state.chunks.slice();
  copied.size = state.size;
  if (state.id !== undefined) copied.begin(other, () => native['crypto.digest.copy'](state.id));
  return other;
};

Hash.prototype.update = function update(data, encoding) {
  this[kState].add(this, data, encoding, (chunks) => native['crypto.hash.begin'](this[kAlgorithm], chunks));
  return this;
};

Hash.prototype.digest = function digest(encoding) {
  const state = this[kState];
  if (state.done) throw finalized();
  const chunks = state.take();
  return digested(encoding, (own) =>
    state.id === undefined
      ? native['crypto.hash'](this[kAlgorithm], chunks, this[kLength], own)
      : native['crypto.digest.finish'](state.id, this[kLength], own),
  );
};

// The key of an HMAC, as bytes.
function keyBytes(key, encoding) {
  if (typeof key === 'string') return require('buffer').Buffer.from(key, isText(encoding) ? 'utf8' : encoding);
  if (ArrayBuffer.isView(key)) return view(key);
  if (typeof key === 'object' && key !== null) {
    if (require('internal/crypto/bytes').isBuffer(key)) return view(key);
    const bytes = require('internal/crypto/keys').secretBytes(key);
    if (bytes !== undefined) return bytes;
  }
  throw invalidType('key', 'of type string or an instance of ArrayBuffer, Buffer, TypedArray, DataView, KeyObject, or CryptoKey', key);
}

function Hmac(algorithm, key, options) {
  if (!(this instanceof Hmac)) return new Hmac(algorithm, key, options);
  string(algorithm, 'hmac');
  const bytes = keyBytes(key, options?.encoding);
  if (infoOf(algorithm) === null) throw failure(TypeError, 'ERR_CRYPTO_INVALID_DIGEST', `Invalid digest: ${algorithm}`);
  this[kState] = new Collector();
  this[kAlgorithm] = algorithm;
  this[kKey] = bytes.slice();
  LazyTransform.call(this, options);
}
Object.setPrototypeOf(Hmac.prototype, LazyTransform.prototype);
Object.setPrototypeOf(Hmac, LazyTransform);

Hmac.prototype.update = function update(data, encoding) {
  this[kState].add(this, data, encoding, (chunks) => native['crypto.hmac.begin'](this[kAlgorithm], this[kKey], chunks));
  return this;
};

Hmac.prototype.digest = function digest(encoding) {
  const state = this[kState];
  // The second time gives nothing, and no error.
  if (state.done) return encoding && encoding !== 'buffer' ? '' : toBuffer(new Uint8Array(0));
  const chunks = state.take();
  return digested(encoding, (own) =>
    state.id === undefined
      ? native['crypto.hmac'](this[kAlgorithm], this[kKey], chunks, own)
      : native['crypto.digest.finish'](state.id, undefined, own),
  );
};

for (const type of [Hash, Hmac]) {
  type.prototype._transform = function _transform(data, encoding, callback) {
    try {
      this.update(data, encoding);
    } catch (error) {
      callback(error);
      return;
    }
    callback();
  };
  type.prototype._flush = function _flush(callback) {
    try {
      this.push(this.digest());
    } catch (error) {
      callback(error);
      return;
    }
    callback();
  };
}

function hash(algorithm, input, outputEncoding = 'hex') {
  string(algorithm, 'algorithm');
  if (typeof input !== 'string' && !ArrayBuffer.isView(input)) {
    throw invalidType('input', 'of type string or an instance of Buffer, TypedArray, or DataView', input);
  }
  if (infoOf(algorithm) === null) throw new Error('Digest method not supported');
  const data = typeof input === 'string' ? input : view(input);
  return digested(outputEncoding, (own) => native['crypto.hash'](algorithm, data, undefined, own));
}

module.exports = { Hash, Hmac, hash, infoOf };
