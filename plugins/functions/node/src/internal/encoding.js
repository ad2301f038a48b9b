// TextEncoder and TextDecoder of the Encoding Standard, over native ops.
'use strict';
const { make, invalidArgType } = require('internal/errors');
const { native } = internal;

const forgotten = new FinalizationRegistry((decoder) => native['resource.close'](decoder));

function bytesOf(input) {
  if (input === undefined) return new Uint8Array(0);
  if (ArrayBuffer.isView(input)) return input;
  const kind = input !== null && typeof input === 'object' ? ops.kind(input) : undefined;
  if (kind === 'ArrayBuffer' || kind === 'SharedArrayBuffer') return new Uint8Array(input);
  throw make(TypeError, 'ERR_INVALID_ARG_TYPE', 'The "list" argument must be an instance of SharedArrayBuffer, ArrayBuffer or ArrayBufferView.');
}

class TextEncoder {
  get encoding() {
    return 'utf-8';
  }
  encode(text = '') {
    return native['binary.bytes'](`${text}`, 'utf8');
  }
  encodeInto(text, target) {
    if (typeof text !== 'string') throw invalidArgType('src', 'string', text);
    if (!(target instanceof Uint8Array)) throw invalidArgType('dest', 'Uint8Array', target);
    const { utf8 } = require('internal/buffer/encodings');
    // A character of a text has at most three bytes for each of its units.
    if (text.length > target.length) text = text.slice(0, target.length + 1);
    const written = utf8.write(text, target, 0, target.length);
    const read = ops.decode(target.subarray(0, written), false).length;
    return { read, written };
  }
}

class TextDecoder {
  #encoding;
  #fatal;
  #keepMark;
  #decoder;
  #token = {};

  constructor(label = 'utf-8', options = {}) {
    if (options !== null && typeof options !== 'object' && typeof options !== 'function' && options !== undefined) throw invalidArgType('options', 'Object', options);
    const { fatal = false, ignoreBOM = false } = options ?? {};
    const name = `${label}`;
    // The name that is used most needs no look-up.
    this.#encoding = name === 'utf-8' || name === 'utf8' ? 'utf-8' : native['text.label'](name);
    this.#fatal = Boolean(fatal);
    this.#keepMark = Boolean(ignoreBOM);
  }
  get encoding() {
    return this.#encoding;
  }
  get fatal() {
    return this.#fatal;
  }
  get ignoreBOM() {
    return this.#keepMark;
  }
  decode(input = undefined, options = undefined) {
    const bytes = bytesOf(input);
    const stream = Boolean(options?.stream);
    if (!stream && this.#decoder === undefined) return native['text.decode'](this.#encoding, bytes, this.#fatal, this.#keepMark);
    if (this.#decoder === undefined) {
      this.#decoder = native['text.decoder'](this.#encoding, this.#keepMark);
      forgotten.register(this, this.#decoder, this.#token);
    }
    const decoder = this.#decoder;
    try {
      const text = native['text.push'](decoder, bytes, this.#fatal, !stream);
      if (!stream) this.#end();
      return text;
    } catch (error) {
      this.#end();
      throw error;
    }
  }
  #end() {
    this.#decoder = undefined;
    forgotten.unregister(this.#token);
  }
}

require('internal/web_classes')({ TextEncoder, TextDecoder });

module.exports = { TextEncoder, TextDecoder };
