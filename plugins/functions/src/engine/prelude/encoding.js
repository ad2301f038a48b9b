// TextEncoder and TextDecoder, for UTF-8.
(function (internal, ops) {
  'use strict';

  class TextEncoder {
    get encoding() {
      return 'utf-8';
    }
    encode(text = '') {
      return new Uint8Array(ops.encode(`${text}`));
    }
    encodeInto(text, target) {
      const bytes = this.encode(text);
      let written = Math.min(bytes.length, target.length);
      while (written > 0 && written < bytes.length && (bytes[written] & 0xc0) === 0x80) written--;
      target.set(bytes.subarray(0, written));
      return { read: ops.decode(bytes.subarray(0, written), false).length, written };
    }
  }

  class TextDecoder {
    #fatal;
    #keepMark;
    constructor(label = 'utf-8', { fatal = false, ignoreBOM = false } = {}) {
      if (!/^(utf-?8|unicode-1-1-utf-8)$/i.test(`${label}`.trim())) throw new RangeError(`the encoding ${label} is not available yet`);
      this.#fatal = Boolean(fatal);
      this.#keepMark = Boolean(ignoreBOM);
    }
    get encoding() {
      return 'utf-8';
    }
    get fatal() {
      return this.#fatal;
    }
    get ignoreBOM() {
      return this.#keepMark;
    }
    decode(input, { stream = false } = {}) {
      if (stream) throw new Error('TextDecoder with stream: true is not available yet');
      if (input === undefined) return '';
      const bytes = ArrayBuffer.isView(input) ? new Uint8Array(input.buffer, input.byteOffset, input.byteLength) : new Uint8Array(input);
      const text = ops.decode(bytes, this.#fatal);
      if (text === undefined) throw new TypeError('the data is not valid UTF-8');
      return !this.#keepMark && text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
    }
  }

  for (const type of [TextEncoder, TextDecoder]) {
    Object.defineProperty(globalThis, type.name, { value: type, writable: true, configurable: true, enumerable: false });
  }
});
