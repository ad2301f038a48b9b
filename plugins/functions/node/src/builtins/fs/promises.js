// Node.js's `fs/promises`; ours.
'use strict';
const { sync, constants, getPath } = require('internal/fs/files');
const { unavailable, AbortError, make } = require('internal/errors');
const EventEmitter = require('events');

// A turn passes before the result is there, as for a disk.
const turn = () => new Promise((resolve) => setImmediate(resolve));

const promised = (name) => {
  const run = sync[name];
  const method = async (...args) => {
    const signal = args[args.length - 1]?.signal;
    if (signal?.aborted) throw new AbortError(undefined, { cause: signal.reason });
    if (args[0] instanceof FileHandle) args[0] = args[0].fd;
    let failure;
    let value;
    try {
      value = run(...args);
    } catch (error) {
      failure = error;
    }
    await turn();
    if (failure !== undefined) throw failure;
    return value;
  };
  Object.defineProperty(method, 'name', { value: name });
  return method;
};

async function all(data, encoding) {
  if (typeof data === 'string' || ArrayBuffer.isView(data)) return data;
  const chunks = [];
  for await (const chunk of data) chunks.push(typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk);
  return Buffer.concat(chunks);
}

class FileHandle extends EventEmitter {
  #fd;
  constructor(fd) {
    super();
    this.#fd = fd;
  }
  get fd() { return this.#fd; }
  getAsyncId() { return 0; }
  async close() {
    if (this.#fd === -1) return;
    const fd = this.#fd;
    this.#fd = -1;
    await fs.close(fd);
    this.emit('close');
  }
  #open() {
    if (this.#fd === -1) throw Object.assign(make(Error, 'EBADF', 'file closed'), { syscall: 'read' });
    return this.#fd;
  }
  async read(buffer, ...args) {
    if (!ArrayBuffer.isView(buffer)) {
      const { buffer: own = Buffer.alloc(16384), offset, length, position } = buffer ?? {};
      buffer = own;
      args = [offset, length, position];
    }
    return { bytesRead: await fs.read(this.#open(), buffer, ...args), buffer };
  }
  async readv(buffers, position) { return { bytesRead: await fs.readv(this.#open(), buffers, position), buffers }; }
  async write(buffer, ...args) { return { bytesWritten: await fs.write(this.#open(), buffer, ...args), buffer }; }
  async writev(buffers, position) { return { bytesWritten: await fs.writev(this.#open(), buffers, position), buffers }; }
  async readFile(options) { return fs.readFile(this.#open(), options); }
  async writeFile(data, options) { return fs.writeFile(this.#open(), await all(data), options); }
  async appendFile(data, options) { return fs.writeFile(this.#open(), await all(data), options); }
  async stat(options) { return fs.fstat(this.#open(), options); }
  async truncate(length) { return fs.ftruncate(this.#open(), length); }
  async sync() { return fs.fsync(this.#open()); }
  async datasync() { return fs.fdatasync(this.#open()); }
  async chmod() { return fs.fchmod(this.#open()); }
  async chown() { return fs.fchown(this.#open()); }
  async utimes() { return fs.futimes(this.#open()); }
  createReadStream(options) { return require('fs').createReadStream('', { ...options, fd: this.#open() }); }
  createWriteStream(options) { return require('fs').createWriteStream('', { ...options, fd: this.#open() }); }
  async *readLines(options) {
    yield* require('readline').createInterface({ input: this.createReadStream(options), crlfDelay: Infinity });
  }
  [Symbol.asyncDispose]() { return this.close(); }
}

// What of the synchronous calls has a promise; the rest is for handles.
const names = ['access', 'copyFile', 'cp', 'rename', 'truncate', 'rm', 'rmdir', 'mkdir', 'readdir', 'readlink', 'symlink', 'lstat', 'stat', 'statfs', 'link', 'unlink', 'chmod', 'lchown', 'chown', 'utimes', 'lutimes', 'realpath', 'mkdtemp', 'writeFile', 'appendFile', 'readFile'];
const handleNames = ['close', 'read', 'readv', 'write', 'writev', 'fstat', 'ftruncate', 'fsync', 'fdatasync', 'fchmod', 'fchown', 'futimes'];
const fs = Object.fromEntries([...names, ...handleNames].map((name) => [name, promised(name)]));

for (const name of names) exports[name] = fs[name];
const { writeFile, appendFile } = exports;
exports.writeFile = async (path, data, options) => writeFile(path, data !== null && typeof data === 'object' && !ArrayBuffer.isView(data) ? await all(data, options?.encoding) : data, options);
exports.appendFile = (path, data, options) => appendFile(path, data, options);
exports.open = async (path, flags, mode) => {
  path = getPath(path);
  let fd;
  let failure;
  try {
    fd = sync.open(path, flags, mode);
  } catch (error) {
    failure = error;
  }
  await turn();
  if (failure !== undefined) throw failure;
  return new FileHandle(fd);
};
exports.opendir = async (path, options) => require('fs').opendirSync(path, options);
exports.watch = () => {
  throw unavailable('fs.watch()');
};
exports.constants = constants;
