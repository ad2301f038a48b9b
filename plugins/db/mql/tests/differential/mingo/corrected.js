// Mingo with the operators that answer otherwise than MongoDB corrected.
'use strict';
const accumulator = require('mingo/operators/accumulator');
const expression = require('mingo/operators/expression');
const pipeline = require('mingo/operators/pipeline');
const projection = require('mingo/operators/projection');
const query = require('mingo/operators/query');
const { Context } = require('mingo/core');
const { compare } = require('./values');

/** What a correction answers if mingo is right. */
const AS_MINGO = Symbol('as mingo');

/** All corrections, in the order in which they were made. */
const corrections = [];
/** The places of those that changed something in the case at hand. */
const used = new Set();

/**
 * Says where mingo departs from MongoDB: `name`, and what the `page` of MongoDB 4.2's manual, a
 * path below https://www.mongodb.com/docs/v4.2/ unless it is a whole address, `says`. Answers a function that notes the use.
 */
function correction(name, page, says) {
  const place = corrections.push({ name, page, says }) - 1;
  return {
    used: () => used.add(place),
    /** The correct answer. The correction is used if mingo's differs. */
    instead(correct, mingo) {
      const [ours, theirs] = [attempt(correct), attempt(mingo)];
      if ('error' in ours !== 'error' in theirs || compare(ours.value, theirs.value)) used.add(place);
      if ('error' in ours) throw ours.error;
      return ours.value;
    },
  };
}

function attempt(compute) {
  try {
    return { value: compute() };
  } catch (error) {
    return { error };
  }
}

const operators = { accumulator: { ...accumulator }, expression: { ...expression }, pipeline: { ...pipeline }, projection, query: { ...query } };

/** The context of mingo with the corrections, once all are made. */
const context = () => Context.init(operators);

module.exports = { AS_MINGO, corrections, used, correction, operators, context };
