// CommonJS modules of the function's package.
(function (internal, ops) {
  'use strict';

  const { apply } = Reflect;
  const { parse } = JSON;
  const cache = { __proto__: null };

  function folderOf(filename) {
    return filename.slice(0, filename.lastIndexOf('/')) || '/';
  }

  function notFound(request, from) {
    if (request.startsWith('node:')) return Object.assign(new Error(`No such built-in module: ${request}`), { code: 'ERR_UNKNOWN_BUILTIN_MODULE' });
    return Object.assign(new Error(`Cannot find module '${request}' from '${from}'`), { code: 'MODULE_NOT_FOUND' });
  }

  const builtinName = (request) => (typeof request === 'string' && request.startsWith('node:') ? request.slice(5) : request);

  function load(filename) {
    const known = cache[filename];
    if (known !== undefined) return known;
    if (filename.endsWith('.mjs')) throw new SyntaxError(`${filename}: ES modules are not available yet`);
    const module = { id: filename, filename, exports: {}, loaded: false, children: [], paths: [] };
    cache[filename] = module;
    try {
      if (filename.endsWith('.json')) {
        try {
          module.exports = parse(ops.source(filename));
        } catch (error) {
          throw new SyntaxError(`${filename}: ${error.message}`);
        }
      } else {
        const folder = folderOf(filename);
        module.require = requireFrom(folder);
        apply(ops.compile(filename), module.exports, [module.exports, module.require, module, filename, folder]);
      }
      module.loaded = true;
    } catch (error) {
      delete cache[filename];
      throw error;
    }
    return module;
  }

  function requireFrom(folder) {
    function resolve(request) {
      if (internal.isBuiltin(builtinName(request))) return request;
      if (typeof request !== 'string' || request === '') throw new TypeError('the name of a module must be a text');
      const filename = ops.resolve(folder, request);
      if (filename === undefined) throw notFound(request, folder);
      return filename;
    }
    function require(request) {
      // A builtin goes before what is installed, as in Node.js.
      const name = builtinName(request);
      return internal.isBuiltin(name) ? internal.builtin(name) : load(resolve(request)).exports;
    }
    require.resolve = resolve;
    require.cache = cache;
    return require;
  }

  internal.requireFrom = requireFrom;

  let handler;

  // What the package exports to be called: the module itself, or its `main` or `default`.
  internal.handler = () => {
    if (handler !== undefined) return handler;
    const exports = load(ops.main()).exports;
    for (const candidate of [exports, exports?.main, exports?.default]) {
      if (typeof candidate === 'function') return (handler = candidate);
    }
    throw new TypeError('the function must export a function: module.exports = async (ctx) => { … }');
  };
});
