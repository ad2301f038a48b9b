// AbortController and AbortSignal of the DOM Standard.
'use strict';
const { EventTarget, Event, defineHandler } = require('internal/event_target');
const DOMException = require('internal/dom_exception');
const { make, invalidArgType } = require('internal/errors');
const { validateInteger } = require('internal/validators');
const customInspect = Symbol.for('nodejs.util.inspect.custom');

const key = Symbol('AbortSignal');

let abort;

class AbortSignal extends EventTarget {
  #aborted = false;
  #reason = undefined;
  #dependents = new Set();
  // A signal made of others lives as long as they do, and the other way round.
  #sources = [];

  constructor(token) {
    if (token !== key) throw make(TypeError, 'ERR_ILLEGAL_CONSTRUCTOR', 'Illegal constructor');
    super();
  }

  static {
    abort = (signal, reason) => {
      if (signal.#aborted) return;
      const all = [signal];
      for (const one of all) {
        one.#aborted = true;
        one.#reason = reason;
        for (const dependent of one.#dependents) if (!dependent.#aborted && !all.includes(dependent)) all.push(dependent);
        one.#dependents.clear();
      }
      for (const one of all) one.dispatchEvent(new Event('abort'));
    };
  }

  get aborted() {
    return this.#aborted;
  }
  get reason() {
    return this.#reason;
  }
  throwIfAborted() {
    if (this.#aborted) throw this.#reason;
  }
  [customInspect](depth, options, inspect) {
    return depth < 0 ? 'AbortSignal' : `AbortSignal ${inspect({ aborted: this.aborted }, { ...options, depth: options.depth == null ? null : options.depth - 1 })}`;
  }
  static abort(reason = new DOMException('This operation was aborted', 'AbortError')) {
    const signal = new AbortSignal(key);
    signal.#aborted = true;
    signal.#reason = reason;
    return signal;
  }
  static timeout(delay) {
    validateInteger(delay, 'delay', 0, 2 ** 32 - 1);
    const signal = new AbortSignal(key);
    setTimeout(() => abort(signal, new DOMException('The operation was aborted due to timeout', 'TimeoutError')), delay);
    return signal;
  }
  static any(signals) {
    if (typeof signals?.[Symbol.iterator] !== 'function') throw invalidArgType('signals', 'an iterable', signals);
    const all = [...signals];
    const made = new AbortSignal(key);
    for (const signal of all) if (!(signal instanceof AbortSignal)) throw invalidArgType('signals', 'AbortSignal', signal);
    const aborted = all.find((signal) => signal.#aborted);
    if (aborted !== undefined) {
      made.#aborted = true;
      made.#reason = aborted.#reason;
      return made;
    }
    for (const signal of all) {
      signal.#dependents.add(made);
      made.#sources.push(signal);
    }
    return made;
  }
}

class AbortController {
  #signal;
  get signal() {
    return (this.#signal ??= new AbortSignal(key));
  }
  abort(reason = new DOMException('This operation was aborted', 'AbortError')) {
    abort(this.signal, reason);
  }
  [customInspect](depth, options, inspect) {
    return depth < 0 ? 'AbortController' : `AbortController ${inspect({ signal: this.signal }, { ...options, depth: options.depth == null ? null : options.depth - 1 })}`;
  }
}

defineHandler(AbortSignal.prototype, 'abort');
require('internal/web_classes')({ AbortController, AbortSignal });

module.exports = { AbortController, AbortSignal };
