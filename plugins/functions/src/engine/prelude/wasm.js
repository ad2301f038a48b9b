// WebAssembly without what is in no count of memory. It is in no snapshot: this is done when a context's first call begins.
(function (internal, ops) {
  'use strict';

  const { apply, construct, defineProperty, getOwnPropertyDescriptor, ownKeys } = Reflect;
  const { then } = Promise.prototype;
  const { get, set } = WeakMap.prototype;

  internal.limitWebAssembly = () => {
    const { WebAssembly } = globalThis;
    if (WebAssembly === undefined) return;

    // Suspended calls have stacks of their own, which V8 does not count. Node.js 22 has none either.
    for (const name of ['promising', 'Suspending', 'SuspendError']) delete WebAssembly[name];
    // A buffer that may change its length could do so between its count and its use.
    for (const name of ['toResizableBuffer', 'toFixedLengthBuffer']) delete WebAssembly.Memory.prototype[name];

    // V8 copies the bytes of a module outside of the heap, and keeps them for as long as the module or one
    // of its instances. The functions of an instance keep that.
    const kept = new WeakMap();
    const keepWith = (object, bytes) => void apply(set, kept, [object, bytes]);
    const keptWith = (module) => (typeof module === 'object' && module !== null ? apply(get, kept, [module]) : undefined);

    // Nobody must reach the constructor that was there: not over its prototype either.
    function replace(name, make) {
      const Native = WebAssembly[name];
      const Replaced = { [name]: function (...args) {
        if (new.target === undefined) throw new TypeError(`WebAssembly.${name} must be invoked with 'new'`);
        return make(Native, args, new.target);
      } }[name];
      for (const key of ownKeys(Native)) {
        if (key !== 'prototype') defineProperty(Replaced, key, getOwnPropertyDescriptor(Native, key));
      }
      defineProperty(Replaced, 'prototype', { value: Native.prototype, writable: false });
      defineProperty(Native.prototype, 'constructor', { value: Replaced, writable: true, configurable: true });
      defineProperty(WebAssembly, name, { value: Replaced, writable: true, configurable: true });
    }
    replace('Module', (Native, args, target) => {
      const bytes = ops.keep(args[0]);
      const module = construct(Native, args, target);
      keepWith(module, bytes);
      return module;
    });
    replace('Instance', (Native, args, target) => {
      const instance = construct(Native, args, target);
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
  };
});
