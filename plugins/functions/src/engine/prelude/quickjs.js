// What comes with QuickJS that functions must not have.
(function () {
  'use strict';

  // Memories of its modules are in no limit.
  delete globalThis.WebAssembly;
  // These keep lists for the whole process, which nothing bounds. Nobody else could notify whoever waits.
  delete Atomics.waitAsync;
  Object.defineProperty(Atomics, 'notify', { value: { notify: () => 0 }.notify, writable: true, configurable: true });
  for (const name of Object.getOwnPropertyNames(globalThis)) {
    if (name.startsWith('__v8xAtomics') || name === '__v8xPostForegroundTask') delete globalThis[name];
  }
});
