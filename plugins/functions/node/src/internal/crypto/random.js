// Random bytes, numbers and UUIDs.
const { toBuffer } = require('internal/crypto/bytes');
const { callback: checkCallback, failure, integer, invalidType, object, boolean, outOfRange } = require('internal/crypto/validate');

const { native } = internal;

// The native side gives no more at once.
const MOST = 1 << 20;

function fill(bytes) {
  for (let at = 0; at < bytes.length; at += MOST) {
    const length = Math.min(MOST, bytes.length - at);
    bytes.set(native['crypto.random'](length), at);
  }
}

function randomBytes(size, callback) {
  if (typeof size !== 'number') throw invalidType('size', 'of type number', size);
  if (!(size >= 0 && size <= 2147483647)) throw outOfRange('size', '>= 0 && <= 2147483647', size);
  if (callback !== undefined) checkCallback(callback);
  size = Math.trunc(size);
  let buffer;
  if (size <= MOST) {
    buffer = toBuffer(native['crypto.random'](size));
  } else {
    buffer = require('buffer').Buffer.alloc(size);
    fill(buffer);
  }
  if (callback === undefined) return buffer;
  process.nextTick(callback, null, buffer);
}

const elementSize = (buffer) => buffer.BYTES_PER_ELEMENT ?? 1;

function part(buffer, offset, size) {
  const isView = ArrayBuffer.isView(buffer);
  if (!isView && !require('internal/crypto/bytes').isBuffer(buffer)) throw invalidType('buf', 'an instance of ArrayBuffer or ArrayBufferView', buffer);
  const length = buffer.byteLength;
  const unit = elementSize(buffer);
  const checked = (value, name, max) => {
    if (typeof value !== 'number') throw invalidType(name, 'of type number', value);
    value *= unit;
    if (Number.isNaN(value) || value > max || value < 0) throw outOfRange(name, `>= 0 && <= ${max}`, value);
    return Math.trunc(value);
  };
  offset = offset === undefined ? 0 : checked(offset, 'offset', length);
  if (size === undefined) {
    size = length - offset;
  } else {
    size = checked(size, 'size', 2147483647);
    if (size + offset > length) throw outOfRange('size + offset', `<= ${length}`, size + offset);
  }
  return isView ? new Uint8Array(buffer.buffer, buffer.byteOffset + offset, size) : new Uint8Array(buffer, offset, size);
}

function randomFillSync(buffer, offset, size) {
  fill(part(buffer, offset, size));
  return buffer;
}

function randomFill(buffer, offset, size, callback) {
  if (typeof offset === 'function') {
    callback = offset;
    offset = size = undefined;
  } else if (typeof size === 'function') {
    callback = size;
    size = undefined;
  }
  checkCallback(callback);
  fill(part(buffer, offset, size));
  process.nextTick(callback, null, buffer);
}

// Bytes in stock, so that small numbers need no native call each.
let stock = new Uint8Array(0);
let used = 0;

function some(count) {
  if (used + count > stock.length) {
    stock = native['crypto.random'](4096);
    used = 0;
  }
  const bytes = stock.slice(used, used + count);
  stock.fill(0, used, used + count);
  used += count;
  return bytes;
}

const MAX_RANGE = 281474976710655;

function randomInt(min, max, callback) {
  const short = max === undefined || typeof max === 'function';
  if (short) {
    callback = max;
    max = min;
    min = 0;
  }
  if (callback !== undefined) checkCallback(callback);
  if (!Number.isSafeInteger(min)) throw invalidType('min', 'a safe integer', min);
  if (!Number.isSafeInteger(max)) throw invalidType('max', 'a safe integer', max);
  if (max <= min) throw outOfRange('max', `greater than the value of "min" (${min})`, max);
  const range = max - min;
  if (!(range <= MAX_RANGE)) throw outOfRange(short ? 'max' : 'max - min', `<= ${MAX_RANGE}`, range);
  // Numbers beyond the last whole multiple of the range would make its first values likelier.
  const limit = MAX_RANGE + 1 - ((MAX_RANGE + 1) % range);
  for (;;) {
    const bytes = some(6);
    let number = 0;
    for (const byte of bytes) number = number * 256 + byte;
    if (number >= limit) continue;
    const result = (number % range) + min;
    if (callback === undefined) return result;
    process.nextTick(callback, undefined, result);
    return undefined;
  }
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

function randomUUID(options) {
  if (options !== undefined) {
    object(options, 'options');
    if (options.disableEntropyCache !== undefined) boolean(options.disableEntropyCache, 'options.disableEntropyCache');
  }
  const b = some(16);
  b[6] = (b[6] & 0x0f) | 0x40;
  b[8] = (b[8] & 0x3f) | 0x80;
  return (
    HEX[b[0]] + HEX[b[1]] + HEX[b[2]] + HEX[b[3]] + '-' + HEX[b[4]] + HEX[b[5]] + '-' + HEX[b[6]] + HEX[b[7]] + '-' +
    HEX[b[8]] + HEX[b[9]] + '-' + HEX[b[10]] + HEX[b[11]] + HEX[b[12]] + HEX[b[13]] + HEX[b[14]] + HEX[b[15]]
  );
}

// The web's: fills an array of whole numbers.
function getRandomValues(array) {
  const names = ['Int8Array', 'Uint8Array', 'Uint8ClampedArray', 'Int16Array', 'Uint16Array', 'Int32Array', 'Uint32Array', 'BigInt64Array', 'BigUint64Array'];
  const name = Object.prototype.toString.call(array).slice(8, -1);
  if (!ArrayBuffer.isView(array) || !names.includes(name)) {
    throw exception('The data argument must be an integer-type TypedArray', 'TypeMismatchError', 17);
  }
  if (array.byteLength > 65536) {
    throw exception(`The requested length exceeds 65,536 bytes`, 'QuotaExceededError', 22);
  }
  fill(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
  return array;
}

// A DOMException, where the runtime has that.
function exception(message, name, code) {
  if (typeof DOMException === 'function') return new DOMException(message, name);
  const error = new Error(message);
  Object.defineProperty(error, 'name', { value: name, configurable: true, writable: true });
  return Object.defineProperty(error, 'code', { value: code, configurable: true, writable: true });
}

function bytesOf(candidate) {
  if (typeof candidate === 'bigint') {
    if (candidate < 0n) throw outOfRange('candidate', '>= 0', candidate);
    const hex = candidate.toString(16);
    return require('buffer').Buffer.from(hex.length % 2 ? `0${hex}` : hex, 'hex');
  }
  const { isBuffer, view } = require('internal/crypto/bytes');
  if (ArrayBuffer.isView(candidate) || isBuffer(candidate)) return view(candidate);
  throw invalidType('candidate', 'an instance of ArrayBuffer, TypedArray, Buffer, DataView, or bigint', candidate);
}

function checkArgs(candidate, options) {
  object(options, 'options');
  const { checks = 0 } = options;
  integer(checks, 'options.checks', 0, 2147483647);
  return [bytesOf(candidate), checks];
}

const checkPrimeSync = (candidate, options = {}) => native['crypto.prime.check'](...checkArgs(candidate, options));

function checkPrime(candidate, options = {}, callback) {
  if (typeof options === 'function') {
    callback = options;
    options = {};
  }
  checkCallback(callback);
  require('internal/crypto/bytes').answer(native['crypto.prime.check.later'](...checkArgs(candidate, options)), callback);
}

function primeArgs(size, options) {
  integer(size, 'size', 1, 2147483647);
  object(options, 'options');
  const { safe = false, bigint = false, add, rem } = options;
  boolean(safe, 'options.safe');
  boolean(bigint, 'options.bigint');
  return [size, safe, add === undefined ? undefined : bytesOf(add), rem === undefined ? undefined : bytesOf(rem)];
}

function primeResult(bytes, options) {
  const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  return options.bigint ? BigInt(`0x${toBuffer(bytes).toString('hex') || '0'}`) : buffer;
}

const generatePrimeSync = (size, options = {}) => primeResult(native['crypto.prime.generate'](...primeArgs(size, options)), options);

function generatePrime(size, options, callback) {
  if (typeof options === 'function') {
    callback = options;
    options = {};
  }
  checkCallback(callback);
  const { answer } = require('internal/crypto/bytes');
  answer(native['crypto.prime.generate.later'](...primeArgs(size, options)), callback, (bytes) => primeResult(bytes, options));
}

function timingSafeEqual(left, right) {
  const { isBuffer, view } = require('internal/crypto/bytes');
  for (const [value, name] of [[left, 'buf1'], [right, 'buf2']]) {
    if (!ArrayBuffer.isView(value) && !isBuffer(value)) {
      throw failure(TypeError, 'ERR_INVALID_ARG_TYPE', `The "${name}" argument must be an instance of ArrayBuffer, Buffer, TypedArray, or DataView.`);
    }
  }
  if (left.byteLength !== right.byteLength) {
    throw failure(RangeError, 'ERR_CRYPTO_TIMING_SAFE_EQUAL_LENGTH', 'Input buffers must have the same byte length');
  }
  return native['crypto.equal'](view(left), view(right));
}

module.exports = { randomBytes, randomFill, randomFillSync, randomInt, randomUUID, getRandomValues, exception, checkPrime, checkPrimeSync, generatePrime, generatePrimeSync, timingSafeEqual };
