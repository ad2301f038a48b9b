// Timers. The clock is the worker's; here are only the functions that wait for it.
(function (internal, ops) {
  'use strict';

  const { apply } = Reflect;
  const then = Function.prototype.call.bind(Promise.prototype.then);
  const settled = Promise.resolve();
  const longest = 0x7fffffff;
  const waiting = { __proto__: null };
  const customPromisify = Symbol.for('nodejs.util.promisify.custom');
  const dispose = Symbol.dispose ?? Symbol.for('nodejs.dispose');
  let last = 0;

  function checked(callback) {
    if (typeof callback !== 'function') throw internal.builtin('internal/errors').invalidArgType('callback', 'function', callback);
  }

  function start(timer, delay) {
    if (!ops.timer(timer._id, delay)) throw new RangeError('too many timers');
    waiting[timer._id] = timer;
  }

  class Timeout {
    constructor(callback, delay, args, repeats) {
      checked(callback);
      delay = +delay;
      if (!(delay >= 1 && delay <= longest)) delay = 1;
      this._idleTimeout = delay;
      this._onTimeout = callback;
      this._timerArgs = args;
      this._repeat = repeats ? delay : null;
      this._destroyed = false;
      // Timers carry the values of AsyncLocalStorage as promises do.
      Object.defineProperties(this, {
        _id: { value: ++last, writable: true, enumerable: false },
        _context: { value: ops.async_context(), writable: true, enumerable: false },
        _unreferenced: { value: false, writable: true, enumerable: false },
      });
      start(this, delay);
    }
    ref() {
      this._unreferenced = false;
      return this;
    }
    unref() {
      this._unreferenced = true;
      return this;
    }
    hasRef() {
      return !this._unreferenced;
    }
    refresh() {
      if (this._destroyed && waiting[this._id] === undefined && this._repeat === null && this._onTimeout === null) return this;
      ops.clear(this._id);
      this._destroyed = false;
      start(this, this._idleTimeout);
      return this;
    }
    close() {
      clear(this);
      return this;
    }
    [Symbol.toPrimitive]() {
      return this._id;
    }
    [dispose]() {
      clear(this);
    }
  }

  class Immediate {
    constructor(callback, args) {
      checked(callback);
      this._onTimeout = callback;
      this._timerArgs = args;
      this._repeat = null;
      this._destroyed = false;
      Object.defineProperties(this, {
        _id: { value: ++last, enumerable: false },
        _context: { value: ops.async_context(), enumerable: false },
        _unreferenced: { value: false, writable: true, enumerable: false },
      });
      start(this, 0);
    }
    ref() {
      this._unreferenced = false;
      return this;
    }
    unref() {
      this._unreferenced = true;
      return this;
    }
    hasRef() {
      return !this._unreferenced;
    }
    [dispose]() {
      clear(this);
    }
  }

  function clear(timer) {
    if (timer === undefined || timer === null) return;
    if (typeof timer === 'object') {
      if (!(timer instanceof Timeout) && !(timer instanceof Immediate)) return;
    } else {
      timer = waiting[timer];
      if (timer === undefined) return;
    }
    timer._destroyed = true;
    timer._onTimeout = null;
    if (waiting[timer._id] === undefined) return;
    delete waiting[timer._id];
    ops.clear(timer._id);
  }

  internal.fire = (id, live) => {
    const timer = waiting[id];
    if (timer === undefined) return;
    delete waiting[id];
    if (!live) return;
    const callback = timer._onTimeout;
    if (timer._repeat === null) timer._destroyed = true;
    else if (!(timer instanceof Immediate)) start(timer, timer._repeat);
    ops.set_async_context(timer._context);
    try {
      apply(callback, timer, timer._timerArgs);
    } catch (error) {
      internal.uncaught('Uncaught error in a timer:', error);
    }
  };

  const timers = {
    setTimeout: (callback, delay, ...args) => new Timeout(callback, delay, args, false),
    setInterval: (callback, delay, ...args) => new Timeout(callback, delay, args, true),
    setImmediate: (callback, ...args) => new Immediate(callback, args),
    clearTimeout: clear,
    clearInterval: clear,
    clearImmediate: clear,
    queueMicrotask(callback) {
      checked(callback);
      then(settled, () => {
        try {
          callback();
        } catch (error) {
          internal.uncaught('Uncaught error in a microtask:', error);
        }
      });
    },
  };
  for (const name of ['setTimeout', 'setImmediate']) {
    Object.defineProperty(timers[name], customPromisify, { get: () => internal.builtin('timers/promises')[name], enumerable: true, configurable: true });
  }
  for (const name of Object.keys(timers)) {
    Object.defineProperty(globalThis, name, { value: timers[name], writable: true, configurable: true, enumerable: true });
  }
  internal.timers = { ...timers, Timeout, Immediate };
});
