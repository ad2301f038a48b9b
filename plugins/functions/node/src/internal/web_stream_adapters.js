// Between the streams of Node.js and those of the web; ours.
'use strict';
const { Readable, Writable, Duplex, finished } = require('stream');
const { Buffer } = require('buffer');
const { AbortError } = require('internal/errors');

const asBytes = (chunk) => (Buffer.isBuffer(chunk) ? new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength) : chunk);

function readableFromWeb(web, options = {}) {
  const reader = web.getReader();
  let closed = false;
  const readable = new Readable({
    ...options,
    objectMode: options.objectMode ?? false,
    read() {
      reader.read().then(
        ({ value, done }) => {
          if (done) closed = true;
          readable.push(done ? null : value);
        },
        (error) => readable.destroy(error),
      );
    },
    destroy(error, done) {
      if (closed) done(error);
      else reader.cancel(error).then(() => done(error), () => done(error));
    },
  });
  reader.closed.then(() => { closed = true; }, (error) => { closed = true; readable.destroy(error); });
  return readable;
}

function readableToWeb(readable, { strategy } = {}) {
  const objects = readable.readableObjectMode;
  readable.pause();
  let stop;
  return new ReadableStream({
    start(controller) {
      stop = finished(readable, { writable: false }, (error) => {
        if (error?.code === 'ERR_STREAM_PREMATURE_CLOSE') error = new AbortError(undefined, { cause: error });
        stop();
        readable.on('error', () => {});
        if (error) controller.error(error);
        else controller.close();
      });
      readable.on('data', (chunk) => {
        controller.enqueue(objects ? chunk : asBytes(chunk));
        if (controller.desiredSize <= 0) readable.pause();
      });
      readable.pause();
    },
    pull() {
      readable.resume();
    },
    cancel(reason) {
      readable.destroy(reason);
    },
  }, strategy ?? (objects ? new CountQueuingStrategy({ highWaterMark: readable.readableHighWaterMark }) : new ByteLengthQueuingStrategy({ highWaterMark: readable.readableHighWaterMark })));
}

function writableFromWeb(web, options = {}) {
  const writer = web.getWriter();
  let closed = false;
  const writable = new Writable({
    ...options,
    objectMode: options.objectMode ?? false,
    write(chunk, encoding, done) {
      if (typeof chunk === 'string' && options.decodeStrings !== false && !options.objectMode) chunk = Buffer.from(chunk, encoding);
      writer.ready.then(() => writer.write(chunk)).then(() => done(), done);
    },
    final(done) {
      closed = true;
      writer.close().then(() => done(), done);
    },
    destroy(error, done) {
      if (closed) done(error);
      else if (error) writer.abort(error).then(() => done(error), () => done(error));
      else writer.close().then(() => done(), () => done());
    },
  });
  writer.closed.then(() => { closed = true; }, (error) => { closed = true; writable.destroy(error); });
  return writable;
}

function writableToWeb(writable) {
  let drained;
  let controller;
  writable.on('drain', () => drained?.resolve());
  const stop = finished(writable, { readable: false }, (error) => {
    stop();
    writable.on('error', () => {});
    if (!error) return;
    drained?.reject(error);
    controller?.error(error);
  });
  return new WritableStream({
    start(own) {
      controller = own;
    },
    write(chunk) {
      if (writable.writableNeedDrain || !writable.write(chunk)) {
        return new Promise((resolve, reject) => { drained = { resolve, reject }; });
      }
      return undefined;
    },
    close() {
      return new Promise((resolve, reject) => writable.end((error) => (error ? reject(error) : resolve())));
    },
    abort(reason) {
      writable.destroy(reason);
    },
  }, new CountQueuingStrategy({ highWaterMark: writable.writableObjectMode ? writable.writableHighWaterMark : 1 }));
}

module.exports = {
  readableFromWeb, readableToWeb, writableFromWeb, writableToWeb,
  duplexFromWeb: (pair, options) => Duplex.from({ readable: readableFromWeb(pair.readable, options), writable: writableFromWeb(pair.writable, options) }),
  duplexToWeb: (duplex) => ({ readable: readableToWeb(duplex), writable: writableToWeb(duplex) }),
};
