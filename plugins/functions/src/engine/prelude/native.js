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

  // What waits for things that a call left behind is dropped when the call has ended. Only sockets hear of it: a
  // function may keep one, and reads on with its next call.
  const droppers = [
    (id) => {
      const promise = waiting.get(id);
      if (promise === undefined) return;
      waiting.delete(id);
      if (promise.kept) promise.reject(Object.assign(new Error('the call of the function has ended'), { code: 'ERR_CALL_ENDED' }));
    },
  ];
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
            waiting.set(id, { resolve, reject, kept: name.startsWith('socket.') });
          })
      : run;
  }
  internal.native = native;
});
