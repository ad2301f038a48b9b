// Where the engine comes in, each followed by what is due before anything else: the callbacks of `process.nextTick`, then microtasks.
(function (internal, ops) {
  'use strict';

  const { apply } = Reflect;
  let ticks = [];

  internal.nextTick = (callback, args) => {
    ticks.push({ callback, args, context: ops.async_context() });
  };

  function drain() {
    while (ticks.length > 0) {
      const due = ticks;
      ticks = [];
      for (let i = 0; i < due.length; i++) {
        const { callback, args, context } = due[i];
        ops.set_async_context(context);
        try {
          apply(callback, undefined, args);
        } catch (error) {
          internal.uncaught('Uncaught error:', error);
        }
      }
    }
  }

  const start = internal.start;
  let begun = false;
  internal.start = (invocation, args) => {
    if (!begun) {
      internal.fixBuffers();
      internal.limitWebAssembly();
    }
    begun = true;
    start(invocation, args);
  };

  for (const name of ['start', 'complete', 'settle', 'fire', 'forget']) {
    const enter = internal[name];
    internal[name] = (first, second, third) => {
      // What a call before this one set does not reach into this one.
      ops.set_async_context(undefined);
      // Those that are left belong to a stretch that was stopped.
      ticks = [];
      enter(first, second, third);
      do {
        drain();
        ops.run_microtasks();
      } while (ticks.length > 0);
    };
  }
});
