// CompressionStream and DecompressionStream of the web, over zlib's.
'use strict';
const { Duplex } = require('stream');
const { invalidArgValue } = require('internal/errors');

const makers = { __proto__: null, gzip: ['createGzip', 'createGunzip'], deflate: ['createDeflate', 'createInflate'], 'deflate-raw': ['createDeflateRaw', 'createInflateRaw'] };

class Coding {
  #pair;
  constructor(format, index) {
    const names = makers[`${format}`];
    if (names === undefined) throw invalidArgValue('format', format);
    this.#pair = Duplex.toWeb(require('zlib')[names[index]]());
  }
  get readable() {
    return this.#pair.readable;
  }
  get writable() {
    return this.#pair.writable;
  }
}

class CompressionStream extends Coding {
  constructor(format) {
    super(format, 0);
  }
}

class DecompressionStream extends Coding {
  constructor(format) {
    super(format, 1);
  }
}

module.exports = { CompressionStream, DecompressionStream };
