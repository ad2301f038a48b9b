// The values of AsyncLocalStorage: a map that the engine carries along promises. It is never changed, only replaced.
'use strict';
const { async_context: current, set_async_context: replace } = ops;

// Runs a function with another map.
function run(frame, callback, self, args) {
  const before = current();
  replace(frame);
  try {
    return Reflect.apply(callback, self, args);
  } finally {
    replace(before);
  }
}

// A function that runs with the map of now.
function bind(callback) {
  const frame = current();
  if (frame === undefined) return callback;
  return function (...args) {
    return run(frame, callback, this, args);
  };
}

module.exports = { current, replace, run, bind };
