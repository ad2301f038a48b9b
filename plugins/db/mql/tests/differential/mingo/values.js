// Values as MongoDB sees them: their types, their order, and what a case has of them.
'use strict';

/** What mingo compares by its text, as it does the class of the package `bson`. */
class ObjectId {
  #hex;
  constructor(hex) {
    this.#hex = hex;
  }
  toString() {
    return this.#hex;
  }
}

/** What MongoDB answers with an error. */
class Refusal extends Error {}

function refuse(message) {
  throw new Refusal(message);
}

const nil = (value) => value === null || value === undefined;
const isDocument = (value) => value !== null && typeof value === 'object' && value.constructor === Object;
const isCall = (value) => isDocument(value) && Object.keys(value)[0]?.startsWith('$') === true;

/** The place of a value's type in MongoDB's order: reference/bson-type-comparison-order. */
function rank(value) {
  switch (typeof value) {
    case 'undefined':
      return 0;
    case 'number':
      return 2;
    case 'string':
      return 3;
    case 'boolean':
      return 8;
  }
  if (value === null) return 1;
  if (Array.isArray(value)) return 5;
  if (value instanceof ObjectId) return 7;
  if (value instanceof Date) return 9;
  if (value instanceof RegExp) return 11;
  return 4;
}

const sign = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

/** Which of two values comes first: reference/bson-type-comparison-order. */
function compare(a, b) {
  const type = rank(a);
  if (type !== rank(b)) return sign(type, rank(b));
  switch (type) {
    case 2:
      return Number.isNaN(a) || Number.isNaN(b) ? sign(Number.isNaN(b), Number.isNaN(a)) : sign(a, b);
    case 3:
      return Buffer.compare(Buffer.from(a), Buffer.from(b));
    case 4: {
      const [left, right] = [Object.entries(a), Object.entries(b)].map((pairs) => pairs.filter(([, value]) => value !== undefined));
      for (let i = 0; i < left.length && i < right.length; i++) {
        const [[name, value], [other, against]] = [left[i], right[i]];
        const order = sign(rank(value), rank(against)) || compare(name, other) || compare(value, against);
        if (order) return order;
      }
      return sign(left.length, right.length);
    }
    case 5: {
      for (let i = 0; i < a.length && i < b.length; i++) {
        const order = compare(a[i], b[i]);
        if (order) return order;
      }
      return sign(a.length, b.length);
    }
    case 7:
    case 11:
      return sign(String(a), String(b));
    case 8:
    case 9:
      return sign(+a, +b);
  }
  return 0;
}

const equal = (a, b) => compare(a, b) === 0;

/** The values in order, each once. */
function set(values) {
  // What is undefined would be last.
  return values.map((value) => value ?? null).sort(compare).filter((value, i, sorted) => i === 0 || !equal(value, sorted[i - 1]));
}

/** A value that shares nothing with the first, and has no fields that are missing. */
function copy(value) {
  if (Array.isArray(value)) return value.map((item) => copy(item ?? null));
  if (value instanceof Date) return new Date(value);
  if (!isDocument(value)) return value;
  return Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== undefined).map(([name, inner]) => [name, copy(inner)]));
}

module.exports = { ObjectId, Refusal, refuse, nil, isDocument, isCall, rank, sign, compare, equal, set, copy };
