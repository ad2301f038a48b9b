// zlib over the native streams of compression: streams, callbacks and results at once.
const { Buffer, kMaxLength } = require('buffer');
const { Transform } = require('stream');
const { constants, zlib: ofZlib } = require('internal/zlib_constants');
const { make: nodeError, invalidArgType } = require('internal/errors');

const { native } = internal;
const { Z_NO_FLUSH, Z_BLOCK, Z_FINISH, Z_FULL_FLUSH, BROTLI_OPERATION_PROCESS, BROTLI_OPERATION_FLUSH, BROTLI_OPERATION_FINISH } = constants;

// What a result at once may have unless `maxOutputLength` says otherwise; Node.js's limit is that of buffers.
const MAX_OUTPUT = 256 * 1024 * 1024;
// The most that a native step takes and gives.
const STEP = 256 * 1024;
const none = new Uint8Array(0);
const forgotten = new FinalizationRegistry((id) => native['resource.close'](id));

function bytesOf(value, name = 'buffer') {
  if (typeof value === 'string') return Buffer.from(value);
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return value instanceof Uint8Array ? value : ArrayBuffer.isView(value) ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength) : new Uint8Array(value);
  throw invalidArgType(name, ['string', 'Buffer', 'TypedArray', 'DataView', 'ArrayBuffer'], value);
}

function inRange(value, name, least, most, fallback) {
  if (value === undefined || value !== value) return fallback;
  if (typeof value !== 'number') throw invalidArgType(name, 'number', value);
  if (value < least || value > most) throw nodeError(RangeError, 'ERR_OUT_OF_RANGE', `The value of "${name}" is out of range. It must be >= ${least} and <= ${most}. Received ${value}`);
  return value;
}

function tooLong(limit) {
  return nodeError(RangeError, 'ERR_BUFFER_TOO_LARGE', `Cannot create a Buffer larger than ${limit} bytes`);
}

class ZlibBase extends Transform {
  constructor(options, mode, brotli) {
    options ??= {};
    const chunkSize = inRange(options.chunkSize, 'options.chunkSize', 64, Infinity, 16 * 1024);
    super({ autoDestroy: true, ...options });
    const [first, last] = brotli ? [BROTLI_OPERATION_PROCESS, BROTLI_OPERATION_FINISH] : [Z_NO_FLUSH, Z_FINISH];
    const most = brotli ? BROTLI_OPERATION_FINISH : Z_BLOCK;
    this._defaultFlushFlag = inRange(options.flush, 'options.flush', 0, most, first);
    this._finishFlushFlag = inRange(options.finishFlush, 'options.finishFlush', 0, most, last);
    this._defaultFullFlushFlag = brotli ? BROTLI_OPERATION_FLUSH : Z_FULL_FLUSH;
    this._chunkSize = Math.min(chunkSize, STEP);
    this._maxOutputLength = inRange(options.maxOutputLength, 'options.maxOutputLength', 1, kMaxLength, MAX_OUTPUT);
    this._info = options.info;
    this.bytesWritten = 0;
    this._ended = false;
    const settings = {};
    for (const name of ['windowBits', 'level', 'memLevel', 'strategy', 'params']) if (options[name] !== undefined && options[name] === options[name]) settings[name] = options[name];
    if (options.dictionary !== undefined) settings.dictionary = bytesOf(options.dictionary, 'options.dictionary');
    this._handle = native['zlib.open'](mode, settings);
    forgotten.register(this, this._handle, this);
  }

  // One step of native work: gives the output, and says how much of the input is left.
  _step(flush, chunk) {
    // A byte more than a step takes tells it that this is not the end.
    const part = chunk.length > STEP ? chunk.subarray(0, STEP + 1) : chunk;
    const [output, taken, ended] = native['zlib.step'](this._handle, flush, part, this._chunkSize);
    this.bytesWritten += taken;
    this._ended = ended;
    return { output, rest: taken === 0 ? chunk : chunk.subarray(taken), full: output.length >= this._chunkSize };
  }

  _transform(chunk, encoding, callback) {
    let flush = this._defaultFlushFlag;
    if (typeof chunk === 'object' && chunk !== null && flushes.has(chunk)) {
      flush = flushes.get(chunk);
      chunk = none;
    } else if (this.writableEnded && this.writableLength === chunk.byteLength) {
      flush = this._finishFlushFlag;
    }
    this._run(flush, bytesOf(chunk, 'chunk'), callback);
  }

  _flush(callback) {
    if (this._ended) callback();
    else this._run(this._finishFlushFlag, none, callback);
  }

  // Steps until the input is taken and the output was not full. Goes on later when the reader has enough for now.
  _run(flush, chunk, callback) {
    try {
      for (;;) {
        if (this.destroyed || this._handle === undefined) return;
        const { output, rest, full } = this._step(flush, chunk);
        const stuck = rest.length === chunk.length && output.length === 0;
        chunk = rest;
        const more = (full || (chunk.length > 0 && !stuck)) && !(this._ended && chunk.length === 0);
        if (output.length > 0 && !this.push(Buffer.from(output.buffer, output.byteOffset, output.byteLength)) && more) {
          this._resume = () => this._run(flush, chunk, callback);
          return;
        }
        if (!more) break;
      }
    } catch (error) {
      this._close();
      callback(error);
      return;
    }
    callback();
  }

  _read(size) {
    const resume = this._resume;
    if (resume !== undefined) {
      this._resume = undefined;
      resume();
      return;
    }
    super._read(size);
  }

  flush(kind, callback) {
    if (typeof kind === 'function' || (kind === undefined && !callback)) {
      callback = kind;
      kind = this._defaultFullFlushFlag;
    }
    if (this.writableFinished) {
      if (callback) process.nextTick(callback);
    } else if (this.writableEnded) {
      if (callback) this.once('end', callback);
    } else {
      // A chunk of no bytes, in its turn among those that are written.
      const marker = Buffer.alloc(0);
      flushes.set(marker, kind);
      this.write(marker, '', callback);
    }
  }

  params(level, strategy, callback) {
    inRange(level, 'level', -1, 9, -1);
    inRange(strategy, 'strategy', 0, 4, 0);
    this.flush(constants.Z_SYNC_FLUSH, () => {
      native['zlib.params'](this._handle, level, strategy);
      if (callback) callback();
    });
  }

  reset() {
    if (this._handle === undefined) throw nodeError(Error, 'ERR_INVALID_STATE', 'zlib binding closed');
    native['zlib.reset'](this._handle);
    this._ended = false;
  }

  close(callback) {
    if (callback) this.destroyed ? process.nextTick(callback) : this.once('close', callback);
    this.destroy();
  }

  _close() {
    if (this._handle === undefined) return;
    forgotten.unregister(this);
    native['resource.close'](this._handle);
    this._handle = undefined;
  }

  _destroy(error, callback) {
    this._close();
    callback(error);
  }

  get bytesRead() {
    return this.bytesWritten;
  }
}

const flushes = new WeakMap();

// All of the output, or an error when it has more than is allowed.
function sync(engine, input) {
  const limit = engine._maxOutputLength;
  let chunk = bytesOf(input);
  const parts = [];
  let length = 0;
  engine._chunkSize = Math.min(STEP, Math.max(16 * 1024, chunk.length * 2));
  try {
    for (;;) {
      const { output, rest, full } = engine._step(engine._finishFlushFlag, chunk);
      const stuck = rest.length === chunk.length && output.length === 0;
      chunk = rest;
      length += output.length;
      if (length > limit) throw tooLong(limit);
      if (output.length > 0) parts.push(output);
      if (stuck || (chunk.length === 0 && (engine._ended || !full))) break;
    }
  } finally {
    engine._close();
  }
  const result = parts.length === 1 ? Buffer.from(parts[0].buffer, parts[0].byteOffset, parts[0].byteLength) : Buffer.concat(parts, length);
  return engine._info ? { buffer: result, engine } : result;
}

function later(Type, buffer, options, callback) {
  if (typeof options === 'function') {
    callback = options;
    options = {};
  }
  if (typeof callback !== 'function') throw invalidArgType('callback', 'function', callback);
  const input = bytesOf(buffer);
  const engine = new Type(options);
  const limit = engine._maxOutputLength;
  const parts = [];
  let length = 0;
  engine.on('data', (part) => {
    length += part.length;
    if (length > limit) engine.destroy(tooLong(limit));
    else parts.push(part);
  });
  engine.on('error', callback);
  engine.on('end', () => {
    const result = Buffer.concat(parts, length);
    engine.close();
    callback(null, engine._info ? { buffer: result, engine } : result);
  });
  engine.end(input);
}

const promisified = Symbol.for('nodejs.util.promisify.custom');
const types = {};
for (const [name, mode, method] of [
  ['Deflate', constants.DEFLATE, 'deflate'], ['Inflate', constants.INFLATE, 'inflate'], ['Gzip', constants.GZIP, 'gzip'], ['Gunzip', constants.GUNZIP, 'gunzip'],
  ['DeflateRaw', constants.DEFLATERAW, 'deflateRaw'], ['InflateRaw', constants.INFLATERAW, 'inflateRaw'], ['Unzip', constants.UNZIP, 'unzip'],
  ['BrotliDecompress', constants.BROTLI_DECODE, 'brotliDecompress'], ['BrotliCompress', constants.BROTLI_ENCODE, 'brotliCompress'],
]) {
  const Type = class extends ZlibBase {
    constructor(options) {
      super(options, mode, mode >= constants.BROTLI_DECODE);
    }
  };
  Object.defineProperty(Type, 'name', { value: name });
  // Node.js's are functions, which older packages call without `new` or inherit from with `call`.
  const Callable = new Proxy(Type, { apply: (target, self, [options]) => new target(options) });
  Type.prototype.constructor = Callable;
  types[name] = Callable;
  exports[name] = Callable;
  exports[`create${name}`] = (options) => new Type(options);
  exports[`${method}Sync`] = (buffer, options) => sync(new Type(options), buffer);
  exports[method] = (buffer, options, callback) => later(Type, buffer, options, callback);
  exports[method][promisified] = (buffer, options) => new Promise((resolve, reject) => later(Type, buffer, options ?? {}, (error, result) => (error ? reject(error) : resolve(result))));
}

exports.crc32 = (data, value = 0) => {
  let bytes = bytesOf(data, 'data');
  for (; bytes.length > 1 << 20; bytes = bytes.subarray(1 << 20)) value = native['zlib.crc32'](bytes.subarray(0, 1 << 20), value);
  return native['zlib.crc32'](bytes, value);
};

exports.constants = constants;
exports.codes = Object.freeze({
  Z_OK: 0, Z_STREAM_END: 1, Z_NEED_DICT: 2, Z_ERRNO: -1, Z_STREAM_ERROR: -2, Z_DATA_ERROR: -3, Z_MEM_ERROR: -4, Z_BUF_ERROR: -5, Z_VERSION_ERROR: -6,
  0: 'Z_OK', 1: 'Z_STREAM_END', 2: 'Z_NEED_DICT', '-1': 'Z_ERRNO', '-2': 'Z_STREAM_ERROR', '-3': 'Z_DATA_ERROR', '-4': 'Z_MEM_ERROR', '-5': 'Z_BUF_ERROR', '-6': 'Z_VERSION_ERROR',
});
for (const [name, value] of Object.entries(ofZlib)) Object.defineProperty(exports, name, { value, enumerable: false, configurable: true });
