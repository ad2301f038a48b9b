// Node.js's `string_decoder`; ours.
'use strict';
const { Buffer } = require('buffer');
const { encodingOf } = require('internal/buffer/encodings');
const { make, invalidArgType } = require('internal/errors');

// How many bytes at the end belong to a character of UTF-8 that is not complete.
function incompleteUtf8(bytes) {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back];
    if (byte < 0x80) return 0;
    if (byte < 0xc0) continue;
    const size = byte >= 0xf0 ? (byte <= 0xf4 ? 4 : 0) : byte >= 0xe0 ? 3 : byte >= 0xc2 ? 2 : 0;
    if (size <= back) return 0;
    const next = bytes[bytes.length - back + 1];
    // These can never become a character: they are replaced at once.
    if (back > 1 && ((byte === 0xe0 && next < 0xa0) || (byte === 0xed && next > 0x9f) || (byte === 0xf0 && next < 0x90) || (byte === 0xf4 && next > 0x8f))) return 0;
    return back;
  }
  return 0;
}

function incompleteUtf16(bytes) {
  const odd = bytes.length % 2;
  const last = bytes[bytes.length - 1 - odd];
  return bytes.length - odd >= 2 && (last & 0xfc) === 0xd8 ? 2 + odd : odd;
}

const none = () => 0;
const rests = { utf8: incompleteUtf8, utf16le: incompleteUtf16, base64: (bytes) => bytes.length % 3, base64url: (bytes) => bytes.length % 3 };

class StringDecoder {
  constructor(name) {
    const encoding = name === undefined || name === null || name === '' ? encodingOf('utf8') : encodingOf(name);
    if (encoding === undefined) throw make(TypeError, 'ERR_UNKNOWN_ENCODING', `Unknown encoding: ${name}`);
    this.encoding = encoding.name;
    Object.defineProperty(this, '_rest', { value: Buffer.alloc(0), writable: true, enumerable: false });
  }

  write(chunk) {
    if (typeof chunk === 'string') return chunk;
    if (!ArrayBuffer.isView(chunk)) throw invalidArgType('buf', ['Buffer', 'TypedArray', 'DataView'], chunk);
    let bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    if (this._rest.length > 0) bytes = Buffer.concat([this._rest, bytes]);
    const rest = (rests[this.encoding] ?? none)(bytes);
    // A copy: the chunk may change.
    this._rest = rest === 0 ? bytes.subarray(0, 0) : Buffer.from(bytes.subarray(bytes.length - rest));
    return bytes.toString(this.encoding, 0, bytes.length - rest);
  }

  end(chunk) {
    const text = chunk === undefined ? '' : this.write(chunk);
    const rest = this._rest;
    this._rest = rest.subarray(0, 0);
    if (rest.length === 0) return text;
    return text + (this.encoding === 'utf8' ? '\ufffd' : rest.toString(this.encoding));
  }

  text(chunk, offset) {
    this._rest = this._rest.subarray(0, 0);
    return this.write(chunk.slice(offset));
  }

  get lastChar() {
    return this._rest;
  }
  get lastNeed() {
    if (this._rest.length === 0) return 0;
    if (this.encoding === 'utf8') return (this._rest[0] >= 0xf0 ? 4 : this._rest[0] >= 0xe0 ? 3 : 2) - this._rest.length;
    return this.encoding === 'utf16le' ? (this._rest.length % 2 || 2) : 3 - this._rest.length;
  }
  get lastTotal() {
    return this._rest.length + this.lastNeed;
  }
}

// It may be called without `new`, as older code does.
function Decoder(encoding) {
  return Reflect.construct(StringDecoder, [encoding], new.target ?? Decoder);
}
Decoder.prototype = StringDecoder.prototype;
Object.defineProperty(Decoder, 'name', { value: 'StringDecoder' });
Object.defineProperty(StringDecoder.prototype, 'constructor', { value: Decoder, writable: true, configurable: true });

module.exports = { StringDecoder: Decoder };
