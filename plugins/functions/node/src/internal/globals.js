// Globals of Node.js and the web that are made when they are first used.
// Engines that are older than these symbols.
for (const name of ['dispose', 'asyncDispose']) {
  if (Symbol[name] === undefined) Object.defineProperty(Symbol, name, { value: Symbol(`Symbol.${name}`) });
}

// A buffer that grows is allocated past the limit of the function's memory, so that there are none.
// The engine adds the shared ones to a context when it is made from the snapshot, so that this is done once more then.
const fixed = new Set();
internal.fixBuffers = () => {
  for (const name of ['ArrayBuffer', 'SharedArrayBuffer']) {
    if (!fixed.has(name) && globalThis[name] !== undefined) fix(name);
  }
};

function fix(name) {
  const Native = globalThis[name];
  fixed.add(name);
  const Fixed = { [name]: function (length, options) {
    if (new.target === undefined) throw new TypeError(`Constructor ${name} requires 'new'`);
    if (options !== undefined && options !== null && options.maxByteLength !== undefined) {
      throw Object.assign(new RangeError(`a resizable ${name} is not available in cloud functions`), { code: 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM' });
    }
    const buffer = Reflect.construct(Native, [length], new.target);
    const { prototype } = new.target;
    // QuickJS does not look at `new.target`.
    if (typeof prototype === 'object' && prototype !== null && Object.getPrototypeOf(buffer) !== prototype) Object.setPrototypeOf(buffer, prototype);
    return buffer;
  } }[name];
  for (const key of Reflect.ownKeys(Native)) {
    if (key !== 'prototype') Object.defineProperty(Fixed, key, Object.getOwnPropertyDescriptor(Native, key));
  }
  Object.defineProperty(Fixed, 'prototype', { value: Native.prototype, writable: false });
  Object.defineProperty(Native.prototype, 'constructor', { value: Fixed, writable: true, configurable: true });
  Object.defineProperty(globalThis, name, { value: Fixed, writable: true, configurable: true });
}

internal.fixBuffers();

const lazy = {
  AbortController: () => require('internal/abort').AbortController,
  AbortSignal: () => require('internal/abort').AbortSignal,
  Blob: () => require('internal/blob').Blob,
  BroadcastChannel: () => require('worker_threads').BroadcastChannel,
  Buffer: () => require('buffer').Buffer,
  ByteLengthQueuingStrategy: () => require('stream/web').ByteLengthQueuingStrategy,
  CountQueuingStrategy: () => require('stream/web').CountQueuingStrategy,
  CustomEvent: () => require('internal/event_target').CustomEvent,
  DOMException: () => require('internal/dom_exception'),
  Event: () => require('internal/event_target').Event,
  EventTarget: () => require('internal/event_target').EventTarget,
  File: () => require('internal/blob').File,
  MessageChannel: () => require('worker_threads').MessageChannel,
  MessageEvent: () => require('internal/event_target').MessageEvent,
  MessagePort: () => require('worker_threads').MessagePort,
  PerformanceEntry: () => require('perf_hooks').PerformanceEntry,
  PerformanceMark: () => require('perf_hooks').PerformanceMark,
  PerformanceMeasure: () => require('perf_hooks').PerformanceMeasure,
  PerformanceObserver: () => require('perf_hooks').PerformanceObserver,
  ReadableByteStreamController: () => require('stream/web').ReadableByteStreamController,
  ReadableStream: () => require('stream/web').ReadableStream,
  ReadableStreamBYOBReader: () => require('stream/web').ReadableStreamBYOBReader,
  ReadableStreamBYOBRequest: () => require('stream/web').ReadableStreamBYOBRequest,
  ReadableStreamDefaultController: () => require('stream/web').ReadableStreamDefaultController,
  ReadableStreamDefaultReader: () => require('stream/web').ReadableStreamDefaultReader,
  TextDecoder: () => require('internal/encoding').TextDecoder,
  TextDecoderStream: () => require('stream/web').TextDecoderStream,
  TextEncoder: () => require('internal/encoding').TextEncoder,
  TextEncoderStream: () => require('stream/web').TextEncoderStream,
  TransformStream: () => require('stream/web').TransformStream,
  TransformStreamDefaultController: () => require('stream/web').TransformStreamDefaultController,
  URL: () => require('internal/url').URL,
  URLSearchParams: () => require('internal/url').URLSearchParams,
  WritableStream: () => require('stream/web').WritableStream,
  WritableStreamDefaultController: () => require('stream/web').WritableStreamDefaultController,
  WritableStreamDefaultWriter: () => require('stream/web').WritableStreamDefaultWriter,
  atob: () => require('buffer').atob,
  btoa: () => require('buffer').btoa,
  console: () => require('console'),
  navigator: () => require('internal/navigator'),
  performance: () => require('perf_hooks').performance,
  process: () => require('process'),
  Crypto: () => require('internal/crypto/webcrypto').Crypto,
  CryptoKey: () => require('internal/crypto/webcrypto').CryptoKey,
  SubtleCrypto: () => require('internal/crypto/webcrypto').SubtleCrypto,
  crypto: () => require('internal/crypto/webcrypto').webcrypto,
  structuredClone: () => require('internal/structured_clone'),
};
for (const name of ['CompressionStream', 'DecompressionStream']) lazy[name] = () => require('internal/compression_streams')[name];
for (const name of ['fetch', 'Headers', 'Request', 'Response', 'FormData']) lazy[name] = () => require('internal/fetch')[name];

require('internal/lazy')(globalThis, lazy, false);
