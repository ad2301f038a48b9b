// CommonJS modules of the function's package.
(function (internal, ops) {
  'use strict';

  const { apply } = Reflect;
  const { parse } = JSON;
  const cache = { __proto__: null };
  const builtins = new Set(
    ('assert async_hooks buffer child_process cluster console constants crypto dgram diagnostics_channel dns domain events fs http http2 https ' +
      'inspector module net os path perf_hooks process punycode querystring readline repl stream string_decoder sys test timers tls ' +
      'trace_events tty url util v8 vm wasi worker_threads zlib').split(' '),
  );

  function folderOf(filename) {
    return filename.slice(0, filename.lastIndexOf('/')) || '/';
  }

  function notFound(request, from) {
    const name = request.startsWith('node:') ? request.slice(5) : request;
    if (request.startsWith('node:') || builtins.has(name.split('/')[0])) {
      return Object.assign(new Error(`the built-in module '${name}' is not available yet`), { code: 'MODULE_NOT_AVAILABLE' });
    }
    return Object.assign(new Error(`Cannot find module '${request}' from '${from}'`), { code: 'MODULE_NOT_FOUND' });
  }

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
      if (typeof request !== 'string' || request === '') throw new TypeError('the name of a module must be a text');
      const filename = ops.resolve(folder, request);
      if (filename === undefined) throw notFound(request, folder);
      return filename;
    }
    const require = (request) => load(resolve(request)).exports;
    require.resolve = resolve;
    require.cache = cache;
    return require;
  }

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
