// Node.js's `util`: formatting of npm `node-inspect-extracted` (Node.js's own code), comparison of npm `assert`, the rest ours.
'use strict';
const { make, invalidArgType } = require('internal/errors');
const { validateFunction, validateString, validateAbortSignal, validateObject } = require('internal/validators');

const custom = Symbol.for('nodejs.util.promisify.custom');
const customArgs = Symbol.for('nodejs.util.promisify.customArgs');

function promisify(original) {
  validateFunction(original, 'original');
  if (original[custom]) {
    const own = original[custom];
    validateFunction(own, 'util.promisify.custom');
    return Object.defineProperty(own, custom, { value: own, enumerable: false, writable: false, configurable: true });
  }
  const names = original[customArgs];
  function promised(...args) {
    return new Promise((resolve, reject) => {
      Reflect.apply(original, this, [
        ...args,
        (error, ...values) => {
          if (error) reject(error);
          else if (names !== undefined && values.length > 1) resolve(Object.fromEntries(names.map((name, index) => [name, values[index]])));
          else resolve(values[0]);
        },
      ]);
    });
  }
  Object.setPrototypeOf(promised, Object.getPrototypeOf(original));
  Object.defineProperty(promised, custom, { value: promised, enumerable: false, writable: false, configurable: true });
  return Object.defineProperties(promised, Object.getOwnPropertyDescriptors(original));
}
promisify.custom = custom;

function callbackify(original) {
  validateFunction(original, 'original');
  function callbackified(...args) {
    const callback = args.pop();
    validateFunction(callback, 'last argument');
    Reflect.apply(original, this, args).then(
      (value) => process.nextTick(callback.bind(this), null, value),
      (error) => {
        if (!error) {
          const reason = error;
          error = make(Error, 'ERR_FALSY_VALUE_REJECTION', 'Promise was rejected with falsy value');
          error.reason = reason;
        }
        process.nextTick(callback.bind(this), error);
      },
    );
  }
  const descriptors = Object.getOwnPropertyDescriptors(original);
  if (typeof descriptors.length?.value === 'number') descriptors.length.value++;
  if (typeof descriptors.name?.value === 'string') descriptors.name.value += 'Callbackified';
  return Object.defineProperties(callbackified, descriptors);
}

function inherits(type, parent) {
  validateFunction(type, 'ctor');
  validateFunction(parent, 'superCtor');
  if (parent.prototype === undefined) throw invalidArgType('superCtor.prototype', 'Object', parent.prototype);
  Object.defineProperty(type, 'super_', { value: parent, writable: true, configurable: true });
  Object.setPrototypeOf(type.prototype, parent.prototype);
}

const deprecations = new Set();
function deprecate(callback, message, code) {
  let warned = false;
  function deprecated(...args) {
    if (!warned) {
      warned = true;
      if (code === undefined || !deprecations.has(code)) {
        if (code !== undefined) deprecations.add(code);
        process.emitWarning(message, 'DeprecationWarning', code, deprecated);
      }
    }
    return new.target ? Reflect.construct(callback, args, new.target) : Reflect.apply(callback, this, args);
  }
  Object.setPrototypeOf(deprecated, callback);
  if (callback.prototype) deprecated.prototype = callback.prototype;
  return deprecated;
}

// NODE_DEBUG names what is logged; a function may set it.
function debuglog(set, ready) {
  const name = `${set}`.toUpperCase();
  const enabled = () => {
    const wanted = process.env.NODE_DEBUG;
    return Boolean(wanted) && wanted.split(',').some((part) => new RegExp(`^${part.trim().replace(/[|\\{}()[\]^$+?.]/g, '\\$&').replaceAll('*', '.*')}$`, 'i').test(name));
  };
  const log = (...args) => {
    if (enabled()) internal.logger(0).debug(`${name} ${process.pid}: ${internal.format(...args)}`);
  };
  Object.defineProperty(log, 'enabled', { get: enabled, configurable: true, enumerable: true });
  ready?.(log);
  return log;
}

function isDeepStrictEqual(a, b) {
  return require('internal/comparisons').isDeepStrictEqual(a, b);
}

function styleText(style, text, { validateStream = true } = {}) {
  validateString(text, 'text');
  let before = '';
  let after = '';
  for (const name of Array.isArray(style) ? style : [style]) {
    const codes = util.inspect.colors[name];
    if (codes === undefined) {
      const shown = Object.keys(util.inspect.colors).map((key) => `'${key}'`).join(', ');
      throw make(TypeError, 'ERR_INVALID_ARG_VALUE', `The argument 'format' must be one of: ${shown}. Received ${util.inspect(name)}`);
    }
    before += `\u001b[${codes[0]}m`;
    after = `\u001b[${codes[1]}m${after}`;
  }
  // No stream of a function is a terminal.
  return validateStream ? text : before + text + after;
}

function getSystemErrorName(number) {
  return require('internal/system_errors').nameOf(number);
}

async function aborted(signal, resource) {
  if (signal === undefined) throw invalidArgType('signal', 'AbortSignal', signal);
  validateAbortSignal(signal, 'signal');
  validateObject(resource, 'resource');
  if (signal.aborted) return undefined;
  return new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
}

const lazy = {
  inspect: () => require('internal/inspect').inspect,
  format: () => require('internal/inspect').format,
  formatWithOptions: () => require('internal/inspect').formatWithOptions,
  stripVTControlCharacters: () => require('internal/inspect').stripVTControlCharacters,
  types: () => require('util/types'),
  TextEncoder: () => TextEncoder,
  TextDecoder: () => TextDecoder,
  MIMEType: () => require('internal/mime').MIMEType,
  MIMEParams: () => require('internal/mime').MIMEParams,
  parseArgs: () => require('internal/parse_args'),
  parseEnv: () => require('internal/parse_env'),
};

const typeOf = (type) => (value) => typeof value === type;

const util = (module.exports = {
  promisify, callbackify, inherits, deprecate, debuglog, debug: debuglog,
  isDeepStrictEqual, styleText, getSystemErrorName, aborted,
  getSystemErrorMap: () => require('internal/system_errors').map(),
  toUSVString: (text) => `${text}`.toWellFormed(),
  transferableAbortController: () => new AbortController(),
  transferableAbortSignal: (signal) => signal,
  log: (...args) => internal.logger(0).info(...args),
  _extend: (target, source) => (source === null || typeof source !== 'object' ? target : Object.assign(target, source)),
  _errnoException(errno, syscall, original) {
    const code = getSystemErrorName(errno);
    return Object.assign(new Error(`${syscall} ${code}${original ? ` ${original}` : ''}`), { errno, code, syscall });
  },
  isArray: Array.isArray,
  isBoolean: typeOf('boolean'),
  isNull: (value) => value === null,
  isNullOrUndefined: (value) => value === null || value === undefined,
  isNumber: typeOf('number'),
  isString: typeOf('string'),
  isSymbol: typeOf('symbol'),
  isUndefined: (value) => value === undefined,
  isRegExp: (value) => require('util/types').isRegExp(value),
  isObject: (value) => value !== null && typeof value === 'object',
  isDate: (value) => require('util/types').isDate(value),
  isError: (value) => value instanceof Error || require('util/types').isNativeError(value),
  isFunction: typeOf('function'),
  isPrimitive: (value) => value === null || (typeof value !== 'object' && typeof value !== 'function'),
  isBuffer: (value) => require('buffer').Buffer.isBuffer(value),
});
require('internal/lazy')(util, lazy);
