// Node.js's `fs`: the package, read-only, and a temporary folder in memory; ours, over native ops.
'use strict';
const { sync, constants, Stats, Dirent, getPath } = require('internal/fs/files');
const { validateFunction } = require('internal/validators');
const { unavailable, invalidArgType } = require('internal/errors');

const fs = module.exports;

// What checks its arguments before it begins throws; the rest reaches the callback, in a turn of its own.
const argumentErrors = new Set(['ERR_INVALID_ARG_TYPE', 'ERR_INVALID_ARG_VALUE', 'ERR_OUT_OF_RANGE']);

function withCallback(name, results = (value) => (value === undefined ? [] : [value])) {
  const run = sync[name];
  const method = function (...args) {
    // The callback is the last function: what comes after it is of no meaning.
    const at = args.findLastIndex((argument) => typeof argument === 'function');
    const callback = args[at];
    if (at < 0) validateFunction(undefined, 'cb');
    const given = args.slice(0, at);
    let outcome;
    try {
      outcome = [null, ...results(run(...given), given)];
    } catch (error) {
      if (argumentErrors.has(error.code)) throw error;
      outcome = [error];
    }
    setImmediate(() => Reflect.apply(callback, undefined, outcome));
  };
  Object.defineProperty(method, 'name', { value: name });
  return method;
}

const customArgs = Symbol.for('nodejs.util.promisify.customArgs');
for (const name of Object.keys(sync)) {
  if (name === 'readBytes') continue;
  fs[`${name}Sync`] = sync[name];
  if (name === 'exists') continue;
  fs[name] = withCallback(name);
}
// These also give the buffer.
for (const name of ['read', 'write', 'readv', 'writev']) {
  fs[name] = withCallback(name, (count, [, given]) => [count, name === 'read' && !ArrayBuffer.isView(given) ? given?.buffer : given]);
  Object.defineProperty(fs[name], customArgs, { value: [name.startsWith('read') ? 'bytesRead' : 'bytesWritten', name.endsWith('v') ? 'buffers' : 'buffer'], enumerable: false });
}
const readCallback = fs.read;
fs.read = function read(fd, ...args) {
  // A buffer of its own, if none is given.
  if (typeof args[0] === 'function') args.unshift({ buffer: Buffer.alloc(16384) });
  else if (!ArrayBuffer.isView(args[0]) && args[0] !== null && typeof args[0] === 'object') args[0] = { buffer: Buffer.alloc(16384), ...args[0] };
  return readCallback(fd, ...args);
};
Object.defineProperty(fs.read, customArgs, { value: ['bytesRead', 'buffer'], enumerable: false });

fs.exists = function exists(path, callback) {
  validateFunction(callback, 'cb');
  let found = false;
  try {
    found = sync.exists(path);
  } catch {
    // What is no path does not exist.
  }
  setImmediate(callback, found);
};
Object.defineProperty(fs.exists, Symbol.for('nodejs.util.promisify.custom'), { value: (path) => new Promise((resolve) => fs.exists(path, resolve)) });
fs.existsSync = (path) => {
  try {
    return sync.exists(path);
  } catch {
    return false;
  }
};
fs.realpath.native = fs.realpath;
fs.realpathSync.native = fs.realpathSync;

class Dir {
  #entries;
  #closed = false;
  constructor(path, options) {
    this.path = path;
    this.#entries = sync.readdir(path, { ...options, withFileTypes: true });
  }
  readSync() {
    return this.#entries.shift() ?? null;
  }
  read(callback) {
    if (callback === undefined) return Promise.resolve(this.readSync());
    setImmediate(callback, null, this.readSync());
    return undefined;
  }
  closeSync() {
    this.#closed = true;
  }
  close(callback) {
    this.#closed = true;
    if (callback === undefined) return Promise.resolve();
    setImmediate(callback, null);
    return undefined;
  }
  async *entries() {
    while (!this.#closed && this.#entries.length > 0) yield this.#entries.shift();
  }
  [Symbol.asyncIterator]() {
    return this.entries();
  }
}

fs.opendirSync = (path, options) => new Dir(getPath(path), options);
fs.opendir = (path, options, callback = options) => {
  validateFunction(callback, 'callback');
  let outcome;
  try {
    outcome = [null, new Dir(getPath(path), typeof options === 'object' ? options : {})];
  } catch (error) {
    outcome = [error];
  }
  setImmediate(callback, ...outcome);
};
fs.openAsBlob = async (path, options) => new Blob([sync.readFile(path)], options);

for (const name of ['watch', 'watchFile', 'unwatchFile']) {
  fs[name] = () => {
    throw unavailable(`fs.${name}()`);
  };
}

Object.assign(fs, { constants, Stats, Dirent, Dir, F_OK: 0, R_OK: 4, W_OK: 2, X_OK: 1 });
fs.createReadStream = (path, options) => new fs.ReadStream(path, options);
fs.createWriteStream = (path, options) => new fs.WriteStream(path, options);
fs._toUnixTimestamp = (time) => {
  if (typeof time === 'number' || (typeof time === 'string' && +time == time)) return +time;
  if (time instanceof Date) return time.getTime() / 1000;
  throw invalidArgType('time', ['Date', 'Time in seconds'], time);
};

require('internal/lazy')(fs, {
  ReadStream: () => require('internal/fs/streams').ReadStream,
  WriteStream: () => require('internal/fs/streams').WriteStream,
  FileReadStream: () => require('internal/fs/streams').ReadStream,
  FileWriteStream: () => require('internal/fs/streams').WriteStream,
  promises: () => require('fs/promises'),
});
