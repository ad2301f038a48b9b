// Corrections of the conditions of filters.
'use strict';
const { Query } = require('mingo/query');
const { correction, operators } = require('../corrected');
const { reach, firstArray } = require('../paths');
const { compare, equal, isDocument, nil, rank } = require('../values');

const query = (operator) => `reference/operator/query/${operator}`;

/** An element that a condition is on by itself: its own elements do not count. */
class Single {
  constructor(value) {
    this.value = value;
  }
}
const SELF = 'element';

const simple = (value) => (['number', 'string', 'boolean'].includes(typeof value) && !Number.isNaN(value)) || value instanceof Date;
const isOperator = (name) => name.startsWith('$') && !['$and', '$or', '$nor', '$expr'].includes(name);

/** Of values of one simple type mingo answers these. */
const COMPARISONS = ['$eq', '$gt', '$gte', '$lt', '$lte'];

/** Whether the elements of an array that a path leads to count, and the values it leads to. */
function candidates(doc, selector) {
  if (doc?.[selector] instanceof Single) return { found: [doc[selector].value], elements: false };
  return { found: reach(doc, selector.split('.')), elements: true };
}

/** A condition that is on each value that a path leads to, and on the elements of arrays. */
function each(operator, page, says, make) {
  const mingo = operators.query[operator];
  const use = correction(`${operator} of arrays and of other types`, page, says);
  operators.query[operator] = (selector, operand, options) => {
    const theirs = mingo(selector, operand, options);
    const onValue = mingo('value', operand, options);
    // Of simple values mingo is asked.
    const test = make(operand, (value) => onValue({ value }), options);
    return (doc) => {
      const { found, elements } = candidates(doc, selector);
      const correct = () => found.some((value) => test(value) || (elements && Array.isArray(value) && value.some((item) => test(item))));
      const comparable = simple(operand) && rank(operand) === rank(found[0]);
      if (elements && comparable && COMPARISONS.includes(operator) && !firstArray(doc, selector.split('.'))) return theirs(doc);
      return elements ? use.instead(correct, () => theirs(doc)) : correct();
    };
  };
}

/** A condition that is the opposite of another. */
function opposite(operator, other) {
  operators.query[operator] = (selector, operand, options) => {
    const holds = operators.query[other](selector, operand, options);
    return (doc) => !holds(doc);
  };
}

const equality = (operand, mingo) => (value) => {
  if (operand === null) return nil(value);
  return simple(value) && simple(operand) ? mingo(value) : value !== undefined && equal(value, operand);
};

each('$eq', query('eq'), 'matches a field, or an element of it, that equals the value; an array also as a whole; null also if it is missing', equality);

const RANGES = { $gt: (order) => order > 0, $gte: (order) => order >= 0, $lt: (order) => order < 0, $lte: (order) => order <= 0 };
for (const [operator, holds] of Object.entries(RANGES)) {
  each(operator, query(operator.substring(1)), 'for most data types, performs comparisons only on fields of the type of the value', (operand, mingo) => (value) => {
    if (operand === null) return nil(value) && holds(0);
    if (rank(value) !== rank(operand)) return false;
    if (Number.isNaN(value) || Number.isNaN(operand)) return holds(0) && Object.is(value, operand);
    return simple(value) ? mingo(value) : holds(compare(value, operand));
  });
}

const matches = (pattern) => (value) => typeof value === 'string' && pattern.test(value);
each('$in', query('in'), 'matches a field, or an element of it, that equals a value of the list or matches a regular expression of it', (list, mingo) => {
  const tests = list.map((item) => (item instanceof RegExp ? matches(item) : equality(item, (value) => compare(value, item) === 0)));
  return (value) => (simple(value) && list.every((item) => simple(item) || item instanceof RegExp) ? mingo(value) : tests.some((test) => test(value)));
});
each('$regex', query('regex'), 'matches strings', (_, mingo) => (value) => typeof value === 'string' && mingo(value));
each('$type', query('type'), 'matches an array if it, or at least one element, is of the type', (_, mingo) => (value) => value !== undefined && mingo(value));
each('$mod', query('mod'), 'the remainder of the division of a number; rounds decimal input towards zero', (_, mingo) => (value) => typeof value === 'number' && mingo(Math.trunc(value)));
for (const operator of ['$bitsAllSet', '$bitsAllClear', '$bitsAnySet', '$bitsAnyClear']) {
  each(operator, query(operator.substring(1)), 'matches numeric and binary values; a number must be representable as a 64-bit integer', (_, mingo) => (value) => Number.isInteger(value) && mingo(value));
}
opposite('$ne', '$eq');
opposite('$nin', '$in');

/** A condition on what a path leads to that does not look at elements by itself. */
function whole(operator, page, says, make) {
  const mingo = operators.query[operator];
  const use = correction(`${operator} at the end of paths`, page, says);
  operators.query[operator] = (selector, operand, options) => {
    const theirs = mingo(selector, operand, options);
    const holds = make(operand, options);
    return (doc) => {
      const { found, elements } = candidates(doc, selector);
      return elements ? use.instead(() => holds(found), () => theirs(doc)) : holds(found);
    };
  };
}

whole('$exists', query('exists'), 'matches documents that contain the field, also where it is null', (wanted) => (found) => found.some((value) => value !== undefined) === Boolean(wanted));
whole('$size', query('size'), 'matches an array with the number of elements', (size) => (found) => found.some((value) => Array.isArray(value) && value.length === size));

/** Whether an element meets what `$elemMatch` asks. */
function element(criteria, options) {
  if (Object.keys(criteria).every(isOperator) && Object.keys(criteria).length) {
    const single = new Query({ [SELF]: criteria }, options);
    return (value) => single.test({ [SELF]: new Single(value) });
  }
  const inner = new Query(criteria, options);
  // Of an array within the array the positions are the names.
  return (value) => (Array.isArray(value) ? inner.test({ ...value }) : isDocument(value) && inner.test(value));
}

whole('$elemMatch', query('elemMatch'), 'matches an array with at least one element that matches all the criteria: on itself, or on its fields', (criteria, options) => {
  const test = element(criteria, options);
  return (found) => found.some((value) => Array.isArray(value) && value.some(test));
});

const all = correction('$all', query('all'), 'is equivalent to an $and operation of the specified values, also if the field is no array');
const mingoAll = operators.query.$all;
operators.query.$all = (selector, list, options) => {
  const tests = list.map((item) => {
    if (isDocument(item) && '$elemMatch' in item) return operators.query.$elemMatch(selector, item.$elemMatch, options);
    return operators.query[item instanceof RegExp ? '$regex' : '$eq'](selector, item, options);
  });
  const theirs = mingoAll(selector, list, options);
  const correct = (doc) => tests.length > 0 && tests.every((test) => test(doc));
  return (doc) => (doc?.[selector] instanceof Single ? correct(doc) : all.instead(() => correct(doc), () => theirs(doc)));
};

module.exports = { element };
