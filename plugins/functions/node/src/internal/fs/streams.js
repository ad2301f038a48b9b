// The streams of `fs`; ours.
'use strict';
const { Readable, Writable } = require('stream');
const { Buffer } = require('buffer');
const { sync, getPath, getOptions } = require('internal/fs/files');
const { validateInteger } = require('internal/validators');
const { outOfRange, AbortError } = require('internal/errors');

function fdOf(given) {
  return typeof given === 'object' && given !== null ? given.fd : given;
}

function watchSignal(stream, signal) {
  if (!signal) return;
  const abort = () => stream.destroy(new AbortError(undefined, { cause: signal.reason }));
  if (signal.aborted) abort();
  else signal.addEventListener('abort', abort, { once: true });
}

function ReadStream(path, options) {
  if (!(this instanceof ReadStream)) return new ReadStream(path, options);
  options = { ...getOptions(options) };
  options.highWaterMark ??= 64 * 1024;
  options.autoDestroy ??= options.autoClose ?? true;
  this.fd = options.fd === undefined || options.fd === null ? null : fdOf(options.fd);
  if (this.fd === null) this.path = getPath(path);
  this.flags = options.flags ?? 'r';
  this.mode = options.mode ?? 0o666;
  this.start = options.start;
  this.end = options.end ?? Infinity;
  this.pos = undefined;
  this.bytesRead = 0;
  this._autoClose = options.autoClose ?? true;
  if (this.start !== undefined) {
    validateInteger(this.start, 'start', 0);
    this.pos = this.start;
  }
  if (this.end !== Infinity) {
    validateInteger(this.end, 'end', 0);
    if (this.start !== undefined && this.start > this.end) throw outOfRange('start', `<= "end" (here: ${this.end})`, this.start);
  }
  Reflect.apply(Readable, this, [{ ...options, signal: undefined }]);
  if (options.encoding) this.setEncoding(options.encoding);
  watchSignal(this, options.signal);
}
Object.setPrototypeOf(ReadStream.prototype, Readable.prototype);
Object.setPrototypeOf(ReadStream, Readable);

// Opens as the stream begins, after its listeners could be added.
function construct(done) {
  if (this.fd !== null) {
    done();
    return;
  }
  try {
    this.fd = sync.open(this.path, this.flags, this.mode);
  } catch (error) {
    done(error);
    return;
  }
  done();
  this.emit('open', this.fd);
  this.emit('ready');
}

function destroy(error, done) {
  const { fd } = this;
  this.fd = null;
  if (fd !== null) {
    try {
      sync.close(fd);
    } catch (thrown) {
      error ??= thrown;
    }
  }
  done(error);
}

ReadStream.prototype._construct = construct;
ReadStream.prototype._destroy = destroy;
ReadStream.prototype._read = function (size) {
  const left = this.pos === undefined ? this.end - this.bytesRead + 1 : this.end - this.pos + 1;
  const length = Math.min(left, size);
  if (length <= 0) {
    this.push(null);
    return;
  }
  // A turn of its own for each piece, as for one that comes from a disk.
  setImmediate(() => {
    if (this.destroyed || this.fd === null) return;
    let bytes;
    try {
      bytes = sync.readBytes(this.fd, length, this.pos);
    } catch (error) {
      this.destroy(error);
      return;
    }
    if (this.pos !== undefined) this.pos += bytes.length;
    this.bytesRead += bytes.length;
    this.push(bytes.length > 0 ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length) : null);
  });
};
ReadStream.prototype.close = function (callback) {
  if (callback) this.once('close', () => callback(null));
  this.destroy();
};

function WriteStream(path, options) {
  if (!(this instanceof WriteStream)) return new WriteStream(path, options);
  options = { ...getOptions(options) };
  options.autoDestroy ??= options.autoClose ?? true;
  this.fd = options.fd === undefined || options.fd === null ? null : fdOf(options.fd);
  if (this.fd === null) this.path = getPath(path);
  this.flags = options.flags ?? 'w';
  this.mode = options.mode ?? 0o666;
  this.start = options.start;
  this.pos = undefined;
  this.bytesWritten = 0;
  if (this.start !== undefined) {
    validateInteger(this.start, 'start', 0);
    this.pos = this.start;
  }
  const { encoding } = options;
  Reflect.apply(Writable, this, [{ ...options, encoding: undefined, signal: undefined, decodeStrings: true }]);
  if (encoding) this.setDefaultEncoding(encoding);
  watchSignal(this, options.signal);
}
Object.setPrototypeOf(WriteStream.prototype, Writable.prototype);
Object.setPrototypeOf(WriteStream, Writable);
WriteStream.prototype._construct = construct;
WriteStream.prototype._destroy = destroy;
WriteStream.prototype._write = function (chunk, encoding, done) {
  try {
    const count = sync.write(this.fd, chunk, 0, chunk.byteLength, this.pos);
    this.bytesWritten += count;
    if (this.pos !== undefined) this.pos += count;
  } catch (error) {
    done(error);
    return;
  }
  done();
};
WriteStream.prototype.close = function (callback) {
  if (callback) this.once('close', () => callback(null));
  this.end();
};
WriteStream.prototype.destroySoon = WriteStream.prototype.end;
Object.defineProperty(ReadStream.prototype, 'pending', { get() { return this.fd === null; }, configurable: true });
Object.defineProperty(WriteStream.prototype, 'pending', { get() { return this.fd === null; }, configurable: true });

module.exports = { ReadStream, WriteStream };
