// Node.js's `timers/promises`; ours.
'use strict';
const { AbortError, invalidArgType } = require('internal/errors');
const { validateAbortSignal, validateBoolean, validateObject } = require('internal/validators');
const { timers } = internal;

function check(options) {
  if (options === null || typeof options !== 'object') throw invalidArgType('options', 'Object', options);
  validateAbortSignal(options.signal, 'options.signal');
  if (options.ref !== undefined) validateBoolean(options.ref, 'options.ref');
  return options.signal;
}

// A promise that `begin` fulfils, unless the signal comes first.
function after(begin, clear, options) {
  let signal;
  try {
    signal = check(options);
  } catch (error) {
    return Promise.reject(error);
  }
  if (signal?.aborted) return Promise.reject(new AbortError(undefined, { cause: signal.reason }));
  return new Promise((resolve, reject) => {
    const timer = begin((value) => {
      signal?.removeEventListener('abort', aborted);
      resolve(value);
    });
    const aborted = () => {
      clear(timer);
      reject(new AbortError(undefined, { cause: signal.reason }));
    };
    signal?.addEventListener('abort', aborted, { once: true });
  });
}

const setTimeout = (delay, value, options = {}) => after((done) => timers.setTimeout(done, delay, value), timers.clearTimeout, options);
const setImmediate = (value, options = {}) => after((done) => timers.setImmediate(done, value), timers.clearImmediate, options);

async function* setInterval(delay, value, options = {}) {
  validateObject(options, 'options');
  const signal = check(options);
  if (signal?.aborted) throw new AbortError(undefined, { cause: signal.reason });
  let due = 0;
  let wake;
  const timer = timers.setInterval(() => {
    due++;
    wake?.();
  }, delay);
  const aborted = () => wake?.();
  signal?.addEventListener('abort', aborted, { once: true });
  try {
    for (;;) {
      if (due === 0 && !signal?.aborted) await new Promise((resolve) => { wake = resolve; });
      wake = undefined;
      if (signal?.aborted) throw new AbortError(undefined, { cause: signal.reason });
      for (; due > 0; due--) yield value;
    }
  } finally {
    timers.clearInterval(timer);
    signal?.removeEventListener('abort', aborted);
  }
}

module.exports = { setTimeout, setImmediate, setInterval, scheduler: { wait: (delay, options) => setTimeout(delay, undefined, options), yield: () => setImmediate() } };
