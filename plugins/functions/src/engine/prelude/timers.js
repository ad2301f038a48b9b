// Timers. The clock is the worker's; here are only the functions that wait for it.
(function (internal, ops) {
  'use strict';

  const { apply } = Reflect;
  const then = Function.prototype.call.bind(Promise.prototype.then);
  const settled = Promise.resolve();
  const longest = 0x7fffffff;
  const waiting = { __proto__: null };

  class Timeout {
    #id;
    constructor(id) {
      this.#id = id;
    }
    ref() {
      return this;
    }
    unref() {
      return this;
    }
    hasRef() {
      return true;
    }
    [Symbol.toPrimitive]() {
      return this.#id;
    }
  }

  function begin(callback, delay, args, repeats) {
    if (typeof callback !== 'function') throw new TypeError('the callback of a timer must be a function');
    delay = +delay;
    if (!(delay >= 1 && delay <= longest)) delay = repeats === undefined ? 0 : 1;
    const id = internal.nextId();
    if (!ops.timer(id, delay)) throw new RangeError('too many timers');
    waiting[id] = { callback, args, delay, repeats };
    return new Timeout(id);
  }

  function clear(timer) {
    if (timer === undefined || timer === null) return;
    const id = +timer;
    if (waiting[id] === undefined) return;
    delete waiting[id];
    ops.clear(id);
  }

  internal.onForget((id) => delete waiting[id]);

  internal.fire = (id, live) => {
    const timer = waiting[id];
    if (timer === undefined) return;
    if (!live || !timer.repeats) delete waiting[id];
    else ops.timer(id, timer.delay);
    if (!live) return;
    try {
      apply(timer.callback, undefined, timer.args);
    } catch (error) {
      internal.uncaught('Uncaught error in a timer:', error);
    }
  };

  const globals = {
    setTimeout: (callback, delay, ...args) => begin(callback, delay, args, false),
    setInterval: (callback, delay, ...args) => begin(callback, delay, args, true),
    setImmediate: (callback, ...args) => begin(callback, 0, args, undefined),
    clearTimeout: clear,
    clearInterval: clear,
    clearImmediate: clear,
    queueMicrotask(callback) {
      if (typeof callback !== 'function') throw new TypeError('the callback of a microtask must be a function');
      then(settled, () => {
        try {
          callback();
        } catch (error) {
          internal.uncaught('Uncaught error in a microtask:', error);
        }
      });
    },
  };
  for (const name of Object.keys(globals)) {
    Object.defineProperty(globalThis, name, { value: globals[name], writable: true, configurable: true, enumerable: true });
  }
});
