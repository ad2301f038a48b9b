// Errors with the codes and the messages of Node.js.
'use strict';

function make(Base, code, message, properties) {
  const error = new Base(message);
  // The stack says the code, and the name does not, as in Node.js.
  Object.defineProperty(error, 'name', { value: `${error.name} [${code}]`, enumerable: false, writable: true, configurable: true });
  error.stack; // eslint-disable-line no-unused-expressions
  delete error.name;
  Object.defineProperty(error, 'toString', { value() { return `${this.name} [${code}]: ${this.message}`; }, enumerable: false, writable: true, configurable: true });
  error.code = code;
  return properties === undefined ? error : Object.assign(error, properties);
}

// What a value is, as the end of a message.
function received(value) {
  if (value === undefined || value === null) return ` Received ${value}`;
  if (typeof value === 'function') return ` Received function ${value.name}`;
  if (typeof value === 'object') {
    if (value.constructor?.name) return ` Received an instance of ${value.constructor.name}`;
    return ` Received ${require('util').inspect(value, { depth: -1 })}`;
  }
  let shown = require('util').inspect(value, { colors: false });
  if (shown.length > 28) shown = `${shown.slice(0, 25)}...`;
  return ` Received type ${typeof value} (${shown})`;
}

const kinds = new Set(['string', 'function', 'number', 'object', 'Function', 'Object', 'boolean', 'bigint', 'symbol']);

function list(words, last) {
  if (words.length < 3) return words.join(` ${last} `);
  return `${words.slice(0, -1).join(', ')}, ${last} ${words[words.length - 1]}`;
}

function invalidArgType(name, expected, value) {
  const all = Array.isArray(expected) ? expected : [expected];
  const types = all.filter((word) => kinds.has(word)).map((word) => word.toLowerCase());
  const classes = all.filter((word) => !kinds.has(word) && /^([A-Z][a-z0-9]*)+$/.test(word));
  const others = all.filter((word) => !kinds.has(word) && !/^([A-Z][a-z0-9]*)+$/.test(word));
  const parts = [];
  if (types.length > 0) parts.push(`${types.length > 1 ? 'one of type' : 'of type'} ${list(types, 'or')}`);
  if (classes.length > 0) parts.push(`an instance of ${list(classes, 'or')}`);
  if (others.length > 0) parts.push(others.length > 1 ? `one of ${list(others, 'or')}` : `${/^[A-Z]/.test(others[0]) ? 'an ' : ''}${others[0]}`);
  const subject = name.endsWith(' argument') ? `The ${name}` : `The "${name}" ${name.includes('.') ? 'property' : 'argument'}`;
  return make(TypeError, 'ERR_INVALID_ARG_TYPE', `${subject} must be ${parts.join(' or ')}.${received(value)}`);
}

function invalidArgValue(name, value, reason = 'is invalid', Base = TypeError) {
  let shown = require('util').inspect(value);
  if (shown.length > 128) shown = `${shown.slice(0, 128)}...`;
  const kind = name.includes('.') ? 'property' : 'argument';
  return make(Base, 'ERR_INVALID_ARG_VALUE', `The ${kind} '${name}' ${reason}. Received ${shown}`);
}

function withUnderscores(value) {
  const text = String(value);
  const digits = text.startsWith('-') ? text.slice(1) : text;
  if (!/^\d+$/.test(digits)) return text;
  return `${text.startsWith('-') ? '-' : ''}${digits.replace(/\B(?=(\d{3})+$)/g, '_')}`;
}

function outOfRange(name, range, value) {
  let shown;
  if (Number.isInteger(value) && Math.abs(value) > 2 ** 32) shown = withUnderscores(value);
  else if (typeof value === 'bigint') shown = `${value > 2n ** 32n || value < -(2n ** 32n) ? withUnderscores(value) : value}n`;
  else shown = require('util').inspect(value);
  return make(RangeError, 'ERR_OUT_OF_RANGE', `The value of "${name}" is out of range. It must be ${range}. Received ${shown}`);
}

// What Node.js has and an isolate cannot have.
function unavailable(what) {
  return make(Error, 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM', `${what} is not available in cloud functions`);
}

// A function that is there and cannot be used.
function absent(what) {
  return function () {
    throw unavailable(what);
  };
}

class AbortError extends Error {
  constructor(message = 'The operation was aborted', options) {
    super(message, options);
    this.code = 'ABORT_ERR';
    this.name = 'AbortError';
  }
}

module.exports = { make, received, invalidArgType, invalidArgValue, outOfRange, unavailable, absent, AbortError };
