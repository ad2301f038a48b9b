// Node.js's `events`; ours.
'use strict';
const { make, invalidArgType, AbortError, outOfRange } = require('internal/errors');
const { validateAbortSignal, validateFunction } = require('internal/validators');
const { apply } = Reflect;

const kCapture = Symbol('kCapture');
const kErrorMonitor = Symbol('events.errorMonitor');
const kRejection = Symbol.for('nodejs.rejection');
let defaultMaxListeners = 10;

function EventEmitter(options) {
  EventEmitter.init.call(this, options);
}

EventEmitter.prototype._events = undefined;
EventEmitter.prototype._eventsCount = 0;
EventEmitter.prototype._maxListeners = undefined;
Object.defineProperty(EventEmitter.prototype, kCapture, { value: false, writable: true, enumerable: false });

EventEmitter.init = function (options) {
  if (this._events === undefined || this._events === Object.getPrototypeOf(this)._events) {
    this._events = { __proto__: null };
    this._eventsCount = 0;
  }
  this._maxListeners = this._maxListeners || undefined;
  if (options?.captureRejections) {
    if (typeof options.captureRejections !== 'boolean') throw invalidArgType('options.captureRejections', 'boolean', options.captureRejections);
    this[kCapture] = true;
  } else this[kCapture] = EventEmitter.prototype[kCapture];
};

function checkListener(listener) {
  validateFunction(listener, 'listener');
}

function maxOf(emitter) {
  return emitter._maxListeners === undefined ? defaultMaxListeners : emitter._maxListeners;
}

const methods = {
  setMaxListeners(count) {
    if (typeof count !== 'number' || count < 0 || Number.isNaN(count)) throw typeof count === 'number' ? outOfRange('setMaxListeners', '>= 0', count) : invalidArgType('setMaxListeners', 'number', count);
    this._maxListeners = count;
    return this;
  },
  getMaxListeners() {
    return maxOf(this);
  },
  emit(type, ...args) {
    const events = this._events;
    if (type === 'error') {
      if (events?.[kErrorMonitor] !== undefined) this.emit(kErrorMonitor, ...args);
      if (events?.error === undefined) throw unhandled(args[0]);
    }
    const handler = events?.[type];
    if (handler === undefined) return false;
    if (typeof handler === 'function') {
      const result = apply(handler, this, args);
      if (result !== undefined && result !== null) capture(this, result, type, args);
    } else {
      for (const listener of handler.slice()) {
        const result = apply(listener, this, args);
        if (result !== undefined && result !== null) capture(this, result, type, args);
      }
    }
    return true;
  },
  addListener(type, listener) {
    return add(this, type, listener, false);
  },
  prependListener(type, listener) {
    return add(this, type, listener, true);
  },
  once(type, listener) {
    checkListener(listener);
    return this.on(type, wrapOnce(this, type, listener));
  },
  prependOnceListener(type, listener) {
    checkListener(listener);
    return this.prependListener(type, wrapOnce(this, type, listener));
  },
  removeListener(type, listener) {
    checkListener(listener);
    const events = this._events;
    const list = events?.[type];
    if (list === undefined) return this;
    if (list === listener || list.listener === listener) {
      this._eventsCount -= 1;
      if (this._eventsCount === 0) this._events = { __proto__: null };
      else delete events[type];
      if (events.removeListener) this.emit('removeListener', type, list.listener || listener);
    } else if (typeof list !== 'function') {
      const index = list.findLastIndex((known) => known === listener || known.listener === listener);
      if (index < 0) return this;
      list.splice(index, 1);
      if (list.length === 1) events[type] = list[0];
      if (events.removeListener !== undefined) this.emit('removeListener', type, listener);
    }
    return this;
  },
  removeAllListeners(type) {
    const events = this._events;
    if (events === undefined) return this;
    if (events.removeListener === undefined) {
      if (arguments.length === 0) {
        this._events = { __proto__: null };
        this._eventsCount = 0;
      } else if (events[type] !== undefined) {
        if (--this._eventsCount === 0) this._events = { __proto__: null };
        else delete events[type];
      }
      return this;
    }
    if (arguments.length === 0) {
      for (const key of Reflect.ownKeys(events)) if (key !== 'removeListener') this.removeAllListeners(key);
      this.removeAllListeners('removeListener');
      this._events = { __proto__: null };
      this._eventsCount = 0;
      return this;
    }
    const listeners = events[type];
    if (typeof listeners === 'function') this.removeListener(type, listeners);
    else if (listeners !== undefined) for (let i = listeners.length - 1; i >= 0; i--) this.removeListener(type, listeners[i]);
    return this;
  },
  listeners(type) {
    return listenersOf(this, type).map((listener) => listener.listener || listener);
  },
  rawListeners(type) {
    return listenersOf(this, type);
  },
  listenerCount(type, listener) {
    const list = listenersOf(this, type);
    return listener == null ? list.length : list.filter((known) => known === listener || known.listener === listener).length;
  },
  eventNames() {
    return this._eventsCount > 0 ? Reflect.ownKeys(this._events) : [];
  },
};
methods.on = methods.addListener;
methods.off = methods.removeListener;
Object.assign(EventEmitter.prototype, methods);

function listenersOf(emitter, type) {
  const list = emitter._events?.[type];
  if (list === undefined) return [];
  return typeof list === 'function' ? [list] : list.slice();
}

function unhandled(value) {
  if (value instanceof Error) return value;
  let shown;
  try {
    shown = require('util').inspect(value);
  } catch {
    shown = value;
  }
  const error = make(Error, 'ERR_UNHANDLED_ERROR', `Unhandled error. (${shown})`);
  error.context = value;
  return error;
}

function add(emitter, type, listener, first) {
  checkListener(listener);
  let events = emitter._events;
  if (events === undefined) {
    events = emitter._events = { __proto__: null };
    emitter._eventsCount = 0;
  } else if (events.newListener !== undefined) {
    emitter.emit('newListener', type, listener.listener ?? listener);
    // A listener may have set them anew.
    events = emitter._events;
  }
  const known = events[type];
  if (known === undefined) {
    events[type] = listener;
    emitter._eventsCount += 1;
    return emitter;
  }
  const list = typeof known === 'function' ? (events[type] = first ? [listener, known] : [known, listener]) : known;
  if (list === known) {
    if (first) known.unshift(listener);
    else known.push(listener);
  }
  const most = maxOf(emitter);
  if (most > 0 && list.length > most && !list.warned) {
    list.warned = true;
    const warning = new Error(`Possible EventEmitter memory leak detected. ${list.length} ${String(type)} listeners added to ${require('util').inspect(emitter, { depth: -1 })}. MaxListeners is ${most}. Use emitter.setMaxListeners() to increase limit`);
    Object.assign(warning, { name: 'MaxListenersExceededWarning', emitter, type, count: list.length });
    process.emitWarning(warning);
  }
  return emitter;
}

function wrapOnce(target, type, listener) {
  let fired = false;
  function once(...args) {
    if (fired) return undefined;
    target.removeListener(type, once);
    fired = true;
    return apply(listener, target, args);
  }
  once.listener = listener;
  return once;
}

// With captureRejections, what an asynchronous listener throws is an error of the emitter.
function capture(emitter, promise, type, args) {
  if (!emitter[kCapture]) return;
  let then;
  try {
    then = promise.then;
  } catch (error) {
    emitter.emit('error', error);
    return;
  }
  if (typeof then !== 'function') return;
  then.call(promise, undefined, (error) => {
    process.nextTick(() => {
      if (typeof emitter[kRejection] === 'function') {
        emitter[kRejection](error, type, ...args);
        return;
      }
      const captures = emitter[kCapture];
      try {
        emitter[kCapture] = false;
        emitter.emit('error', error);
      } finally {
        emitter[kCapture] = captures;
      }
    });
  });
}

function isEventTarget(emitter) {
  return typeof emitter?.addEventListener === 'function';
}

function listen(emitter, name, listener, options) {
  if (typeof emitter.on === 'function') {
    if (options?.once) emitter.once(name, listener);
    else emitter.on(name, listener);
  } else if (isEventTarget(emitter)) emitter.addEventListener(name, listener, options);
  else throw invalidArgType('emitter', 'EventEmitter', emitter);
}

function unlisten(emitter, name, listener) {
  if (typeof emitter.removeListener === 'function') emitter.removeListener(name, listener);
  else if (isEventTarget(emitter)) emitter.removeEventListener(name, listener);
}

async function once(emitter, name, options = {}) {
  const signal = options?.signal;
  validateAbortSignal(signal, 'options.signal');
  if (signal?.aborted) throw new AbortError(undefined, { cause: signal.reason });
  return new Promise((resolve, reject) => {
    const clear = () => {
      unlisten(emitter, name, resolver);
      if (typeof emitter.removeListener === 'function') emitter.removeListener('error', failed);
      signal?.removeEventListener('abort', aborted);
    };
    const resolver = (...args) => {
      clear();
      resolve(args);
    };
    const failed = (error) => {
      clear();
      reject(error);
    };
    const aborted = () => {
      clear();
      reject(new AbortError(undefined, { cause: signal.reason }));
    };
    listen(emitter, name, resolver, { once: true });
    if (name !== 'error' && typeof emitter.once === 'function') emitter.once('error', failed);
    signal?.addEventListener('abort', aborted, { once: true });
  });
}

function on(emitter, name, options = {}) {
  const signal = options?.signal;
  validateAbortSignal(signal, 'options.signal');
  if (signal?.aborted) throw new AbortError(undefined, { cause: signal.reason });
  const events = [];
  const waiting = [];
  const closing = options.close ?? [];
  let failure = null;
  let finished = false;

  const event = (...args) => {
    const next = waiting.shift();
    if (next) next.resolve({ value: args, done: false });
    else events.push(args);
  };
  const failed = (error) => {
    const next = waiting.shift();
    if (next) next.reject(error);
    else failure = error;
    iterator.return();
  };
  const aborted = () => failed(new AbortError(undefined, { cause: signal.reason }));
  const close = () => iterator.return();

  const iterator = Object.setPrototypeOf(
    {
      next() {
        if (events.length > 0) return Promise.resolve({ value: events.shift(), done: false });
        if (failure) {
          const rejected = Promise.reject(failure);
          failure = null;
          return rejected;
        }
        if (finished) return Promise.resolve({ value: undefined, done: true });
        return new Promise((resolve, reject) => waiting.push({ resolve, reject }));
      },
      return() {
        finished = true;
        unlisten(emitter, name, event);
        if (typeof emitter.removeListener === 'function') emitter.removeListener('error', failed);
        for (const ending of closing) unlisten(emitter, ending, close);
        signal?.removeEventListener('abort', aborted);
        for (const next of waiting.splice(0)) next.resolve({ value: undefined, done: true });
        return Promise.resolve({ value: undefined, done: true });
      },
      throw(error) {
        if (!(error instanceof Error)) throw invalidArgType('EventEmitter.AsyncIterator', 'Error', error);
        failed(error);
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    },
    Object.getPrototypeOf(Object.getPrototypeOf(async function* () {}).prototype),
  );

  listen(emitter, name, event);
  if (name !== 'error' && typeof emitter.on === 'function') emitter.on('error', failed);
  for (const ending of closing) listen(emitter, ending, close);
  signal?.addEventListener('abort', aborted, { once: true });
  return iterator;
}

function getEventListeners(emitter, type) {
  if (typeof emitter.listeners === 'function') return emitter.listeners(type);
  const listeners = require('internal/event_target').listenersOf(emitter, type);
  if (listeners !== undefined) return listeners;
  throw invalidArgType('emitter', ['EventEmitter', 'EventTarget'], emitter);
}

function getMaxListeners(emitter) {
  if (typeof emitter?.getMaxListeners === 'function') return maxOf(emitter);
  if (isEventTarget(emitter)) return emitter[Symbol.for('mpcloud.maxListeners')] ?? defaultMaxListeners;
  throw invalidArgType('emitter', ['EventEmitter', 'EventTarget'], emitter);
}

function setMaxListeners(count = defaultMaxListeners, ...targets) {
  if (typeof count !== 'number' || !(count >= 0)) throw outOfRange('n', '>= 0', count);
  if (targets.length === 0) defaultMaxListeners = count;
  for (const target of targets) {
    if (typeof target.setMaxListeners === 'function') target.setMaxListeners(count);
    else if (!isEventTarget(target)) throw invalidArgType('eventTargets', ['EventEmitter', 'EventTarget'], target);
  }
}

function listenerCount(emitter, type) {
  return typeof emitter.listenerCount === 'function' ? emitter.listenerCount(type) : methods.listenerCount.call(emitter, type);
}

function addAbortListener(signal, listener) {
  if (signal === undefined) throw invalidArgType('signal', 'AbortSignal', signal);
  validateAbortSignal(signal, 'signal');
  validateFunction(listener, 'listener');
  let remove;
  if (signal.aborted) queueMicrotask(() => listener());
  else {
    signal.addEventListener('abort', listener, { once: true });
    remove = () => signal.removeEventListener('abort', listener);
  }
  return { __proto__: null, [Symbol.dispose]() { remove?.(); } };
}

let asyncResourceEmitter;
// An emitter whose listeners run in the asynchronous context where it was made.
function makeAsyncResourceEmitter() {
  const { AsyncResource } = require('async_hooks');
  class EventEmitterReferencingAsyncResource extends AsyncResource {
    constructor(emitter, type, options) {
      super(type, options);
      this.eventEmitter = emitter;
    }
  }
  return class EventEmitterAsyncResource extends EventEmitter {
    #resource;
    constructor(options = undefined) {
      const name = typeof options === 'string' ? options : options?.name || new.target.name;
      super(typeof options === 'string' ? undefined : options);
      this.#resource = new EventEmitterReferencingAsyncResource(this, name, typeof options === 'string' ? {} : options);
    }
    emit(event, ...args) {
      return this.#resource.runInAsyncScope(super.emit, this, event, ...args);
    }
    emitDestroy() {
      this.#resource.emitDestroy();
    }
    get asyncId() {
      return this.#resource.asyncId();
    }
    get triggerAsyncId() {
      return this.#resource.triggerAsyncId();
    }
    get asyncResource() {
      return this.#resource;
    }
  };
}

module.exports = EventEmitter;
Object.assign(EventEmitter, { addAbortListener, once, on, getEventListeners, getMaxListeners, EventEmitter, usingDomains: false, captureRejectionSymbol: kRejection, errorMonitor: kErrorMonitor, setMaxListeners, listenerCount });
Object.defineProperties(EventEmitter, {
  captureRejections: {
    get: () => EventEmitter.prototype[kCapture],
    set(value) {
      if (typeof value !== 'boolean') throw invalidArgType('EventEmitter.captureRejections', 'boolean', value);
      EventEmitter.prototype[kCapture] = value;
    },
    enumerable: true,
  },
  defaultMaxListeners: {
    get: () => defaultMaxListeners,
    set(value) {
      if (typeof value !== 'number' || !(value >= 0)) throw outOfRange('defaultMaxListeners', '>= 0', value);
      defaultMaxListeners = value;
    },
    enumerable: true,
  },
  EventEmitterAsyncResource: { get: () => (asyncResourceEmitter ??= makeAsyncResourceEmitter()), enumerable: true, configurable: true },
});
