// Hashes and ciphers are streams, but mostly used without: a stream is made of one when it is first used as such.

const METHODS = [
  'addListener', 'asIndexedPairs', 'compose', 'cork', 'destroy', 'drop', 'emit', 'end', 'every', 'filter', 'find', 'flatMap', 'forEach',
  'eventNames', 'getMaxListeners', 'isPaused', 'iterator', 'listenerCount', 'listeners', 'map', 'off', 'on', 'once', 'pause', 'pipe',
  'prependListener', 'prependOnceListener', 'push', 'rawListeners', 'read', 'reduce', 'removeAllListeners', 'removeListener', 'resume',
  'setDefaultEncoding', 'setEncoding', 'setMaxListeners', 'some', 'take', 'toArray', 'uncork', 'unpipe', 'unshift', 'wrap', 'write',
  Symbol.asyncIterator,
];
const FIELDS = ['_readableState', '_writableState', '_events', '_eventsCount', '_maxListeners'];

function LazyTransform(options) {
  this._options = options;
}

const proto = LazyTransform.prototype;
let linked = false;

// Puts `Transform` behind all hashes and ciphers.
function link() {
  if (linked) return;
  linked = true;
  const { Transform } = require('stream');
  for (const name of METHODS) delete proto[name];
  Object.setPrototypeOf(proto, Transform.prototype);
  Object.setPrototypeOf(LazyTransform, Transform);
}

function start(self) {
  link();
  for (const name of FIELDS) Object.defineProperty(self, name, { value: undefined, writable: true, configurable: true, enumerable: true });
  require('stream').Transform.call(self, self._options);
  if (self._writableState) self._writableState.decodeStrings = false;
}

for (const name of METHODS) {
  Object.defineProperty(proto, name, {
    value(...args) {
      link();
      return this[name](...args);
    },
    writable: true,
    configurable: true,
    enumerable: false,
  });
}

for (const name of FIELDS) {
  Object.defineProperty(proto, name, {
    get() {
      if (this === proto || !(this instanceof LazyTransform)) return undefined;
      start(this);
      return this[name];
    },
    set(value) {
      Object.defineProperty(this, name, { value, writable: true, configurable: true, enumerable: true });
    },
    configurable: true,
    enumerable: true,
  });
}

module.exports = LazyTransform;
