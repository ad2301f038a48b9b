// Ciphers, and encryption with RSA.
const LazyTransform = require('internal/crypto/transform');
const { forgotten, toBuffer, toBytes } = require('internal/crypto/bytes');
const { failure, invalidType, invalidValue, int32, object, string, uint32 } = require('internal/crypto/validate');

const { native } = internal;

const invalidState = (text) => failure(Error, 'ERR_CRYPTO_INVALID_STATE', text);

const kState = Symbol('kState');

// {id, tag, decoder}: `id` is gone when the cipher is finished.
function begin(self, cipher, encrypts, key, iv, options) {
  const tagLength = options?.authTagLength;
  if (tagLength !== undefined && tagLength !== null && !(Number.isInteger(tagLength) && tagLength >= 0 && tagLength <= 2147483647)) {
    throw invalidValue('options.authTagLength', tagLength);
  }
  const id = native['crypto.cipher.begin'](cipher, encrypts, key, iv, tagLength ?? undefined);
  self[kState] = { id, encrypts, tag: undefined, tagSet: false, decoder: undefined };
  forgotten.register(self, id, self[kState]);
  LazyTransform.call(self, options);
}

function keyOf(key, encoding) {
  const held = typeof key === 'object' && key !== null && !ArrayBuffer.isView(key) ? require('internal/crypto/keys').secretBytes(key) : undefined;
  return held ?? toBytes(key, 'key', encoding, true, 'of type string or an instance of ArrayBuffer, Buffer, TypedArray, DataView, KeyObject, or CryptoKey');
}

function withIv(encrypts) {
  return (self, cipher, key, iv, options) => {
    string(cipher, 'cipher');
    const encoding = options?.encoding;
    key = keyOf(key, encoding);
    iv = iv === null ? null : toBytes(iv, 'iv');
    begin(self, cipher, encrypts, key, iv, options);
  };
}

function withPassword(encrypts) {
  return (self, cipher, password, options) => {
    string(cipher, 'cipher');
    const { key, iv } = native['crypto.bytes_to_key'](cipher, toBytes(password, 'password'));
    begin(self, cipher, encrypts, key, iv ?? null, options);
  };
}

function define(name, start) {
  const type = {
    [name]: function (...args) {
      if (!(this instanceof type)) return new type(...args);
      start(this, ...args);
    },
  }[name];
  Object.setPrototypeOf(type.prototype, LazyTransform.prototype);
  Object.setPrototypeOf(type, LazyTransform);
  return type;
}

const Cipheriv = define('Cipheriv', withIv(true));
const Decipheriv = define('Decipheriv', withIv(false));
const Cipher = define('Cipher', withPassword(true));
const Decipher = define('Decipher', withPassword(false));

const utf8 = (encoding) => encoding === 'utf8' || encoding === 'utf-8' || encoding === 'ucs2' || encoding === 'ucs-2' || encoding === 'utf16le' || encoding === 'base64' || encoding === 'base64url';

// Text of pieces: what ends in the middle of a character or a group waits for the next.
function text(state, bytes, encoding, last) {
  if (!state.decoder) {
    if (last || !utf8(encoding)) return toBuffer(bytes).toString(encoding);
    const { StringDecoder } = require('string_decoder');
    state.decoder = new StringDecoder(encoding);
    state.encoding = encoding;
  }
  return last ? state.decoder.end(toBuffer(bytes)) : state.decoder.write(toBuffer(bytes));
}

const methods = {
  update(data, inputEncoding, outputEncoding) {
    const state = this[kState];
    const bytes = typeof data === 'string' || ArrayBuffer.isView(data) ? toBytes(data, 'data', inputEncoding, false) : undefined;
    if (bytes === undefined) throw invalidType('data', 'of type string or an instance of Buffer, TypedArray, or DataView', data);
    if (state.id === undefined) throw new Error('Trying to add data in unsupported state');
    const out = native['crypto.cipher.update'](state.id, bytes);
    return outputEncoding && outputEncoding !== 'buffer' ? text(state, out, outputEncoding, false) : toBuffer(out);
  },
  final(outputEncoding) {
    const state = this[kState];
    if (state.id === undefined) throw invalidState('Invalid state');
    const { id } = state;
    state.id = undefined;
    forgotten.unregister(state);
    const [out, tag] = native['crypto.cipher.final'](id);
    state.tag = tag;
    return outputEncoding && outputEncoding !== 'buffer' ? text(state, out, outputEncoding, true) : toBuffer(out);
  },
  setAutoPadding(padding) {
    const state = this[kState];
    if (state.id === undefined) throw invalidState('Invalid state for operation setAutoPadding');
    native['crypto.cipher.padding'](state.id, padding === undefined ? true : Boolean(padding));
    return this;
  },
  setAAD(data, options) {
    const state = this[kState];
    const encoding = options?.encoding;
    const bytes = toBytes(data, 'buffer', encoding);
    const length = options?.plaintextLength;
    if (length !== undefined && length !== null && !(Number.isInteger(length) && length >= 0 && length <= 2147483647)) {
      throw invalidValue('options.plaintextLength', length);
    }
    if (state.id === undefined || !native['crypto.cipher.aad'](state.id, bytes, length ?? undefined)) {
      throw invalidState('Invalid state for operation setAAD');
    }
    return this;
  },
  _transform(data, encoding, callback) {
    try {
      this.push(this.update(data, encoding));
    } catch (error) {
      callback(error);
      return;
    }
    callback();
  },
  _flush(callback) {
    try {
      this.push(this.final());
    } catch (error) {
      callback(error);
      return;
    }
    callback();
  },
};

function getAuthTag() {
  const { tag } = this[kState];
  if (tag === undefined) throw invalidState('Invalid state for operation getAuthTag');
  return toBuffer(tag.slice());
}

function setAuthTag(tag, encoding) {
  const state = this[kState];
  const bytes = toBytes(tag, 'buffer', encoding);
  if (state.id === undefined || !native['crypto.cipher.tag'](state.id, bytes)) throw invalidState('Invalid state for operation setAuthTag');
  return this;
}

for (const type of [Cipheriv, Decipheriv, Cipher, Decipher]) {
  for (const [name, value] of Object.entries(methods)) Object.defineProperty(type.prototype, name, { value, writable: true, configurable: true, enumerable: true });
}
Cipheriv.prototype.getAuthTag = Cipher.prototype.getAuthTag = getAuthTag;
Decipheriv.prototype.setAuthTag = Decipher.prototype.setAuthTag = setAuthTag;

function getCipherInfo(nameOrNid, options) {
  if (typeof nameOrNid === 'number') int32(nameOrNid, 'nameOrNid', 0);
  else if (typeof nameOrNid !== 'string') throw invalidType('nameOrNid', 'of type string or number', nameOrNid);
  let keyLength;
  let ivLength;
  if (options !== undefined) {
    object(options, 'options');
    ({ keyLength, ivLength } = options);
    if (keyLength !== undefined) int32(keyLength, 'options.keyLength', 0);
    if (ivLength !== undefined) int32(ivLength, 'options.ivLength', 0);
  }
  return native['crypto.cipher.info'](nameOrNid, keyLength, ivLength);
}

const RSA_PKCS1_PADDING = 1;
const RSA_PKCS1_OAEP_PADDING = 4;

function rsa(op, wanted, defaultPadding) {
  return (options, buffer) => {
    const { prepare } = require('internal/crypto/keys');
    const held = prepare(options, wanted);
    const given = typeof options === 'object' && options !== null ? options : {};
    const { oaepHash, encoding, oaepLabel } = given;
    const padding = given.padding ?? defaultPadding;
    uint32(padding, 'options.padding');
    if (oaepHash !== undefined) string(oaepHash, 'key.oaepHash');
    const label = oaepLabel === undefined ? undefined : toBytes(oaepLabel, 'key.oaepLabel', encoding);
    const data = toBytes(buffer, 'buffer', encoding);
    return toBuffer(native[op](held.kind, held.der, data, padding, oaepHash, label));
  };
}

const publicEncrypt = rsa('crypto.rsa.public_encrypt', 'any', RSA_PKCS1_OAEP_PADDING);
const publicDecrypt = rsa('crypto.rsa.public_decrypt', 'any', RSA_PKCS1_PADDING);
const privateEncrypt = rsa('crypto.rsa.private_encrypt', 'private', RSA_PKCS1_PADDING);
const privateDecrypt = rsa('crypto.rsa.private_decrypt', 'private', RSA_PKCS1_OAEP_PADDING);

module.exports = { Cipheriv, Decipheriv, Cipher, Decipher, getCipherInfo, publicEncrypt, publicDecrypt, privateEncrypt, privateDecrypt };
