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

  let idOf;
  let contextOf;

  class Timer {
    #id = internal.nextId();
    // Timers carry the values of AsyncLocalStorage as promises do.
    #context = ops.async_context();
    #referenced = true;

    constructor(callback, args) {
      if (typeof callback !== 'function') throw internal.builtin('internal/errors').invalidArgType('callback', 'function', callback);
      this._onTimeout = callback;
      this._timerArgs = args;
      this._destroyed = false;
    }
    static {
      idOf = (timer) => (#id in timer ? timer.#id : undefined);
      contextOf = (timer) => timer.#context;
    }
    // A call ends when its result is there: a timer keeps nothing alive.
    ref() {
      this.#referenced = true;
      return this;
    }
    unref() {
      this.#referenced = false;
      return this;
    }
    hasRef() {
      return this.#referenced;
    }
    [dispose]() {
      clear(this);
    }
  }

  class Timeout extends Timer {
    constructor(callback, delay, args, repeats) {
      super(callback, args);
      delay = +delay;
      if (!(delay >= 1 && delay <= longest)) delay = 1;
      this._idleTimeout = delay;
      this._repeat = repeats ? delay : null;
      start(this, delay);
    }
    refresh() {
      if (this._onTimeout === null) return this;
      ops.clear(idOf(this));
      this._destroyed = false;
      start(this, this._idleTimeout);
      return this;
    }
    close() {
      clear(this);
      return this;
    }
    [Symbol.toPrimitive]() {
      return idOf(this);
    }
  }

  class Immediate extends Timer {
    constructor(callback, args) {
      super(callback, args);
      start(this, 0);
    }
  }

  function start(timer, delay) {
    const id = idOf(timer);
    if (!ops.timer(id, delay)) throw new RangeError('too many timers');
    waiting[id] = timer;
  }

  function clear(timer) {
    if (timer === undefined || timer === null) return;
    if (typeof timer !== 'object') timer = waiting[timer];
    const id = timer === undefined ? undefined : idOf(timer);
    if (id === undefined) return;
    timer._destroyed = true;
    timer._onTimeout = null;
    if (waiting[id] === undefined) return;
    delete waiting[id];
    ops.clear(id);
  }

  internal.onForget((id) => delete waiting[id]);

  internal.fire = (id, live) => {
    const timer = waiting[id];
    if (timer === undefined) return;
    delete waiting[id];
    if (!live) return;
    const callback = timer._onTimeout;
    if (timer._repeat > 0) start(timer, timer._repeat);
    else timer._destroyed = true;
    ops.set_async_context(contextOf(timer));
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
      if (typeof callback !== 'function') throw internal.builtin('internal/errors').invalidArgType('callback', 'function', callback);
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
