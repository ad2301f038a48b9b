// Log lines: those of `ctx.logger` and `console`, and errors that nobody caught.
(function (internal, ops) {
  'use strict';

  const currentCall = 0;

  // The formatting of Node.js is only loaded for what needs it: most lines are plain text.
  internal.format = (...args) => {
    if (args.length === 1 && typeof args[0] === 'string') return args[0];
    return internal.builtin('internal/inspect').format(...args);
  };

  internal.log = (call, level, args) => {
    let text;
    try {
      text = internal.format(...args);
    } catch (error) {
      text = `[a log line that cannot be formatted: ${error && error.message}]`;
    }
    ops.log(call, level, text);
  };

  const { log } = internal;

  internal.logger = (call) => ({
    debug: (...args) => log(call, 'debug', args),
    info: (...args) => log(call, 'info', args),
    log: (...args) => log(call, 'info', args),
    warn: (...args) => log(call, 'warn', args),
    error: (...args) => log(call, 'error', args),
  });

  // `process` sets this when somebody listens for what is not caught.
  internal.catchUncaught = undefined;

  internal.uncaught = (what, error) => {
    try {
      if (internal.catchUncaught?.(error)) return;
    } catch (thrown) {
      error = thrown;
    }
    log(currentCall, 'error', [what, error]);
  };
});
