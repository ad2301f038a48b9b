// The streams of npm `readable-stream`, which is Node.js's own code, and their bridges to the streams of the web.
'use strict';
const stream = require('readable-stream/lib/stream');
const { promises } = stream;

module.exports = stream;
stream.Stream = stream;
Object.defineProperty(stream, 'promises', { get: () => promises, enumerable: true, configurable: true });
stream._uint8ArrayToBuffer = (bytes) => require('buffer').Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
stream._isUint8Array = (value) => value instanceof Uint8Array;

const bridges = (name) => require('internal/web_stream_adapters')[name];
Object.assign(stream.Readable, {
  fromWeb: (...args) => bridges('readableFromWeb')(...args),
  toWeb: (...args) => bridges('readableToWeb')(...args),
});
Object.assign(stream.Writable, {
  fromWeb: (...args) => bridges('writableFromWeb')(...args),
  toWeb: (...args) => bridges('writableToWeb')(...args),
});
Object.assign(stream.Duplex, {
  fromWeb: (...args) => bridges('duplexFromWeb')(...args),
  toWeb: (...args) => bridges('duplexToWeb')(...args),
});
