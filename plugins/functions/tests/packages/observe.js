// Notes which builtin modules and globals the packages load, read and call. Only for the report:
// it puts proxies around them, which a package could see.
const Module = require('module');
const vm = require('vm');
const path = require('path');
const fs = require('fs');

// Not in Node.js 20: packages ask for them to find out where they run.
const FOREIGN = ['window', 'self', 'document', 'navigator', 'importScripts', 'Deno', 'Bun', 'EdgeRuntime', 'wx', 'my', 'HermesInternal', 'WorkerGlobalScope'];
const LANGUAGE = new Set(vm.runInNewContext('Object.getOwnPropertyNames(globalThis)'));
const FROM_LANGUAGE = ['Intl', 'WebAssembly', 'SharedArrayBuffer', 'Atomics', 'WeakRef', 'FinalizationRegistry', 'eval'];

/** The package that a file belongs to, or `case`. */
function owner(file) {
  const at = file.lastIndexOf(`${path.sep}node_modules${path.sep}`);
  if (at < 0) return 'case';
  const [first, second] = file.slice(at + 14).split(path.sep);
  return first.startsWith('@') ? `${first}/${second}` : first;
}

/** Whether the code that is three calls up the stack belongs to a package or a case. */
function fromPackage() {
  const line = new Error().stack.split('\n')[3] ?? '';
  return /[\\/](node_modules|cases)[\\/]/.test(line);
}

function start() {
  const builtins = {};
  const globals = {};
  const absent = new Set();
  const files = new Set();
  const seen = new Map();
  const noted = (list, name) => (list[name] ??= { by: new Set(), read: new Set(), called: new Set() });

  function observed(value, note) {
    if (seen.has(value)) return seen.get(value);
    const inner = new Map();
    const proxy = new Proxy(value, {
      get(target, key) {
        const own = Reflect.getOwnPropertyDescriptor(target, key);
        const member = own && 'value' in own ? own.value : Reflect.get(target, key);
        if (typeof key !== 'string' || (own && !own.configurable && !own.writable)) return member;
        if (['prototype', 'length', 'name', 'toString', 'constructor', 'call', 'apply', 'bind'].includes(key)) return member;
        note.read.add(key);
        if (typeof member !== 'function' || /^[A-Z]/.test(key)) return seen.get(member) ?? member;
        if (!inner.has(member)) {
          inner.set(member, new Proxy(member, {
            apply(method, self, args) {
              note.called.add(key);
              return Reflect.apply(method, self === proxy ? target : self, args);
            },
          }));
        }
        return inner.get(member);
      },
    });
    seen.set(value, proxy);
    return proxy;
  }

  const load = Module._load;
  Module._load = function (request, parent, isMain) {
    const bare = request.replace(/^node:/, '');
    if (!Module.isBuiltin(request)) {
      try {
        return load.call(this, request, parent, isMain);
      } catch (error) {
        if (error.code === 'MODULE_NOT_FOUND' && parent) absent.add(`${owner(parent.filename)} → ${request}`);
        throw error;
      } finally {
        if (parent) files.add(parent.filename);
      }
    }
    const note = noted(builtins, bare);
    note.by.add(owner(parent.filename));
    const value = load.call(this, request, parent, isMain);
    return typeof value === 'object' || typeof value === 'function' ? observed(value, note) : value;
  };

  const watch = (name, value, present) => {
    let current = value;
    let found = false;
    Object.defineProperty(globalThis, name, {
      configurable: true,
      enumerable: false,
      get() {
        if (!found && fromPackage()) {
          found = true;
          if (present) noted(globals, name); else absent.add(`typeof ${name}`);
        }
        return found && ['process', 'Buffer'].includes(name) ? observed(current, noted(globals, name)) : current;
      },
      set(next) { current = next; },
    });
  };
  for (const name of Object.getOwnPropertyNames(globalThis)) {
    if (!LANGUAGE.has(name) || FROM_LANGUAGE.includes(name) || name === 'console') watch(name, globalThis[name], true);
  }
  for (const name of FOREIGN) if (!(name in globalThis)) watch(name, undefined, false);

  const NativeFunction = Function;
  let compiled = false;
  globalThis.Function = new Proxy(NativeFunction, {
    apply(target, self, args) { compiled ||= fromPackage(); return Reflect.apply(target, self, args); },
    construct(target, args, made) { compiled ||= fromPackage(); return Reflect.construct(target, args, made); },
  });

  return () => {
    if (compiled) noted(globals, 'new Function');
    const plain = (list) => Object.fromEntries(Object.keys(list).sort().map((name) => [name,
      Object.fromEntries(Object.entries(list[name]).map(([key, set]) => [key, [...set].sort()]))]));
    const loaded = Object.keys(require.cache).filter((file) => file.includes('node_modules'));
    return { builtins: plain(builtins), globals: plain(globals), absent: [...absent].sort(), files: loaded.length,
      bytes: loaded.reduce((sum, file) => sum + fs.statSync(file).size, 0), packages: [...new Set(loaded.map(owner))].sort() };
  };
}

module.exports = { start };
