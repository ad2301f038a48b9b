// The streams of the web: npm `web-streams-polyfill`; those for text are ours.
'use strict';
const streams = require('web-streams-polyfill');

class TextEncoderStream {
  #transform;
  // A surrogate whose partner is in the next chunk.
  #high = '';
  constructor() {
    const encoder = new TextEncoder();
    this.#transform = new streams.TransformStream({
      transform: (chunk, controller) => {
        let text = this.#high + `${chunk}`;
        this.#high = /[\ud800-\udbff]$/.test(text) ? text.slice(-1) : '';
        if (this.#high !== '') text = text.slice(0, -1);
        if (text !== '') controller.enqueue(encoder.encode(text));
      },
      flush: (controller) => {
        if (this.#high !== '') controller.enqueue(encoder.encode(this.#high));
      },
    });
  }
  get encoding() { return 'utf-8'; }
  get readable() { return this.#transform.readable; }
  get writable() { return this.#transform.writable; }
}

class TextDecoderStream {
  #decoder;
  #transform;
  constructor(label = 'utf-8', options = {}) {
    this.#decoder = new TextDecoder(label, options);
    this.#transform = new streams.TransformStream({
      transform: (chunk, controller) => {
        const text = this.#decoder.decode(chunk, { stream: true });
        if (text !== '') controller.enqueue(text);
      },
      flush: (controller) => {
        const text = this.#decoder.decode();
        if (text !== '') controller.enqueue(text);
      },
    });
  }
  get encoding() { return this.#decoder.encoding; }
  get fatal() { return this.#decoder.fatal; }
  get ignoreBOM() { return this.#decoder.ignoreBOM; }
  get readable() { return this.#transform.readable; }
  get writable() { return this.#transform.writable; }
}

require('internal/web_stream_state')(streams);
require('internal/web_classes')({ TextEncoderStream, TextDecoderStream }, false);

module.exports = { ...streams, TextEncoderStream, TextDecoderStream };
// Whoever does compression makes these.
for (const name of ['CompressionStream', 'DecompressionStream']) Object.defineProperty(module.exports, name, { get: () => globalThis[name], enumerable: true, configurable: true });
