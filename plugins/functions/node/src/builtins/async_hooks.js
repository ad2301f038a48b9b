// Node.js's `async_hooks`: AsyncLocalStorage and AsyncResource over the value that the engine carries along promises; ours.
'use strict';
const context = require('internal/async_context');
const { validateFunction, validateString } = require('internal/validators');
const { make, invalidArgType } = require('internal/errors');

class AsyncLocalStorage {
  #defaultValue;
  #name;
  constructor(options = {}) {
    this.#defaultValue = options?.defaultValue;
    this.#name = options?.name ?? '';
  }
  static bind(callback) {
    return AsyncResource.bind(callback);
  }
  static snapshot() {
    const frame = context.current();
    return (callback, ...args) => context.run(frame, callback, undefined, args);
  }
  get name() {
    return this.#name;
  }
  #with(store) {
    return new Map(context.current()).set(this, store);
  }
  run(store, callback, ...args) {
    return context.run(this.#with(store), callback, undefined, args);
  }
  exit(callback, ...args) {
    return this.run(undefined, callback, ...args);
  }
  enterWith(store) {
    context.replace(this.#with(store));
  }
  getStore() {
    const frame = context.current();
    return frame?.has(this) ? frame.get(this) : this.#defaultValue;
  }
  disable() {
    const frame = new Map(context.current());
    frame.delete(this);
    context.replace(frame);
  }
}

let lastId = 1;
let current = 1;
let trigger = 0;

class AsyncResource {
  #id;
  #trigger;
  #frame;
  constructor(type, options = {}) {
    validateString(type, 'type');
    if (type.length === 0) throw make(TypeError, 'ERR_ASYNC_TYPE', `Invalid name for async "type": ${type}`);
    this.#id = ++lastId;
    this.#trigger = typeof options === 'number' ? options : options?.triggerAsyncId ?? current;
    if (!Number.isSafeInteger(this.#trigger) || this.#trigger < -1) throw make(RangeError, 'ERR_INVALID_ASYNC_ID', `Invalid triggerAsyncId value: ${this.#trigger}`);
    this.#frame = context.current();
  }
  runInAsyncScope(callback, self, ...args) {
    const before = [current, trigger];
    [current, trigger] = [this.#id, this.#trigger];
    try {
      return context.run(this.#frame, callback, self, args);
    } finally {
      [current, trigger] = before;
    }
  }
  emitDestroy() {
    return this;
  }
  asyncId() {
    return this.#id;
  }
  triggerAsyncId() {
    return this.#trigger;
  }
  bind(callback, self) {
    validateFunction(callback, 'fn');
    const resource = this;
    const bound = self === undefined
      ? function (...args) { return resource.runInAsyncScope(callback, this, ...args); }
      : (...args) => resource.runInAsyncScope(callback, self, ...args);
    Object.defineProperties(bound, { length: { value: callback.length, configurable: true } });
    return bound;
  }
  static bind(callback, type, self) {
    return new AsyncResource(type || callback.name || 'bound-anonymous-fn').bind(callback, self);
  }
}

// The engine tells of no resource's beginning or end: hooks are never called.
function createHook(hooks) {
  for (const name of ['init', 'before', 'after', 'destroy', 'promiseResolve']) {
    if (hooks[name] !== undefined && typeof hooks[name] !== 'function') throw invalidArgType(`hook.${name}`, 'function', hooks[name]);
  }
  return {
    enable() { return this; },
    disable() { return this; },
  };
}

module.exports = {
  AsyncLocalStorage,
  AsyncResource,
  createHook,
  executionAsyncId: () => current,
  triggerAsyncId: () => trigger,
  executionAsyncResource: () => ({}),
  asyncWrapProviders: Object.freeze({ __proto__: null, NONE: 0 }),
};
