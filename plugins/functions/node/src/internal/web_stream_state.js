// What Node.js's streams, and undici, ask streams of the web by well-known symbols: whether one was read from, has failed,
// and a promise of its end. They look at it without a reader, so it is taken from npm `web-streams-polyfill`'s own fields.
'use strict';

const closed = Symbol.for('nodejs.webstream.isClosedPromise');
const errored = Symbol.for('nodejs.stream.errored');
const disturbed = Symbol.for('nodejs.stream.disturbed');
const readable = Symbol.for('nodejs.stream.readable');

const state = Symbol('state');
const end = Symbol('end');

function settle(stream) {
  const { resolve, reject } = stream[end];
  // The error is stored after the state.
  queueMicrotask(() => (stream[state] === 'errored' ? reject(stream._storedError) : resolve()));
}

const over = (stream) => stream[state] === 'closed' || stream[state] === 'errored';

module.exports = ({ ReadableStream, WritableStream }) => {
  for (const { prototype } of [ReadableStream, WritableStream]) {
    Object.defineProperty(prototype, '_state', {
      get() {
        return this[state];
      },
      set(value) {
        Object.defineProperty(this, state, { value, writable: true, configurable: true, enumerable: false });
        if (this[end] !== undefined && over(this)) settle(this);
      },
      configurable: true,
      enumerable: false,
    });
    Object.defineProperty(prototype, closed, {
      get() {
        if (this[end] === undefined) {
          const kept = {};
          kept.promise = new Promise((resolve, reject) => Object.assign(kept, { resolve, reject }));
          kept.promise.catch(() => {});
          Object.defineProperty(this, end, { value: kept, enumerable: false });
          if (over(this)) settle(this);
        }
        return this[end];
      },
      configurable: true,
      enumerable: false,
    });
    Object.defineProperty(prototype, errored, {
      get() {
        return this[state] === 'errored';
      },
      configurable: true,
      enumerable: false,
    });
  }
  Object.defineProperty(ReadableStream.prototype, disturbed, {
    get() {
      return Boolean(this._disturbed);
    },
    configurable: true,
    enumerable: false,
  });
  Object.defineProperty(ReadableStream.prototype, readable, {
    get() {
      return this[state] === 'readable';
    },
    configurable: true,
    enumerable: false,
  });
};
