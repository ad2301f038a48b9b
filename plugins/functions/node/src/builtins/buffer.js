// Buffer as in Node.js; ours, over native ops for the encodings.
'use strict';
const { invalidArgType, invalidArgValue, outOfRange, make } = require('internal/errors');
const { encodingOf, utf8, SHORT, ...encodings } = require('internal/buffer/encodings');

const kMaxLength = 2 ** 32;
const kStringMaxLength = 2 ** 29 - 24;
const customInspect = Symbol.for('nodejs.util.inspect.custom');

class FastBuffer extends Uint8Array {}

let pool;
let used = 0;

function renewPool() {
  pool = new Uint8Array(Buffer.poolSize).buffer;
  used = 0;
}

function checkLength(size) {
  if (typeof size !== 'number') throw invalidArgType('size', 'number', size);
  if (!(size >= 0 && size <= kMaxLength)) throw outOfRange('size', `>= 0 && <= ${kMaxLength}`, size);
}

function allocate(size) {
  if (size <= 0) return new FastBuffer();
  if (size >= Buffer.poolSize >>> 1) return new FastBuffer(size);
  if (pool === undefined || size > pool.byteLength - used) renewPool();
  const buffer = new FastBuffer(pool, used, size);
  // Views of other numbers need aligned places.
  used = (used + size + 7) & ~7;
  return buffer;
}

function adopt(view) {
  return new FastBuffer(view.buffer, view.byteOffset, view.byteLength);
}

function getEncoding(name) {
  if (name === undefined || name === null || name === '') return utf8;
  const encoding = encodingOf(name);
  if (encoding === undefined) throw make(TypeError, 'ERR_UNKNOWN_ENCODING', `Unknown encoding: ${name}`);
  return encoding;
}

function fromString(text, name) {
  const encoding = typeof name === 'string' && name !== '' ? getEncoding(name) : utf8;
  if (text.length === 0) return new FastBuffer();
  if (encoding.bytes !== undefined && (encoding !== utf8 || text.length > SHORT)) return adopt(encoding.bytes(text));
  const buffer = allocate(encoding.length(text));
  encoding.write(text, buffer, 0, buffer.length);
  return buffer;
}

function fromArrayLike(list) {
  const length = Number(list.length);
  if (!(length > 0)) return new FastBuffer();
  const buffer = allocate(length);
  if (list instanceof Uint8Array) buffer.set(list);
  else for (let i = 0; i < length; i++) buffer[i] = list[i];
  return buffer;
}

function isAnyArrayBuffer(value) {
  if (value === null || typeof value !== 'object') return false;
  const kind = ops.kind(value);
  return kind === 'ArrayBuffer' || kind === 'SharedArrayBuffer';
}

function fromArrayBuffer(buffer, offset, length) {
  offset = offset === undefined ? 0 : +offset || 0;
  const most = buffer.byteLength - offset;
  if (most < 0) throw make(RangeError, 'ERR_BUFFER_OUT_OF_BOUNDS', '"offset" is outside of buffer bounds');
  if (length === undefined) length = most;
  else {
    length = +length;
    if (!(length > 0)) length = 0;
    else if (length > most) throw make(RangeError, 'ERR_BUFFER_OUT_OF_BOUNDS', '"length" is outside of buffer bounds');
  }
  return new FastBuffer(buffer, offset, length);
}

function fromObject(value) {
  if (value.length !== undefined || isAnyArrayBuffer(value.buffer)) {
    return typeof value.length === 'number' ? fromArrayLike(value) : new FastBuffer();
  }
  if (value.type === 'Buffer' && Array.isArray(value.data)) return fromArrayLike(value.data);
  return undefined;
}

function Buffer(value, encodingOrOffset, length) {
  if (typeof value === 'number') {
    if (typeof encodingOrOffset === 'string') throw invalidArgType('string', 'string', value);
    return Buffer.alloc(value);
  }
  return Buffer.from(value, encodingOrOffset, length);
}

Object.setPrototypeOf(Buffer, Uint8Array);
Buffer.prototype = FastBuffer.prototype;
Object.defineProperty(Buffer, 'prototype', { writable: false, enumerable: false });
Object.defineProperty(FastBuffer.prototype, 'constructor', { value: Buffer, writable: true, configurable: true, enumerable: false });
Object.defineProperty(Buffer, Symbol.species, { get: () => FastBuffer, configurable: true });

Buffer.poolSize = 8192;

Buffer.from = function from(value, encodingOrOffset, length) {
  if (typeof value === 'string') return fromString(value, encodingOrOffset);
  if (typeof value === 'object' && value !== null) {
    if (isAnyArrayBuffer(value)) return fromArrayBuffer(value, encodingOrOffset, length);
    const own = value.valueOf && value.valueOf();
    if (own != null && own !== value && (typeof own === 'string' || typeof own === 'object')) return from(own, encodingOrOffset, length);
    const made = fromObject(value);
    if (made !== undefined) return made;
    if (typeof value[Symbol.toPrimitive] === 'function') {
      const text = value[Symbol.toPrimitive]('string');
      if (typeof text === 'string') return fromString(text, encodingOrOffset);
    }
  }
  throw invalidArgType('first argument', ['string', 'Buffer', 'ArrayBuffer', 'Array', 'Array-like Object'], value);
};

Buffer.alloc = function alloc(size, fill, encoding) {
  checkLength(size);
  const buffer = new FastBuffer(size);
  return fill !== undefined && fill !== 0 && size > 0 ? buffer.fill(fill, encoding) : buffer;
};

Buffer.allocUnsafe = function allocUnsafe(size) {
  checkLength(size);
  return allocate(size);
};

Buffer.allocUnsafeSlow = function allocUnsafeSlow(size) {
  checkLength(size);
  return new FastBuffer(size);
};

Buffer.copyBytesFrom = function copyBytesFrom(view, offset, length) {
  if (!ArrayBuffer.isView(view) || view instanceof DataView) throw invalidArgType('view', ['TypedArray'], view);
  if (view.length === 0) return Buffer.alloc(0);
  const start = offset ?? 0;
  const part = view.subarray(start, length === undefined ? undefined : start + length);
  return Buffer.from(new Uint8Array(part.buffer, part.byteOffset, part.byteLength));
};

Buffer.isBuffer = (value) => value instanceof FastBuffer;
Buffer.isEncoding = (name) => typeof name === 'string' && name.length !== 0 && encodingOf(name) !== undefined;

Buffer.byteLength = function byteLength(text, name) {
  if (typeof text !== 'string') {
    if (ArrayBuffer.isView(text) || isAnyArrayBuffer(text)) return text.byteLength;
    throw invalidArgType('string', ['string', 'Buffer', 'ArrayBuffer'], text);
  }
  return (encodingOf(name ?? 'utf8') ?? utf8).length(text);
};

function compareBytes(a, b) {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return a[i] < b[i] ? -1 : 1;
  return Math.sign(a.length - b.length);
}

Buffer.compare = function compare(a, b) {
  if (!(a instanceof Uint8Array)) throw invalidArgType('buf1', ['Buffer', 'Uint8Array'], a);
  if (!(b instanceof Uint8Array)) throw invalidArgType('buf2', ['Buffer', 'Uint8Array'], b);
  return a === b ? 0 : compareBytes(a, b);
};

Buffer.concat = function concat(list, length) {
  if (!Array.isArray(list)) throw invalidArgType('list', 'Array', list);
  if (list.length === 0) return new FastBuffer();
  if (length === undefined) {
    length = 0;
    for (const part of list) length += part?.length || 0;
  } else if (typeof length !== 'number') throw invalidArgType('length', 'number', length);
  else if (!Number.isInteger(length) || length < 0) throw outOfRange('length', Number.isInteger(length) ? `>= 0 && <= ${Number.MAX_SAFE_INTEGER}` : 'an integer', length);
  const buffer = Buffer.allocUnsafe(length);
  let at = 0;
  for (let i = 0; i < list.length; i++) {
    const part = list[i];
    if (!(part instanceof Uint8Array)) throw invalidArgType(`list[${i}]`, ['Buffer', 'Uint8Array'], part);
    if (at + part.length > length) {
      buffer.set(part.subarray(0, length - at), at);
      at = length;
      break;
    }
    buffer.set(part, at);
    at += part.length;
  }
  // What came from the pool may hold old bytes.
  if (at < length) buffer.fill(0, at, length);
  return buffer;
};

const { prototype } = Buffer;
require('internal/buffer/numbers').install(prototype);

function bound(value, length, missing) {
  if (value === undefined) return missing;
  value = Math.trunc(+value) || 0;
  return Math.min(Math.max(value, 0), length);
}

const methods = {
  toString(name, start, end) {
    if (arguments.length === 0) return utf8.text(this);
    start = bound(start, this.length, 0);
    end = bound(end, this.length, this.length);
    if (end <= start) return '';
    const bytes = start === 0 && end === this.length ? this : new Uint8Array(this.buffer, this.byteOffset + start, end - start);
    const text = getEncoding(name).text(bytes);
    return text;
  },
  write(text, offset, length, name) {
    if (typeof text !== 'string') throw make(TypeError, 'ERR_INVALID_ARG_TYPE', 'argument must be a string');
    if (offset === undefined) return utf8.write(text, this, 0, this.length);
    if (typeof offset === 'string') {
      name = offset;
      offset = 0;
      length = undefined;
    } else if (typeof length === 'string') {
      name = length;
      length = undefined;
    }
    if (typeof offset !== 'number') throw invalidArgType('offset', 'number', offset);
    if (!Number.isInteger(offset)) throw outOfRange('offset', 'an integer', offset);
    if (offset < 0 || offset > this.length) throw outOfRange('offset', `>= 0 && <= ${this.length}`, offset);
    const most = this.length - offset;
    if (length === undefined) length = most;
    else {
      if (typeof length !== 'number') throw invalidArgType('length', 'number', length);
      if (length < 0 || length > this.length) throw outOfRange('length', `>= 0 && <= ${this.length}`, length);
      length = Math.min(length, most);
    }
    return getEncoding(name).write(text, this, offset, offset + length);
  },
  equals(other) {
    if (!(other instanceof Uint8Array)) throw invalidArgType('otherBuffer', ['Buffer', 'Uint8Array'], other);
    return this === other || (this.length === other.length && compareBytes(this, other) === 0);
  },
  compare(target, targetStart, targetEnd, sourceStart, sourceEnd) {
    if (!(target instanceof Uint8Array)) throw invalidArgType('target', ['Buffer', 'Uint8Array'], target);
    const check = (value, name, most, missing) => {
      if (value === undefined) return missing;
      if (typeof value !== 'number') throw invalidArgType(name, 'number', value);
      if (!Number.isInteger(value) || value < 0 || value > most) throw outOfRange(name, `>= 0 && <= ${most}`, value);
      return value;
    };
    targetStart = check(targetStart, 'targetStart', kMaxLength, 0);
    targetEnd = check(targetEnd, 'targetEnd', target.length, target.length);
    sourceStart = check(sourceStart, 'sourceStart', kMaxLength, 0);
    sourceEnd = check(sourceEnd, 'sourceEnd', this.length, this.length);
    if (sourceStart >= sourceEnd) return targetStart >= targetEnd ? 0 : -1;
    if (targetStart >= targetEnd) return 1;
    return compareBytes(this.subarray(sourceStart, sourceEnd), target.subarray(targetStart, targetEnd));
  },
  copy(target, targetStart, sourceStart, sourceEnd) {
    if (!ArrayBuffer.isView(target)) throw invalidArgType('target', ['Buffer', 'Uint8Array'], target);
    const whole = (value, name, missing, most) => {
      if (value === undefined) return missing;
      value = Number.isNaN(+value) ? 0 : Math.trunc(+value);
      if (value < 0 || value > most) throw outOfRange(name, `>= 0${most === Infinity ? '' : ` && <= ${most}`}`, value);
      return value;
    };
    targetStart = whole(targetStart, 'targetStart', 0, Infinity);
    if (targetStart >= target.byteLength) return 0;
    sourceStart = whole(sourceStart, 'sourceStart', 0, this.length);
    sourceEnd = Math.min(whole(sourceEnd, 'sourceEnd', this.length, Infinity), this.length);
    const length = Math.min(sourceEnd - sourceStart, target.byteLength - targetStart);
    if (length <= 0) return 0;
    const bytes = target instanceof Uint8Array ? target : new Uint8Array(target.buffer, target.byteOffset, target.byteLength);
    Uint8Array.prototype.set.call(bytes, Uint8Array.prototype.subarray.call(new Uint8Array(this.buffer, this.byteOffset, this.length), sourceStart, sourceStart + length), targetStart);
    return length;
  },
  subarray(start, end) {
    const whole = (value, missing) => {
      if (value === undefined) return missing;
      value = Math.trunc(+value) || 0;
      return value < 0 ? Math.max(value + this.length, 0) : Math.min(value, this.length);
    };
    start = whole(start, 0);
    end = whole(end, this.length);
    return new FastBuffer(this.buffer, this.byteOffset + start, Math.max(end - start, 0));
  },
  slice(start, end) {
    return this.subarray(start, end);
  },
  fill(value, offset, end, name) {
    if (typeof value === 'string') {
      if (offset === undefined || typeof offset === 'string') {
        name = offset;
        offset = undefined;
      } else if (typeof end === 'string') {
        name = end;
        end = undefined;
      }
      if (name !== undefined && typeof name !== 'string') throw invalidArgType('encoding', 'string', name);
      const encoding = getEncoding(name);
      const pattern = fromString(value, encoding.name);
      if (value.length > 0 && pattern.length === 0) throw invalidArgValue('value', value);
      value = pattern.length === 0 ? 0 : pattern.length === 1 ? pattern[0] : pattern;
    } else if (typeof value === 'boolean') value = +value;
    const check = (place, key, missing, most) => {
      if (place === undefined) return missing;
      if (typeof place !== 'number') throw invalidArgType(key, 'number', place);
      if (!Number.isInteger(place)) throw outOfRange(key, 'an integer', place);
      if (place < 0 || place > most) throw outOfRange(key, `>= 0 && <= ${most}`, place);
      return place;
    };
    const start = check(offset, 'offset', 0, kMaxLength);
    end = offset === undefined ? this.length : check(end, 'end', this.length, this.length);
    if (start >= end) return this;
    if (typeof value === 'object' && value !== null && ArrayBuffer.isView(value)) {
      const pattern = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
      if (pattern.length === 0) throw invalidArgValue('value', value);
      const target = new Uint8Array(this.buffer, this.byteOffset + start, end - start);
      target.set(pattern.subarray(0, target.length));
      for (let done = Math.min(pattern.length, target.length); done < target.length; done *= 2) target.copyWithin(done, 0, Math.min(done, target.length - done));
    } else {
      Uint8Array.prototype.fill.call(this, value & 255, start, end);
    }
    return this;
  },
  indexOf(value, offset, name) {
    return search(this, value, offset, name, true);
  },
  lastIndexOf(value, offset, name) {
    return search(this, value, offset, name, false);
  },
  includes(value, offset, name) {
    return search(this, value, offset, name, true) !== -1;
  },
  swap16() { return swap(this, 2); },
  swap32() { return swap(this, 4); },
  swap64() { return swap(this, 8); },
  toJSON() {
    return { type: 'Buffer', data: Array.from(this) };
  },
  [customInspect](depth, options) {
    const most = exports.INSPECT_MAX_BYTES;
    let shown = encodings.hex.text(this.subarray(0, most)).replace(/(..)(?=.)/g, '$1 ');
    const left = this.length - most;
    if (left > 0) shown += ` ... ${left} more byte${left > 1 ? 's' : ''}`;
    if (options) {
      const extra = ops.own_names(this, true).map((key) => [key, this[key]]);
      if (extra.length > 0) shown += `${this.length > 0 ? ', ' : ''}${require('util').inspect(Object.fromEntries(extra), { ...options, breakLength: Infinity, compact: true }).slice(2, -2)}`;
    }
    return `<${this.constructor?.name ?? 'Buffer'} ${shown}>`;
  },
};
methods.toLocaleString = methods.toString;
methods.inspect = methods[customInspect];

for (const [name, encoding] of [['utf8', utf8], ['latin1', encodings.latin1], ['ascii', encodings.ascii], ['ucs2', encodings.utf16le], ['hex', encodings.hex], ['base64', encodings.base64], ['base64url', encodings.base64url]]) {
  methods[`${name}Slice`] = function (start, end) {
    return encoding.text(this.subarray(start, end));
  };
  methods[`${name}Write`] = function (text, offset = 0, length = this.length - offset) {
    return encoding.write(text, this, offset, Math.min(offset + length, this.length));
  };
}

for (const name of Reflect.ownKeys(methods)) {
  Object.defineProperty(prototype, name, { value: methods[name], writable: true, configurable: true, enumerable: typeof name === 'string' });
}
Object.defineProperty(prototype, 'parent', { get() { return this instanceof Buffer ? this.buffer : undefined; }, enumerable: true, configurable: true });
Object.defineProperty(prototype, 'offset', { get() { return this instanceof Buffer ? this.byteOffset : undefined; }, enumerable: true, configurable: true });

function swap(buffer, size) {
  if (buffer.length % size !== 0) throw make(RangeError, 'ERR_INVALID_BUFFER_SIZE', `Buffer size must be a multiple of ${size * 8}-bits`);
  for (let at = 0; at < buffer.length; at += size) {
    for (let i = 0; i < size / 2; i++) {
      const other = at + size - 1 - i;
      const byte = buffer[at + i];
      buffer[at + i] = buffer[other];
      buffer[other] = byte;
    }
  }
  return buffer;
}

function search(buffer, value, offset, name, forwards) {
  if (typeof offset === 'string') {
    name = offset;
    offset = undefined;
  }
  offset = +offset;
  if (Number.isNaN(offset)) offset = forwards ? 0 : buffer.length;
  offset = Math.trunc(offset);
  let step = 1;
  if (typeof value === 'number') value &= 255;
  else {
    if (typeof value === 'string') {
      const encoding = getEncoding(name);
      if (encoding.name === 'utf16le') step = 2;
      value = fromString(value, encoding.name);
    } else if (!(value instanceof Uint8Array)) throw invalidArgType('value', ['number', 'string', 'Buffer', 'Uint8Array'], value);
    else if (name !== undefined && encodingOf(name)?.name === 'utf16le') step = 2;
  }
  const length = typeof value === 'number' ? 1 : value.length;
  if (offset < 0) offset += buffer.length;
  if (length === 0) return Math.min(Math.max(offset, 0), buffer.length);
  if (offset < 0) {
    if (!forwards) return -1;
    offset = 0;
  }
  const first = typeof value === 'number' ? value : value[0];
  const last = buffer.length - length;
  const matches = (at) => {
    for (let i = 1; i < length; i++) if (buffer[at + i] !== value[i]) return false;
    return true;
  };
  if (forwards) {
    for (let at = offset; at <= last; at++) {
      at = Uint8Array.prototype.indexOf.call(buffer, first, at);
      if (at === -1 || at > last) return -1;
      if (at % step === 0 && matches(at)) return at;
    }
  } else {
    for (let at = Math.min(offset, last); at >= 0; at--) {
      at = Uint8Array.prototype.lastIndexOf.call(buffer, first, at);
      if (at === -1) return -1;
      if (at % step === 0 && matches(at)) return at;
    }
  }
  return -1;
}

function SlowBuffer(length) {
  return Buffer.allocUnsafeSlow(length);
}
Object.setPrototypeOf(SlowBuffer.prototype, Uint8Array.prototype);
Object.setPrototypeOf(SlowBuffer, Uint8Array);

function bytesOf(input) {
  if (ArrayBuffer.isView(input)) return new Uint8Array(input.buffer, input.byteOffset, input.byteLength);
  if (isAnyArrayBuffer(input)) return new Uint8Array(input);
  throw invalidArgType('input', ['ArrayBuffer', 'Buffer', 'TypedArray'], input);
}

function transcode(source, from, to) {
  if (!(source instanceof Uint8Array)) throw invalidArgType('source', ['Buffer', 'Uint8Array'], source);
  const [input, output] = [encodingOf(from), encodingOf(to)];
  const known = ['utf8', 'utf16le', 'latin1', 'ascii'];
  if (!known.includes(input?.name) || !known.includes(output?.name)) {
    throw Object.assign(new Error(`Unable to transcode Buffer [U_ILLEGAL_ARGUMENT_ERROR]`), { code: 'U_ILLEGAL_ARGUMENT_ERROR', errno: 1 });
  }
  let text = input.text(source);
  const most = output.name === 'ascii' ? 0x7f : output.name === 'latin1' ? 0xff : undefined;
  if (most !== undefined) text = Array.from(text, (character) => (character.codePointAt(0) > most ? '?' : character)).join('');
  return fromString(text, output.name);
}

const lazyBlob = () => require('internal/blob');
const DOMExceptionOf = (message) => new (require('internal/dom_exception'))(message, 'InvalidCharacterError');

function btoa(input) {
  if (arguments.length === 0) throw make(TypeError, 'ERR_MISSING_ARGS', 'The "input" argument must be specified');
  const text = `${input}`;
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 255) throw DOMExceptionOf('Invalid character');
  return fromString(text, 'latin1').toString('base64');
}

function atob(input) {
  if (arguments.length === 0) throw make(TypeError, 'ERR_MISSING_ARGS', 'The "input" argument must be specified');
  let text = `${input}`.replace(/[\t\n\f\r ]+/g, '');
  if (text.length % 4 === 0) text = text.replace(/==?$/, '');
  if (text.length % 4 === 1 || /[^A-Za-z0-9+/]/.test(text)) throw DOMExceptionOf(text.length % 4 === 1 && !/[^A-Za-z0-9+/]/.test(text) ? 'The string to be decoded is not correctly encoded.' : 'Invalid character');
  return fromString(text, 'base64').toString('latin1');
}

Object.assign(exports, {
  Buffer,
  SlowBuffer,
  transcode,
  isUtf8(input) { return internal.native['binary.isUtf8'](bytesOf(input)); },
  isAscii(input) { return encodings.isAscii(bytesOf(input)); },
  kMaxLength,
  kStringMaxLength,
  btoa,
  atob,
  constants: Object.defineProperties({}, {
    MAX_LENGTH: { value: kMaxLength, enumerable: true },
    MAX_STRING_LENGTH: { value: kStringMaxLength, enumerable: true },
  }),
  INSPECT_MAX_BYTES: 50,
  resolveObjectURL(id) { return lazyBlob().resolveObjectURL(id); },
});
require('internal/lazy')(exports, { Blob: () => lazyBlob().Blob, File: () => lazyBlob().File });
