// Node.js's `console`: its lines go to the log of the call that is running, or to the streams of a Console; ours.
'use strict';
const { make } = require('internal/errors');
const { native } = internal;
const now = native['clock.now'];

const methods = {
  dir(value, options) {
    write(this, 'info', [require('util').inspect(value, { customInspect: false, ...options })]);
  },
  dirxml(...args) {
    write(this, 'info', args);
  },
  trace(...args) {
    const error = { name: 'Trace', message: internal.format(...args) };
    Error.captureStackTrace(error, methods.trace);
    write(this, 'error', [`Trace${error.message ? `: ${error.message}` : ''}\n${String(error.stack).split('\n').slice(1).join('\n')}`]);
  },
  assert(condition, ...args) {
    if (condition) return;
    if (typeof args[0] === 'string') args[0] = `Assertion failed: ${args[0]}`;
    else args.unshift('Assertion failed');
    write(this, 'warn', args);
  },
  clear() {},
  count(label = 'default') {
    label = `${label}`;
    const count = (state(this).counts.get(label) ?? 0) + 1;
    state(this).counts.set(label, count);
    write(this, 'info', [`${label}: ${count}`]);
  },
  countReset(label = 'default') {
    if (!state(this).counts.delete(`${label}`)) write(this, 'warn', [`Count for '${label}' does not exist`]);
  },
  time(label = 'default') {
    label = `${label}`;
    if (state(this).clocks.has(label)) write(this, 'warn', [`Label '${label}' already exists for console.time()`]);
    else state(this).clocks.set(label, now());
  },
  timeLog(label = 'default', ...args) {
    shownTime(this, `${label}`, 'timeLog', args);
  },
  timeEnd(label = 'default') {
    if (shownTime(this, `${label}`, 'timeEnd', [])) state(this).clocks.delete(`${label}`);
  },
  timeStamp() {},
  profile() {},
  profileEnd() {},
  group(...args) {
    if (args.length > 0) write(this, 'info', args);
    state(this).indent += '  ';
  },
  groupEnd() {
    state(this).indent = state(this).indent.slice(2);
  },
  table(rows, columns) {
    if (rows === null || typeof rows !== 'object') write(this, 'info', [rows]);
    else write(this, 'info', [require('internal/table')(rows, columns)]);
  },
};
methods.groupCollapsed = methods.group;
for (const [name, level] of [['log', 'info'], ['info', 'info'], ['debug', 'debug'], ['warn', 'warn'], ['error', 'error']]) {
  methods[name] = function (...args) {
    write(this, level, args);
  };
}

const states = new WeakMap();
function state(console) {
  let known = states.get(console);
  if (known === undefined) states.set(console, (known = { counts: new Map(), clocks: new Map(), indent: '' }));
  return known;
}

function write(console, level, args) {
  const { indent, streams } = state(console);
  if (streams === undefined && indent === '') {
    internal.log(0, level, args);
    return;
  }
  let text = internal.format(...args);
  if (indent !== '') text = indent + text.replaceAll('\n', `\n${indent}`);
  if (streams === undefined) internal.log(0, level, [text]);
  else streams[level === 'warn' || level === 'error' ? 'stderr' : 'stdout'].write(`${text}\n`);
}

function shownTime(console, label, method, args) {
  const start = state(console).clocks.get(label);
  if (start === undefined) {
    write(console, 'warn', [`No such label '${label}' for console.${method}()`]);
    return false;
  }
  const took = now() - start;
  const shown = took >= 1000 ? `${(took / 1000).toFixed(3)}s` : `${Number(took.toFixed(3))}ms`;
  write(console, 'info', [`${label}: ${shown}`, ...args]);
  return true;
}

function bindAll(console) {
  for (const [name, method] of Object.entries(methods)) {
    console[name] = method.bind(console);
    Object.defineProperty(console[name], 'name', { value: name });
  }
  return console;
}

function Console(options, stderr) {
  if (!new.target) return new Console(options, stderr);
  const streams = typeof options?.write === 'function' ? { stdout: options, stderr } : { ...options };
  if (typeof streams.stdout?.write !== 'function') throw make(TypeError, 'ERR_CONSOLE_WRITABLE_STREAM', 'Console expects a writable stream instance for stdout');
  streams.stderr ??= streams.stdout;
  bindAll(this);
  state(this).streams = streams;
}

const console = bindAll(Object.create({}));
console.Console = Console;
Object.defineProperty(console, Symbol.toStringTag, { value: 'console', configurable: true });
Object.defineProperty(Console, Symbol.hasInstance, { value: (value) => value === console || states.has(value) });

module.exports = console;
