// WebAssembly without what is in no count of memory.
(function (internal, ops) {
  'use strict';

  const { WebAssembly } = globalThis;
  if (WebAssembly === undefined) return;
  const { apply, construct, defineProperty, getOwnPropertyDescriptor, ownKeys } = Reflect;
  const { then } = Promise.prototype;

  // Suspended calls have stacks of their own, which V8 does not count. Node.js 22 has none either.
  for (const name of ['promising', 'Suspending', 'SuspendError']) delete WebAssembly[name];
  // A buffer that may change its length could do so between its count and its use.
  for (const name of ['toResizableBuffer', 'toFixedLengthBuffer']) delete WebAssembly.Memory.prototype[name];

  // V8 copies the bytes of a module outside of the heap, and keeps them for as long as the module or one
  // of its instances. The functions of an instance keep that.
  const kept = new WeakMap();
  const { get, set } = WeakMap.prototype;
  const keepWith = (object, bytes) => void apply(set, kept, [object, bytes]);
  const keptWith = (module) => (typeof module === 'object' && module !== null ? apply(get, kept, [module]) : undefined);

  // Nobody must reach the constructor that was there: not over its prototype either.
  function replace(name, Native, make) {
    const Replaced = { [name]: function (...args) {
      if (new.target === undefined) throw new TypeError(`WebAssembly.${name} must be invoked with 'new'`);
      return make(args, new.target);
    } }[name];
    for (const key of ownKeys(Native)) {
      if (key !== 'prototype') defineProperty(Replaced, key, getOwnPropertyDescriptor(Native, key));
    }
    defineProperty(Replaced, 'prototype', { value: Native.prototype, writable: false });
    defineProperty(Native.prototype, 'constructor', { value: Replaced, writable: true, configurable: true });
    defineProperty(WebAssembly, name, { value: Replaced, writable: true, configurable: true });
  }

  const { Module, Instance } = WebAssembly;
  replace('Module', Module, (args, target) => {
    const bytes = ops.keep(args[0]);
    const module = construct(Module, args, target);
    keepWith(module, bytes);
    return module;
  });
  replace('Instance', Instance, (args, target) => {
    const instance = construct(Instance, args, target);
    keepWith(instance, keptWith(args[0]));
    return instance;
  });

  // What is being compiled is kept by what waits for it.
  function later(name, note) {
    const native = WebAssembly[name];
    const { [name]: replaced } = {
      [name](source, ...rest) {
        const bytes = keptWith(source) ?? ops.keep(source);
        const made = apply(native, WebAssembly, [source, ...rest]);
        return apply(then, made, [(result) => (note(result, bytes), result)]);
      },
    };
    defineProperty(WebAssembly, name, { value: replaced, writable: true, enumerable: true, configurable: true });
  }
  later('compile', keepWith);
  later('instantiate', (result, bytes) => {
    // Of bytes a module and its instance are made, of a module an instance.
    const module = getOwnPropertyDescriptor(result, 'module');
    if (module === undefined) return keepWith(result, bytes);
    keepWith(module.value, bytes);
    keepWith(getOwnPropertyDescriptor(result, 'instance').value, bytes);
  });
});
