// The builtins of `plugins/functions/node`, compiled and run when they are first required.
(function (internal, ops) {
  'use strict';

  const { apply } = Reflect;
  const names = new Set(ops.builtin_names.filter((name) => !name.startsWith('internal/')));
  const loaded = { __proto__: null };

  internal.isBuiltin = (name) => names.has(name);
  internal.builtinNames = () => [...names];
  internal.builtinLoaded = (name) => loaded[name] !== undefined;

  // A builtin by its name; those of `internal/` are there for the others only.
  internal.builtin = function builtin(name) {
    const known = loaded[name];
    if (known !== undefined) return known.exports;
    const module = { exports: {} };
    loaded[name] = module;
    try {
      apply(ops.builtin(name), undefined, [module.exports, builtin, module, internal, ops]);
    } catch (error) {
      // It is tried again, as a module of the function would be.
      delete loaded[name];
      throw error;
    }
    return module.exports;
  };

  internal.builtin('internal/globals');
});
