// Node.js's `timers`: those of the engine's clock.
'use strict';
const { setTimeout, setInterval, setImmediate, clearTimeout, clearInterval, clearImmediate, Timeout } = internal.timers;

module.exports = {
  setTimeout, setInterval, setImmediate, clearTimeout, clearInterval, clearImmediate,
  enroll(item, delay) {
    item._idleTimeout = delay;
  },
  active(item) {
    item._timer?.close();
    item._timer = new Timeout(() => item._onTimeout?.(), item._idleTimeout, [], false);
  },
  unenroll(item) {
    item._timer?.close();
  },
};
require('internal/lazy')(module.exports, { promises: () => require('timers/promises') });
