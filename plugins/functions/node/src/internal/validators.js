// Checks of arguments, with the errors of Node.js.
'use strict';
const { invalidArgType, invalidArgValue, outOfRange, AbortError } = require('internal/errors');

function ofType(type) {
  return (value, name) => {
    if (typeof value !== type) throw invalidArgType(name, type, value);
  };
}

const validateString = ofType('string');
const validateBoolean = ofType('boolean');
const validateFunction = ofType('function');

function validateNumber(value, name, min, max) {
  if (typeof value !== 'number') throw invalidArgType(name, 'number', value);
  if ((min !== undefined && !(value >= min)) || (max !== undefined && !(value <= max))) {
    const range = `${min === undefined ? '' : `>= ${min}`}${min !== undefined && max !== undefined ? ' && ' : ''}${max === undefined ? '' : `<= ${max}`}`;
    throw outOfRange(name, range, value);
  }
}

function validateInteger(value, name, min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER) {
  if (typeof value !== 'number') throw invalidArgType(name, 'number', value);
  if (!Number.isInteger(value)) throw outOfRange(name, 'an integer', value);
  if (value < min || value > max) throw outOfRange(name, `>= ${min} && <= ${max}`, value);
}

function validateObject(value, name) {
  if (value === null || Array.isArray(value) || typeof value !== 'object') throw invalidArgType(name, 'Object', value);
}

function validateArray(value, name) {
  if (!Array.isArray(value)) throw invalidArgType(name, 'Array', value);
}

function validateOneOf(value, name, choices) {
  if (choices.includes(value)) return;
  const shown = choices.map((choice) => (typeof choice === 'string' ? `'${choice}'` : String(choice))).join(', ');
  throw invalidArgValue(name, value, `must be one of: ${shown}`);
}

function validateAbortSignal(value, name) {
  if (value !== undefined && (value === null || typeof value !== 'object' || !('aborted' in value))) throw invalidArgType(name, 'AbortSignal', value);
}

function throwIfAborted(signal) {
  if (signal?.aborted) throw new AbortError(undefined, { cause: signal.reason });
}

module.exports = {
  validateString, validateBoolean, validateFunction, validateNumber, validateInteger, validateObject, validateArray, validateOneOf,
  validateAbortSignal, throwIfAborted,
};
