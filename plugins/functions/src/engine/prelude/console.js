// `console`, whose lines go to the log of the call that is running, and what reports errors that
// nobody caught.
(function (internal, ops) {
  'use strict';

  const currentCall = 0;

  function write(call, level, args) {
    let text;
    try {
      text = internal.format(...args);
    } catch (error) {
      text = `[a log line that cannot be formatted: ${error && error.message}]`;
    }
    ops.log(call, level, text);
  }

  internal.logger = (call) => ({
    debug: (...args) => write(call, 'debug', args),
    info: (...args) => write(call, 'info', args),
    log: (...args) => write(call, 'info', args),
    warn: (...args) => write(call, 'warn', args),
    error: (...args) => write(call, 'error', args),
  });

  internal.uncaught = (what, error) => write(currentCall, 'error', [what, error]);

  const lines = internal.logger(currentCall);
  const counts = new Map();
  const clocks = new Map();
  const console = {
    ...lines,
    trace: (...args) => lines.debug(...args, new Error('trace').stack),
    dir: (value) => lines.info(value),
    table: (value) => lines.info(value),
    group: (...args) => (args.length > 0 ? lines.info(...args) : undefined),
    groupCollapsed: (...args) => (args.length > 0 ? lines.info(...args) : undefined),
    groupEnd() {},
    assert: (condition, ...args) => (condition ? undefined : lines.error('Assertion failed', ...args)),
    count(label = 'default') {
      counts.set(label, (counts.get(label) || 0) + 1);
      lines.info(`${label}: ${counts.get(label)}`);
    },
    countReset: (label = 'default') => void counts.delete(label),
    time: (label = 'default') => void clocks.set(label, Date.now()),
    timeLog: (label = 'default', ...args) => lines.info(`${label}: ${Date.now() - clocks.get(label)}ms`, ...args),
    timeEnd(label = 'default') {
      lines.info(`${label}: ${Date.now() - clocks.get(label)}ms`);
      clocks.delete(label);
    },
  };
  Object.defineProperty(globalThis, 'console', { value: console, writable: true, configurable: true, enumerable: false });
});
