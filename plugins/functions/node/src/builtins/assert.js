// Node.js's `assert`: npm `assert`, which is Node.js's own code, and what came after it.
'use strict';
const assert = require('npm:assert/');
const { invalidArgType, make } = require('internal/errors');
const { inspect } = require('internal/inspect');

function checkMatch(text, expression, message, matches, operator, from) {
  if (!(expression instanceof RegExp)) throw invalidArgType('regexp', 'RegExp', expression);
  if (typeof text === 'string' && (expression.exec(text) !== null) === matches) return;
  if (message instanceof Error) throw message;
  const generated = message === undefined;
  if (generated) {
    const problem = matches ? 'The input did not match the regular expression' : 'The input was expected to not match the regular expression';
    message = typeof text !== 'string'
      ? `The "string" argument must be of type string. Received type ${typeof text} (${inspect(text)})`
      : `${problem} ${inspect(expression)}. Input:\n\n${inspect(text)}\n`;
  }
  const error = new assert.AssertionError({ actual: text, expected: expression, message, operator, stackStartFn: from });
  error.generatedMessage = generated;
  throw error;
}

const added = {
  match(text, expression, message) {
    checkMatch(text, expression, message, true, 'match', added.match);
  },
  doesNotMatch(text, expression, message) {
    checkMatch(text, expression, message, false, 'doesNotMatch', added.doesNotMatch);
  },
};

class CallTracker {
  #calls = new Set();
  calls(callback = () => {}, expected = 1) {
    if (typeof callback === 'number') [callback, expected] = [() => {}, callback];
    const record = { expected, actual: 0, name: callback.name || 'calls', calls: [] };
    this.#calls.add(record);
    const tracked = function (...args) {
      record.actual += 1;
      record.calls.push({ thisArg: this, arguments: args });
      return Reflect.apply(callback, this, args);
    };
    record.tracked = tracked;
    return tracked;
  }
  getCalls(tracked) {
    return [...this.#calls].find((record) => record.tracked === tracked)?.calls ?? [];
  }
  report() {
    return [...this.#calls].filter((record) => record.actual !== record.expected).map(({ expected, actual, name }) => ({
      message: `Expected the ${name} function to be executed ${expected} time(s) but was executed ${actual} time(s).`, actual, expected, operator: name,
    }));
  }
  verify() {
    const errors = this.report();
    if (errors.length > 0) throw make(Error, 'ERR_ASSERTION', errors.length === 1 ? errors[0].message : 'Functions were not called the expected number of times');
  }
}

for (const target of [assert, assert.strict]) Object.assign(target, added, { CallTracker });
module.exports = assert;
