// The native ops, each as a function of its own: those that answer later give a promise.
(function (internal, ops) {
  'use strict';

  const waiting = new Map();
  let last = 0;

  // Numbers of everything that is answered later, whoever answers.
  internal.nextId = () => ++last;

  internal.settle = (id, succeeded, value) => {
    const promise = waiting.get(id);
    if (promise === undefined) return;
    waiting.delete(id);
    (succeeded ? promise.resolve : promise.reject)(value);
  };

  // What waits for things that a call left behind is dropped when the call has ended.
  const droppers = [(id) => waiting.delete(id)];
  internal.onForget = (drop) => void droppers.push(drop);
  internal.forget = (ids) => {
    for (const drop of droppers) for (const id of ids) drop(id);
  };

  const native = { __proto__: null };
  for (const [name, run, later] of ops.natives) {
    native[name] = later
      ? (...args) =>
          new Promise((resolve, reject) => {
            const id = internal.nextId();
            run(id, ...args);
            waiting.set(id, { resolve, reject });
          })
      : run;
  }
  internal.native = native;
});
