// `assert(condition, message)`, without the comparisons of the builtin.
'use strict';

module.exports = (condition, message = 'an internal assertion does not hold') => {
  if (!condition) throw message instanceof Error ? message : new Error(message);
};
