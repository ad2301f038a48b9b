// The modules of the function's package.
(function (internal, ops) {
  'use strict';

  const { apply } = Reflect;
  const { parse } = JSON;
  const cache = { __proto__: null };

  const builtinName = (request) => (typeof request === 'string' && request.startsWith('node:') ? request.slice(5) : request);

  function folderOf(filename) {
    return filename.slice(0, filename.lastIndexOf('/')) || '/';
  }

  function notFound(request, from) {
    if (request.startsWith('node:')) return Object.assign(new Error(`No such built-in module: ${request}`), { code: 'ERR_UNKNOWN_BUILTIN_MODULE' });
    return Object.assign(new Error(`Cannot find module '${request}' from '${from}'`), { code: 'MODULE_NOT_FOUND' });
  }

  function load(filename, parent) {
    const known = cache[filename];
    if (known !== undefined) return known;
    const module = { id: filename, path: folderOf(filename), filename, exports: {}, loaded: false, children: [], paths: [], parent };
    cache[filename] = module;
    try {
      if (filename.endsWith('.json')) {
        try {
          module.exports = parse(ops.source(filename));
        } catch (error) {
          throw new SyntaxError(`${filename}: ${error.message}`);
        }
      } else if (ops.is_es_module(filename)) {
        module.exports = required(filename);
      } else {
        module.require = requireFrom(module.path, module);
        apply(ops.compile(filename), module.exports, [module.exports, module.require, module, filename, module.path]);
      }
      module.loaded = true;
    } catch (error) {
      delete cache[filename];
      throw error;
    }
    return module;
  }

  // An ES module for `require`: its namespace, as in Node.js 22, unless it awaits something.
  function required(filename) {
    const [namespace, done] = ops.import_module('/code', filename);
    if (ops.outcome(done) === undefined) {
      throw Object.assign(new Error(`require() cannot be used on an ES module with top-level await: ${filename}. Use import() instead`), { code: 'ERR_REQUIRE_ASYNC_MODULE' });
    }
    return 'module.exports' in namespace ? namespace['module.exports'] : namespace;
  }

  function requireFrom(folder, parent) {
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
      return internal.isBuiltin(name) ? internal.builtin(name) : load(resolve(request), parent).exports;
    }
    resolve.paths = () => [];
    require.resolve = resolve;
    require.cache = cache;
    require.main = undefined;
    require.extensions = { __proto__: null, '.js': undefined, '.json': undefined, '.node': undefined };
    return require;
  }

  internal.requireFrom = requireFrom;

  // What a module that is no ES module exports, for those that import it.
  internal.exportsOf = (path) => (path.startsWith('node:') ? internal.builtin(path.slice(5)) : load(path).exports);

  internal.importModule = async (folder, specifier) => {
    // Never while the module that asks is itself being run.
    await null;
    const [namespace, done] = ops.import_module(folder, specifier);
    await done;
    return namespace;
  };

  function handlerOf(exports) {
    for (const candidate of [exports, exports?.main, exports?.default, exports?.default?.main, exports?.handler]) {
      if (typeof candidate === 'function') return candidate;
    }
    throw new TypeError('the function must export a function: module.exports = async (ctx) => { … }');
  }

  let handler;

  // What the package exports to be called: the module itself, or its `main`, `default` or `handler`; a promise of it
  // while an ES module awaits something.
  internal.handler = () => {
    if (handler !== undefined) return handler;
    const main = ops.main();
    if (!ops.is_es_module(main)) return (handler = handlerOf(load(main).exports));
    const [namespace, done] = ops.import_module('/code', main);
    if (ops.outcome(done) === true) return (handler = handlerOf(namespace));
    return done.then(() => (handler = handlerOf(namespace)));
  };
});
