// `process`, as far as a function in an isolate has one; ours.
'use strict';
const EventEmitter = require('events');
const { make, unavailable, invalidArgType } = require('internal/errors');
const { validateFunction, validateString } = require('internal/validators');
const { native } = internal;

const began = native['clock.now']();
const elapsed = () => native['clock.now']() - began;

const process = Object.create(Object.create(EventEmitter.prototype, { constructor: { value: Object.defineProperty(function () {}, 'name', { value: 'process' }), configurable: true, writable: true }, [Symbol.toStringTag]: { value: 'process', configurable: true } }));
EventEmitter.call(process);

// The environment is the function's own. Its values are texts, as those of an operating system.
const environment = { __proto__: null, NODE_ENV: 'production', LANG: 'en_US.UTF-8', HOME: '/tmp', TMPDIR: '/tmp', PATH: '/usr/local/bin:/usr/bin:/bin' };
process.env = new Proxy(Object.setPrototypeOf(environment, Object.prototype), {
  set(target, key, value) {
    if (typeof key === 'symbol' || typeof value === 'symbol') throw new TypeError('Cannot convert a Symbol value to a string');
    target[key] = `${value}`;
    return true;
  },
  defineProperty(target, key, descriptor) {
    if ('value' in descriptor) descriptor = { ...descriptor, value: `${descriptor.value}` };
    return Reflect.defineProperty(target, key, descriptor);
  },
});

function hrtime(previous) {
  const now = elapsed() + 1000;
  let seconds = Math.floor(now / 1000);
  let nanoseconds = Math.floor((now % 1000) * 1e6);
  if (previous !== undefined) {
    if (!Array.isArray(previous)) throw invalidArgType('time', 'Array', previous);
    seconds -= previous[0];
    nanoseconds -= previous[1];
    if (nanoseconds < 0) {
      seconds -= 1;
      nanoseconds += 1e9;
    }
  }
  return [seconds, nanoseconds];
}
hrtime.bigint = () => BigInt(Math.floor((elapsed() + 1000) * 1e6));

function memoryUsage() {
  const [heapUsed, heapTotal, , external] = ops.heap();
  return { rss: heapTotal + external, heapTotal, heapUsed, external, arrayBuffers: external };
}
memoryUsage.rss = () => memoryUsage().rss;

function emitWarning(warning, type, code) {
  let detail;
  if (type !== null && typeof type === 'object' && !Array.isArray(type)) ({ type, code, detail } = type);
  else if (typeof type === 'function') type = undefined;
  if (typeof code === 'function') code = undefined;
  if (type !== undefined) validateString(type, 'type');
  if (!(warning instanceof Error)) {
    validateString(warning, 'warning');
    warning = new Error(warning);
    warning.name = String(type || 'Warning');
    if (code !== undefined) warning.code = code;
    if (detail !== undefined) warning.detail = detail;
  }
  if (warning.name === 'DeprecationWarning' && process.noDeprecation) return;
  process.nextTick(() => {
    internal.logger(0).warn(`${warning.code ? `[${warning.code}] ` : ''}${warning.name}: ${warning.message}${warning.detail ? `\n${warning.detail}` : ''}`);
    process.emit('warning', warning);
  });
}

// What is written to a stream of the process goes to the log, a line at a time.
function output(fd, level) {
  let stream;
  return () => {
    if (stream !== undefined) return stream;
    const { Writable } = require('stream');
    let rest = '';
    stream = new Writable({
      decodeStrings: false,
      write(chunk, encoding, done) {
        rest += typeof chunk === 'string' ? chunk : chunk.toString();
        const lines = rest.split('\n');
        rest = lines.pop();
        for (const line of lines) ops.log(0, level, line);
        // A line without an end is logged with what the call wrote before it ends.
        if (rest !== '') queueMicrotask(flush);
        done();
      },
    });
    const flush = () => {
      if (rest === '') return;
      ops.log(0, level, rest);
      rest = '';
    };
    stream.destroy = () => stream;
    return Object.assign(stream, { fd, isTTY: false, columns: undefined, _type: 'pipe', _isStdio: true });
  };
}

let input;
const standardInput = () => {
  if (input === undefined) {
    const { Readable } = require('stream');
    input = Object.assign(Readable.from([]), { fd: 0, isTTY: false });
  }
  return input;
};

let exitCode;
function exit(code) {
  const given = code ?? exitCode ?? 0;
  process.exitCode = given;
  try {
    process.emit('exit', given);
  } catch {
    // The call ends whatever its listeners do.
  }
  const message = `the function called process.exit(${given})`;
  ops.exit(message);
  throw make(Error, 'ERR_PROCESS_EXIT', message);
}

const absent = (name) => () => {
  throw unavailable(`process.${name}`);
};

let exceptionCallback = null;
internal.catchUncaught = (error) => {
  if (exceptionCallback !== null) {
    exceptionCallback(error);
    return true;
  }
  process.emit('uncaughtExceptionMonitor', error, 'uncaughtException');
  return process.emit('uncaughtException', error, 'uncaughtException');
};

const versions = { node: '20.19.0', acorn: '8.14.0', ares: '1.34.5', modules: '115', napi: '9', openssl: '3.0.15', unicode: '16.0', uv: '1.46.0', v8: '11.3.244.8-node.26', zlib: '1.3.0.1' };

Object.assign(process, {
  title: 'node',
  version: 'v20.19.0',
  versions: Object.freeze(versions),
  arch: 'x64',
  platform: 'linux',
  release: { name: 'node', lts: 'Iron' },
  argv: ['/usr/local/bin/node', '/code/index.js'],
  execArgv: [],
  execPath: '/usr/local/bin/node',
  argv0: 'node',
  pid: 1,
  ppid: 0,
  debugPort: 9229,
  exitCode: undefined,
  config: { target_defaults: {}, variables: {} },
  features: { inspector: false, debug: false, uv: true, ipv6: true, tls_alpn: true, tls_sni: true, tls_ocsp: true, tls: true, cached_builtins: true },
  report: {},
  moduleLoadList: [],
  allowedNodeEnvironmentFlags: new Set(),
  connected: false,
  noDeprecation: false,
  hrtime,
  memoryUsage,
  emitWarning,
  exit,
  reallyExit: exit,
  nextTick(callback, ...args) {
    validateFunction(callback, 'callback');
    internal.nextTick(callback, args);
  },
  cwd: () => '/code',
  chdir: absent('chdir()'),
  uptime: () => elapsed() / 1000,
  cpuUsage: () => ({ user: Math.floor(elapsed() * 1000), system: 0 }),
  resourceUsage: () => ({ userCPUTime: Math.floor(elapsed() * 1000), systemCPUTime: 0, maxRSS: Math.floor(memoryUsage.rss() / 1024), sharedMemorySize: 0, unsharedDataSize: 0, unsharedStackSize: 0, minorPageFault: 0, majorPageFault: 0, swappedOut: 0, fsRead: 0, fsWrite: 0, ipcSent: 0, ipcReceived: 0, signalsCount: 0, voluntaryContextSwitches: 0, involuntaryContextSwitches: 0 }),
  constrainedMemory: () => ops.heap()[2],
  availableMemory: () => ops.heap()[2] - ops.heap()[0],
  umask: () => 0o22,
  getuid: () => 1000,
  geteuid: () => 1000,
  getgid: () => 1000,
  getegid: () => 1000,
  getgroups: () => [1000],
  setuid: absent('setuid()'),
  setgid: absent('setgid()'),
  abort: absent('abort()'),
  kill: absent('kill()'),
  dlopen: absent('dlopen()'),
  binding: absent('binding()'),
  send: undefined,
  ref() {},
  unref() {},
  getActiveResourcesInfo: () => [],
  getBuiltinModule: (name) => {
    validateString(name, 'id');
    name = name.replace(/^node:/, '');
    return internal.isBuiltin(name) ? internal.builtin(name) : undefined;
  },
  setSourceMapsEnabled() {},
  setUncaughtExceptionCaptureCallback(callback) {
    if (callback !== null) validateFunction(callback, 'fn');
    exceptionCallback = callback;
  },
  hasUncaughtExceptionCaptureCallback: () => exceptionCallback !== null,
  assert: (value, message) => require('assert')(value, message),
  loadEnvFile(path = '.env') {
    const values = require('util').parseEnv(require('fs').readFileSync(path, 'utf8'));
    for (const [name, value] of Object.entries(values)) process.env[name] ??= value;
  },
});
for (const [name, get] of Object.entries({ stdout: output(1, 'info'), stderr: output(2, 'error'), stdin: standardInput })) {
  Object.defineProperty(process, name, { get, enumerable: true, configurable: true });
}
for (const name of ['binding', 'dlopen', 'reallyExit', 'moduleLoadList']) Object.defineProperty(process, name, { enumerable: false });

module.exports = process;
