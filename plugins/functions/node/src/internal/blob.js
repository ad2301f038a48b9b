// Blob and File of the File API; their bytes are in memory.
'use strict';
const { invalidArgType, make } = require('internal/errors');
const { Buffer } = require('buffer');
const customInspect = Symbol.for('nodejs.util.inspect.custom');

const stored = new Map();
let last = 0;

function bytesOf(part, endings) {
  if (part instanceof Blob) return bytesOfBlob(part);
  if (ArrayBuffer.isView(part)) return Buffer.from(new Uint8Array(part.buffer, part.byteOffset, part.byteLength));
  const kind = ops.kind(part);
  if (kind === 'ArrayBuffer' || kind === 'SharedArrayBuffer') return Buffer.from(new Uint8Array(part));
  let text = `${part}`;
  if (endings === 'native') text = text.replace(/\r\n?/g, '\n');
  return Buffer.from(text.isWellFormed?.() === false ? text.toWellFormed() : text);
}

let bytesOfBlob;

class Blob {
  #bytes;
  #type;

  constructor(parts = [], options = {}) {
    if (parts === null || typeof parts !== 'object' || typeof parts[Symbol.iterator] !== 'function') throw invalidArgType('sources', 'a sequence', parts);
    if (options !== undefined && options !== null && typeof options !== 'object' && typeof options !== 'function') throw invalidArgType('options', 'Object', options);
    const { endings = 'transparent', type = '' } = options ?? {};
    if (endings !== 'transparent' && endings !== 'native') throw make(TypeError, 'ERR_INVALID_ARG_VALUE', `The property 'options.endings' is invalid. Received '${endings}'`);
    const pieces = Array.from(parts, (part) => bytesOf(part, endings));
    this.#bytes = pieces.length === 1 ? pieces[0] : Buffer.concat(pieces);
    const text = `${type}`;
    this.#type = /[^\x20-\x7e]/.test(text) ? '' : text.toLowerCase();
  }

  static {
    bytesOfBlob = (blob) => blob.#bytes;
  }
  get size() {
    return this.#bytes.length;
  }
  get type() {
    return this.#type;
  }
  slice(start = 0, end = this.size, type = '') {
    const part = new Blob([], { type });
    part.#bytes = this.#bytes.subarray(start, end);
    return part;
  }
  async arrayBuffer() {
    const { buffer, byteOffset, length } = this.#bytes;
    return buffer.slice(byteOffset, byteOffset + length);
  }
  async bytes() {
    return new Uint8Array(await this.arrayBuffer());
  }
  async text() {
    return new TextDecoder().decode(this.#bytes);
  }
  stream() {
    const bytes = this.#bytes;
    let at = 0;
    return new ReadableStream({
      type: 'bytes',
      pull(controller) {
        if (at >= bytes.length) {
          controller.close();
          controller.byobRequest?.respond(0);
          return;
        }
        controller.enqueue(new Uint8Array(bytes.subarray(at, at + 65536)));
        at += 65536;
      },
    });
  }
  [customInspect](depth, options, inspect) {
    return depth < 0 ? this : `Blob ${inspect({ size: this.size, type: this.type }, { ...options, depth: options.depth == null ? null : options.depth - 1 })}`;
  }
}

class File extends Blob {
  #name;
  #lastModified;

  constructor(parts, name, options = {}) {
    if (arguments.length < 2) throw make(TypeError, 'ERR_MISSING_ARGS', 'The "fileBits" and "fileName" arguments must be specified');
    super(parts, options);
    this.#name = `${name}`;
    this.#lastModified = options?.lastModified === undefined ? Date.now() : Number(options.lastModified) || 0;
  }
  get name() {
    return this.#name;
  }
  get lastModified() {
    return this.#lastModified;
  }
  [customInspect](depth, options, inspect) {
    return depth < 0 ? this : `File ${inspect({ size: this.size, type: this.type, name: this.name, lastModified: this.lastModified }, options)}`;
  }
}

require('internal/web_classes')({ Blob, File });
function createObjectURL(blob) {
  if (!(blob instanceof Blob)) throw invalidArgType('obj', 'Blob', blob);
  const id = `blob:nodedata:${++last}`;
  stored.set(id, blob);
  return id;
}

module.exports = { Blob, File, bytesOfBlob, createObjectURL, revokeObjectURL: (id) => void stored.delete(`${id}`), resolveObjectURL: (id) => stored.get(`${id}`) };
