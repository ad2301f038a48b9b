// `structuredClone` of the HTML Standard; ours.
'use strict';
const DOMException = require('internal/dom_exception');
const { make } = require('internal/errors');
const { kind } = ops;

const errors = { __proto__: null, Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError };

function refuse(value) {
  let shown;
  try {
    shown = typeof value === 'object' ? '#<Object>' : String(value);
    if (typeof value === 'object') shown = `#<${value.constructor?.name || 'Object'}>`;
  } catch {
    shown = 'the value';
  }
  return new DOMException(`${shown} could not be cloned.`, 'DataCloneError');
}

function copyFields(source, target, clone) {
  for (const key of Object.keys(source)) Object.defineProperty(target, key, { value: clone(source[key]), writable: true, enumerable: true, configurable: true });
  return target;
}

function cloneError(error, remember, clone) {
  const name = errors[error.name] === undefined ? 'Error' : error.name;
  const copy = Object.create(errors[name].prototype);
  // A real error, so that it is told as one.
  const made = remember(Object.setPrototypeOf(new Error(), Object.getPrototypeOf(copy)));
  for (const key of ['message', 'cause']) {
    const own = Object.getOwnPropertyDescriptor(error, key);
    if (own !== undefined && 'value' in own) Object.defineProperty(made, key, { value: key === 'message' ? `${own.value}` : clone(own.value), writable: true, configurable: true, enumerable: false });
    else delete made[key];
  }
  Object.defineProperty(made, 'stack', { value: typeof error.stack === 'string' ? error.stack : undefined, writable: true, configurable: true, enumerable: false });
  return made;
}

function makeClone(transferred) {
  const seen = new Map(transferred);

  return function clone(value) {
    if (typeof value === 'symbol' || typeof value === 'function') throw refuse(value);
    if (typeof value !== 'object' || value === null) return value;
    const known = seen.get(value);
    if (known !== undefined) return known;
    const remember = (copy) => {
      seen.set(value, copy);
      return copy;
    };
    if (Array.isArray(value)) {
      const copy = remember(new Array(value.length));
      return copyFields(value, copy, clone);
    }
    switch (kind(value)) {
      case 'Date':
        return remember(new Date(Date.prototype.getTime.call(value)));
      case 'RegExp':
        return remember(new RegExp(value.source, value.flags));
      case 'Map': {
        const copy = remember(new Map());
        for (const [key, item] of [...Map.prototype.entries.call(value)]) copy.set(clone(key), clone(item));
        return copy;
      }
      case 'Set': {
        const copy = remember(new Set());
        for (const item of [...Set.prototype.values.call(value)]) copy.add(clone(item));
        return copy;
      }
      case 'Error':
        return cloneError(value, remember, clone);
      case 'ArrayBuffer':
        return remember(ArrayBuffer.prototype.slice.call(value, 0));
      case 'SharedArrayBuffer':
        return remember(value);
      case 'ArrayBufferView': {
        const tag = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag).get.call(value);
        const buffer = clone(value.buffer);
        if (tag === undefined) return remember(new DataView(buffer, value.byteOffset, value.byteLength));
        return remember(new globalThis[tag](buffer, value.byteOffset, value.length));
      }
      case 'NumberObject':
      case 'StringObject':
      case 'BooleanObject':
      case 'BigIntObject':
        return remember(Object(value.valueOf()));
      case undefined:
        break;
      case 'Arguments':
        break;
      default:
        throw refuse(value);
    }
    if (value instanceof DOMException) return remember(new DOMException(value.message, value.name));
    if (internal.builtinLoaded('internal/blob')) {
      const { Blob } = require('internal/blob');
      // A blob never changes.
      if (value instanceof Blob) return remember(value);
    }
    if (internal.builtinLoaded('worker_threads') && value instanceof require('worker_threads').MessagePort) throw new DOMException('Object that needs transfer was found in message but not listed in transferList', 'DataCloneError');
    return copyFields(value, remember({}), clone);
  };
}

// What is transferred is gone where it came from.
function transfer(list) {
  const moved = new Map();
  for (const item of list) {
    if (moved.has(item)) throw new DOMException('Transfer list contains duplicate ArrayBuffer', 'DataCloneError');
    if (kind(item) === 'ArrayBuffer') {
      if (item.detached) throw new DOMException('An ArrayBuffer is detached and could not be cloned.', 'DataCloneError');
      moved.set(item, undefined);
    } else if (internal.builtinLoaded('worker_threads') && item instanceof require('worker_threads').MessagePort) moved.set(item, item);
    else throw new DOMException('Value not transferable', 'DataCloneError');
  }
  return moved;
}

function structuredClone(value, options = undefined) {
  if (arguments.length === 0) throw make(TypeError, 'ERR_MISSING_ARGS', 'The value argument must be specified');
  const list = options?.transfer;
  if (list === undefined || list === null || list.length === 0) return makeClone([])(value);
  const moved = transfer([...list]);
  // The copies are made before anything is taken away.
  const entries = [];
  const placeholders = new Map();
  for (const [item, same] of moved) {
    if (same !== undefined) entries.push([item, same]);
    else {
      const copy = item.slice(0);
      placeholders.set(item, copy);
      entries.push([item, copy]);
    }
  }
  const copy = makeClone(entries)(value);
  for (const item of placeholders.keys()) item.transfer?.();
  return copy;
}

module.exports = structuredClone;
