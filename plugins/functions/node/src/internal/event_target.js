// Event, CustomEvent and EventTarget of the DOM Standard, without a tree.
'use strict';
const { make, invalidArgType } = require('internal/errors');
const customInspect = Symbol.for('nodejs.util.inspect.custom');

const state = Symbol('state');

class Event {
  constructor(type, options = undefined) {
    if (arguments.length === 0) throw make(TypeError, 'ERR_MISSING_ARGS', 'The "type" argument must be specified');
    if (options !== undefined && options !== null && typeof options !== 'object' && typeof options !== 'function') throw invalidArgType('options', 'Object', options);
    const { bubbles = false, cancelable = false, composed = false } = options ?? {};
    Object.defineProperty(this, state, {
      value: {
        type: `${type}`, bubbles: Boolean(bubbles), cancelable: Boolean(cancelable), composed: Boolean(composed),
        target: null, current: null, phase: 0, prevented: false, passive: false, stopped: false, dispatching: false, time: performance.now(),
      },
    });
    Object.defineProperty(this, 'isTrusted', { get: () => false, enumerable: true });
  }
  get type() { return this[state].type; }
  get target() { return this[state].target; }
  get currentTarget() { return this[state].current; }
  get srcElement() { return this[state].target; }
  get eventPhase() { return this[state].phase; }
  get bubbles() { return this[state].bubbles; }
  get cancelable() { return this[state].cancelable; }
  get composed() { return this[state].composed; }
  get timeStamp() { return this[state].time; }
  get defaultPrevented() { return this[state].prevented; }
  get returnValue() { return !this[state].prevented; }
  get cancelBubble() { return this[state].propagation === 'stopped'; }
  set cancelBubble(value) { if (value) this.stopPropagation(); }
  composedPath() { return this[state].dispatching ? [this[state].current] : []; }
  preventDefault() { if (this[state].cancelable && !this[state].passive) this[state].prevented = true; }
  stopPropagation() { this[state].propagation = 'stopped'; }
  stopImmediatePropagation() { this[state].stopped = true; this[state].propagation = 'stopped'; }
  initEvent(type, bubbles = false, cancelable = false) {
    if (!this[state].dispatching) Object.assign(this[state], { type: `${type}`, bubbles: Boolean(bubbles), cancelable: Boolean(cancelable) });
  }
  [customInspect](depth, options, inspect) {
    const name = this.constructor.name;
    if (depth < 0) return name;
    const shown = { type: this.type, defaultPrevented: this.defaultPrevented, cancelable: this.cancelable, timeStamp: this.timeStamp };
    return `${name} ${inspect(shown, { ...options, depth: options.depth == null ? null : options.depth - 1 })}`;
  }
  static NONE = 0;
  static CAPTURING_PHASE = 1;
  static AT_TARGET = 2;
  static BUBBLING_PHASE = 3;
}

class CustomEvent extends Event {
  #detail;
  constructor(type, options = undefined) {
    super(type, options);
    this.#detail = options?.detail ?? null;
  }
  get detail() {
    return this.#detail;
  }
}

class MessageEvent extends Event {
  #init;
  constructor(type, options = undefined) {
    super(type, options);
    this.#init = options ?? {};
  }
  get data() { return this.#init.data === undefined ? null : this.#init.data; }
  get origin() { return this.#init.origin ?? ''; }
  get lastEventId() { return this.#init.lastEventId ?? ''; }
  get source() { return this.#init.source ?? null; }
  get ports() { return this.#init.ports ?? []; }
}

let listenersOf;

class EventTarget {
  #listeners = new Map();

  static {
    listenersOf = (target, type) => (#listeners in target ? (target.#listeners.get(type) ?? []).map(({ callback }) => callback) : undefined);
  }

  addEventListener(type, callback, options = {}) {
    if (arguments.length < 2) throw make(TypeError, 'ERR_MISSING_ARGS', 'The "type" and "listener" arguments must be specified');
    const { capture, once, passive, signal } = typeof options === 'boolean' ? { capture: options } : options ?? {};
    if (callback === null || callback === undefined) return;
    if (typeof callback !== 'function' && typeof callback !== 'object') throw invalidArgType('listener', 'EventListener', callback);
    if (signal?.aborted) return;
    type = `${type}`;
    const list = this.#listeners.get(type) ?? [];
    if (list.some((known) => known.callback === callback && known.capture === Boolean(capture))) return;
    const listener = { callback, capture: Boolean(capture), once: Boolean(once), passive: Boolean(passive), removed: false };
    this.#listeners.set(type, [...list, listener]);
    signal?.addEventListener('abort', () => this.removeEventListener(type, callback, options), { once: true });
  }

  removeEventListener(type, callback, options = {}) {
    type = `${type}`;
    const capture = Boolean(typeof options === 'boolean' ? options : options?.capture);
    const list = this.#listeners.get(type);
    const found = list?.find((known) => known.callback === callback && known.capture === capture);
    if (found === undefined) return;
    found.removed = true;
    if (list.length === 1) this.#listeners.delete(type);
    else this.#listeners.set(type, list.filter((known) => known !== found));
  }

  dispatchEvent(event) {
    if (!(event instanceof Event)) throw invalidArgType('event', 'Event', event);
    const own = event[state];
    if (own.dispatching) throw make(Error, 'ERR_EVENT_RECURSION', `The event "${own.type}" is already being dispatched`);
    Object.assign(own, { target: this, current: this, phase: 2, dispatching: true });
    for (const listener of this.#listeners.get(own.type) ?? []) {
      if (listener.removed) continue;
      if (listener.once) this.removeEventListener(own.type, listener.callback, listener);
      own.passive = listener.passive;
      try {
        const { callback } = listener;
        const result = typeof callback === 'function' ? Reflect.apply(callback, this, [event]) : callback.handleEvent?.(event);
        if (typeof result?.then === 'function') result.then(undefined, (error) => process.nextTick(() => { throw error; }));
      } catch (error) {
        // A listener's error is nobody else's.
        process.nextTick(() => { throw error; });
      }
      own.passive = false;
      if (own.stopped) break;
    }
    Object.assign(own, { current: null, phase: 0, dispatching: false, stopped: false, propagation: undefined });
    return !own.prevented;
  }

  [customInspect](depth, options, inspect) {
    return depth < 0 ? this.constructor.name : `${this.constructor.name} ${inspect({}, options)}`;
  }
}



require('internal/web_classes')({ Event, CustomEvent, MessageEvent, EventTarget });

// The attribute `onNAME` of a target: a listener that is called in its first place.
function defineHandler(prototype, name) {
  const handlers = new WeakMap();
  Object.defineProperty(prototype, `on${name}`, {
    get() {
      return handlers.get(this)?.callback ?? null;
    },
    set(callback) {
      const usable = typeof callback === 'function' || (typeof callback === 'object' && callback !== null);
      const known = handlers.get(this);
      if (known !== undefined) {
        known.callback = usable ? callback : null;
        return;
      }
      if (!usable) return;
      const handler = { callback };
      handlers.set(this, handler);
      this.addEventListener(name, function (event) {
        if (typeof handler.callback === 'function') return Reflect.apply(handler.callback, this, [event]);
        return undefined;
      });
    },
    configurable: true,
    enumerable: true,
  });
}

module.exports = { Event, CustomEvent, MessageEvent, EventTarget, defineHandler, listenersOf };
