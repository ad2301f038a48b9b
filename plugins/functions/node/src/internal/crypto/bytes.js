// Data that functions give to crypto, and what it gives back.
const { invalidType } = require('internal/crypto/validate');

const { native } = internal;

// What crypto takes as UTF-8 without a detour.
const isText = (encoding) => encoding === undefined || encoding === 'utf8' || encoding === 'utf-8' || encoding === 'buffer';

const isBuffer = (value) => value instanceof ArrayBuffer || Object.prototype.toString.call(value) === '[object ArrayBuffer]' || Object.prototype.toString.call(value) === '[object SharedArrayBuffer]';

// A Buffer over bytes that nobody else has.
function toBuffer(bytes) {
  const { Buffer } = require('buffer');
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

const view = (data) => (ArrayBuffer.isView(data) ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : new Uint8Array(data));

// Bytes of a string in an encoding, of a view, or of an ArrayBuffer where `buffers` allows it.
function toBytes(data, name, encoding, buffers = true, expected) {
  if (typeof data === 'string') {
    const { Buffer } = require('buffer');
    return Buffer.from(data, isText(encoding) ? 'utf8' : encoding);
  }
  if (ArrayBuffer.isView(data)) return view(data);
  if (buffers && isBuffer(data)) return view(data);
  throw invalidType(name, expected ?? (buffers ? 'of type string or an instance of ArrayBuffer, Buffer, TypedArray, or DataView' : 'of type string or an instance of Buffer, TypedArray, or DataView'), data);
}

// Bytes of a view or of an ArrayBuffer, but of no string.
function onlyBytes(data, name, expected = 'an instance of ArrayBuffer, Buffer, TypedArray, or DataView') {
  if (ArrayBuffer.isView(data) || isBuffer(data)) return view(data);
  throw invalidType(name, expected, data);
}

// Bytes as a Buffer, or as a string in an encoding.
function encode(bytes, encoding) {
  const buffer = toBuffer(bytes);
  return encoding && encoding !== 'buffer' ? buffer.toString(encoding) : buffer;
}

// Base64 for URLs, which not every Buffer writes.
const base64url = (bytes) => toBuffer(bytes).toString('base64').replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');

// A native state that is given back when its object is collected, if nobody ended it.
const forgotten = new FinalizationRegistry((id) => native['resource.close'](id));

// Calls back with what an async op gives.
function answer(promise, callback, map = (value) => value) {
  promise.then(
    (value) => process.nextTick(callback, null, map(value)),
    (error) => process.nextTick(callback, error),
  );
}

module.exports = { isText, isBuffer, toBuffer, toBytes, onlyBytes, view, encode, base64url, forgotten, answer };
