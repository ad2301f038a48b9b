// How expressions are called, and corrections of those that have positional arguments.
'use strict';
const { evalExpr } = require('mingo/core');
const { AS_MINGO, correction, operators } = require('../corrected');
const { compare, equal, isCall, isDocument, nil, rank, refuse, set, ObjectId } = require('../values');

const aggregation = (operator) => `reference/operator/aggregation/${operator}`;

/** Operators whose arguments are not all evaluated, or not in the same way. */
const SPECIAL = ['$cond', '$switch', '$ifNull', '$and', '$or', '$let', '$map', '$filter', '$reduce', '$literal', '$function', '$accumulator'];
/** Operators with a document of arguments. */
const NAMED = [
  '$trim', '$ltrim', '$rtrim', '$regexFind', '$regexFindAll', '$regexMatch', '$convert', '$dateFromParts', '$dateFromString',
  '$dateToParts', '$dateToString', '$zip',
];
/** Operators with one argument, which mingo does not take in a list. */
const UNARY = [
  '$abs', '$ceil', '$exp', '$floor', '$ln', '$log10', '$sqrt', '$acos', '$acosh', '$asin', '$asinh', '$atan', '$atanh', '$cos', '$cosh',
  '$degreesToRadians', '$radiansToDegrees', '$sin', '$sinh', '$tan', '$tanh', '$isArray', '$arrayToObject', '$objectToArray',
  '$reverseArray', '$size', '$strLenBytes', '$strLenCP', '$toLower', '$toUpper', '$toBool', '$toDate', '$toDouble', '$toInt', '$toLong',
  '$toString', '$type', '$not', '$allElementsTrue', '$anyElementTrue',
];
const ACCUMULATORS = ['$avg', '$max', '$min', '$stdDevPop', '$stdDevSamp', '$sum'];
const DATE_PARTS = [
  '$dayOfMonth', '$dayOfWeek', '$dayOfYear', '$hour', '$isoDayOfWeek', '$isoWeek', '$isoWeekYear', '$millisecond', '$minute', '$month',
  '$second', '$week', '$year',
];

/** For each operator, what corrects its answer. */
const answers = new Map();

/**
 * Corrects operators where `answer` has one for the values of the arguments, or of those with
 * names. Where mingo is `endless` it is not asked.
 */
function correct(names, { name, page, says, endless = false }, answer) {
  const use = correction(name, page, says);
  for (const operator of names) {
    if (!answers.has(operator)) answers.set(operator, []);
    answers.get(operator).push({ use, endless, answer });
  }
}

const forms = correction(
  'forms of arguments',
  'meta/aggregation-quick-reference',
  'an operator of one argument takes it as it is or in a list: { <operator>: <argument> }, { <operator>: [ <argument>, ... ] }',
);

const literally = (value) => ({ $literal: value });
const inFields = (fields, change, except = () => false) => Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, except(name) ? value : change(value)]));

/** An operator as it is called by MongoDB's rules, with its corrections. */
function call(operator, mingo) {
  const single = UNARY.includes(operator) || DATE_PARTS.includes(operator);
  // Of these mingo takes a list of values for the list of arguments.
  const listed = operator === '$allElementsTrue' || operator === '$anyElementTrue';
  return (obj, expr, options) => {
    // Mingo evaluates accumulators on the list of a group's documents.
    if (Array.isArray(obj)) return mingo(obj, expr, options);
    const evaluate = (value) => evalExpr(obj, value, options);
    const asItIs = () => mingo(obj, expr, options);
    const named = isDocument(expr) && !isCall(expr) && (NAMED.includes(operator) || DATE_PARTS.includes(operator));
    const given = named ? inFields(expr, evaluate) : (Array.isArray(expr) ? expr : [expr]).map(evaluate);
    if (single && !named && given.length !== 1) return forms.instead(() => refuse(`${operator} takes one argument`), asItIs);
    for (const { use, endless, answer } of answers.get(operator) ?? []) {
      let correct;
      try {
        const value = answer(given, { operator, mingo: asItIs, again: (other) => operators.expression[operator](obj, other, options), options });
        if (value === AS_MINGO) continue;
        correct = () => value;
      } catch (error) {
        correct = () => {
          throw error;
        };
      }
      if (endless) use.used();
      return endless ? correct() : use.instead(correct, asItIs);
    }
    if (named || Array.isArray(expr) !== single || listed) return asItIs();
    return forms.instead(() => mingo(obj, single && given.length === 1 ? literally(given[0]) : given.map(literally), options), asItIs);
  };
}

const nested = correction(
  'paths in expressions',
  'core/document',
  'a path is of the fields of embedded documents; of an array it is the array of what its documents have there',
);

/** What a path of an expression leads to. */
function follow(value, parts) {
  if (!parts.length) return value;
  if (Array.isArray(value)) return value.filter(isDocument).map((item) => follow(item, parts)).filter((item) => item !== undefined);
  return isDocument(value) ? follow(value[parts[0]], parts.slice(1)) : undefined;
}
operators.expression.$path = (obj, path, options) => {
  const [head, ...parts] = path.split('.');
  return nested.instead(
    () => {
      // Within $reduce and its kind mingo takes the element for the current document.
      if (head === '$$CURRENT') return follow(evalExpr(obj, '$$ROOT', options), parts);
      if (head.startsWith('$$')) return follow(evalExpr(obj, head, options), parts);
      return follow(evalExpr(obj, '$$ROOT', options), [head.substring(1), ...parts]);
    },
    () => evalExpr(obj, path, options),
  );
};
SPECIAL.push('$path');

/** Expressions with their paths as calls of `$path`. */
function withPaths(value) {
  if (typeof value === 'string') return /^\$(.*\.|\$CURRENT$)/.test(value) ? { $path: value } : value;
  if (Array.isArray(value)) return value.map(withPaths);
  if (!isDocument(value)) return value;
  if ('$match' in value) return filterWithPaths(value);
  return inFields(value, withPaths, (name) => ['$literal', '$unwind', '$unset'].includes(name));
}

/** A filter with the paths of its expressions as calls of `$path`. */
function filterWithPaths(value) {
  if (Array.isArray(value)) return value.map(filterWithPaths);
  if (!isDocument(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, (name === '$expr' ? withPaths : filterWithPaths)(inner)]));
}

/** Puts the corrections into the operators: to be called once all are known. */
function install() {
  for (const operator of Object.keys(operators.expression)) {
    if (!SPECIAL.includes(operator)) operators.expression[operator] = call(operator, operators.expression[operator]);
  }
}

// Accumulators as expressions.

const among = correction(
  'accumulators as expressions',
  aggregation('sum'),
  'with a single expression that resolves to an array, it goes over the elements; with a list of several, over their values, and an array is none',
);

for (const operator of ACCUMULATORS) {
  operators.expression[operator] = (obj, expr, options) => {
    const accumulate = operators.accumulator[operator];
    if (Array.isArray(obj)) return accumulate(obj, expr, options);
    const evaluate = (value) => evalExpr(obj, value, options);
    const list = Array.isArray(expr) ? expr.map(evaluate) : [evaluate(expr)];
    const values = list.length === 1 && Array.isArray(list[0]) ? list[0] : list;
    return among.instead(
      () => accumulate(values, undefined, options),
      () => {
        const theirs = evaluate(expr);
        return Array.isArray(theirs) ? accumulate(theirs, undefined, options) : refuse('no array');
      },
    );
  };
  SPECIAL.push(operator);
}

// Arithmetic.

correct(
  ['$mod', '$slice', '$arrayElemAt', '$setUnion', '$setIntersection', '$setDifference'],
  { name: 'null operands', page: 'https://jira.mongodb.org/browse/SERVER-57914', says: 'expressions generally return null when any of their inputs are null or missing' },
  (values, { operator }) => {
    // Unions and intersections look at one operand after the other.
    const inTurn = operator === '$setUnion' || operator === '$setIntersection';
    return (inTurn ? values.filter((value) => !Array.isArray(value)).slice(0, 1) : values).some(nil) ? null : AS_MINGO;
  },
);
correct(
  ['$mod'],
  { name: 'remainders of a division by zero', page: aggregation('mod'), says: 'the second argument is the divisor, and nothing is divided by 0' },
  ([a, b]) => (typeof a === 'number' && b === 0 ? refuse('$mod by 0') : AS_MINGO),
);
correct(
  ['$multiply', '$concat'],
  { name: 'operands one after the other', page: aggregation('multiply'), says: 'the arguments resolve to numbers, those of $concat to strings: what comes before a null has to' },
  (values, { operator }) => {
    const type = operator === '$concat' ? 'string' : 'number';
    const wrong = values.findIndex((value) => !nil(value) && typeof value !== type);
    // Mingo refuses NaN.
    if (values.some(Number.isNaN) && values.every((value) => typeof value === 'number')) return NaN;
    return wrong >= 0 && !values.slice(0, wrong).some(nil) ? refuse(`no ${type}`) : AS_MINGO;
  },
);
correct(
  ['$divide'],
  { name: 'arithmetic with NaN', page: aggregation('divide'), says: 'the arguments can be any valid expression as long as they resolve to numbers' },
  ([a, b]) => (typeof a === 'number' && typeof b === 'number' && b !== 0 ? a / b : AS_MINGO),
);
correct(
  ['$degreesToRadians', '$radiansToDegrees'],
  { name: 'angles without an end', page: aggregation('degreesToRadians'), says: 'takes any expression that resolves to a number' },
  ([n]) => (n === Infinity || n === -Infinity ? n : AS_MINGO),
);
correct(
  ['$round', '$trunc'],
  { name: 'rounding', page: aggregation('round'), says: 'rounds to the nearest even value when rounding on a value of 5; null if an argument resolves to null or refers to a missing field' },
  (values, { operator }) => {
    const [number, place] = values.length > 1 ? values : [values[0], 0];
    if (nil(number) || nil(place)) return null;
    if (!Number.isFinite(number) || !Number.isInteger(place) || place < -20 || place > 100) return AS_MINGO;
    const unit = 10 ** -place;
    const size = Math.abs(number);
    if (operator === '$trunc') {
      const near = place > 0 ? Number(size.toFixed(place)) : size;
      const lower = near > size ? Number((near - unit).toFixed(place)) : near;
      return Math.sign(number) * (place > 0 ? lower : Math.floor(size / unit) * unit);
    }
    const units = size / unit;
    // Halves are exact only of what has few binary digits; of others the decimals are of the exact value.
    const half = units % 1 === 0.5 && Number.isInteger(size * 1024);
    if (place > 0 && !half) return Math.sign(number) * Number(size.toFixed(place));
    return Math.sign(number) * (half ? 2 * Math.round(units / 2) : Math.round(units)) * (place > 0 ? 1 : unit) / (place > 0 ? 10 ** place : 1);
  },
);
correct(
  ['$ln', '$log10', '$log'],
  { name: 'the domain of logarithms', page: aggregation('log'), says: 'takes a non-negative number, and a base that is a positive number greater than 1; there is no logarithm of 0' },
  ([number, base], { operator }) => {
    if (typeof number === 'number' && !(number > 0) && !Number.isNaN(number)) return refuse(`${operator} of ${number}`);
    if (typeof number === 'number' && typeof base === 'number' && (!(base > 0) || base === 1)) return refuse(`${operator} base ${base}`);
    return AS_MINGO;
  },
);
const DOMAINS = {
  $acos: (n) => n >= -1 && n <= 1,
  $asin: (n) => n >= -1 && n <= 1,
  $atanh: (n) => n >= -1 && n <= 1,
  $acosh: (n) => n >= 1,
  $cos: Number.isFinite,
  $sin: Number.isFinite,
  $tan: Number.isFinite,
};
correct(
  ['$acos', '$acosh', '$asin', '$asinh', '$atan', '$atanh', '$cos', '$cosh', '$sin', '$sinh', '$tan', '$tanh'],
  { name: 'the domain of trigonometry', page: aggregation('acos'), says: 'takes any valid expression that resolves to a number between -1 and 1' },
  ([n], { operator }) => {
    if (typeof n !== 'number' || Number.isNaN(n)) return AS_MINGO;
    return (DOMAINS[operator] ?? (() => true))(n) ? Math[operator.substring(1)](n) : refuse(`${operator} of ${n}`);
  },
);
correct(
  ['$atan2'],
  { name: '$atan2 of what is missing', page: aggregation('atan2'), says: 'null if an argument is null or refers to a missing field' },
  ([y, x]) => {
    if (nil(y) || nil(x)) return null;
    return typeof y === 'number' && typeof x === 'number' ? AS_MINGO : refuse('no number');
  },
);

// Comparison.

const simple = (value) => ['number', 'string', 'boolean'].includes(typeof value) || value instanceof Date;
const COMPARISONS = {
  $cmp: (order) => order,
  $eq: (order) => order === 0,
  $ne: (order) => order !== 0,
  $gt: (order) => order > 0,
  $gte: (order) => order >= 0,
  $lt: (order) => order < 0,
  $lte: (order) => order <= 0,
};
correct(
  Object.keys(COMPARISONS),
  { name: 'comparisons of different types', page: aggregation('gt'), says: 'compares both value and type, using the BSON comparison order for values of different types' },
  ([a, b], { operator }) => (rank(a) === rank(b) && simple(a) ? AS_MINGO : COMPARISONS[operator](compare(a, b))),
);
correct(
  ['$in'],
  { name: 'elements that are equal', page: aggregation('in'), says: 'true if the value is in the array' },
  ([value, list]) => (Array.isArray(list) && !simple(value) ? list.some((item) => equal(item ?? null, value)) : AS_MINGO),
);

// Booleans.

const truthy = (value) => !nil(value) && value !== false && value !== 0;
correct(
  ['$not', '$allElementsTrue', '$anyElementTrue'],
  { name: 'what is true', page: aggregation('not'), says: 'false are false, null, 0 and undefined; all else is true, arrays and non-zero numbers too' },
  (values, { operator }) => {
    if (values.length !== 1) return AS_MINGO;
    if (operator === '$not') return !truthy(values[0]);
    if (!Array.isArray(values[0])) return AS_MINGO;
    return operator === '$allElementsTrue' ? values[0].every(truthy) : values[0].some(truthy);
  },
);
const mingoSwitch = operators.expression.$switch;
const unmatched = correction('$switch without a default', aggregation('switch'), 'errors if no case is true and there is no default');
operators.expression.$switch = (obj, expr, options) => {
  const none = {};
  const found = mingoSwitch(obj, { ...expr, default: literally(none) }, options);
  if (found !== none) return found;
  if ('default' in expr) return evalExpr(obj, expr.default, options);
  return unmatched.instead(() => refuse('no branch'), () => undefined);
};

// Arrays and documents.

const mapped = correction('missing elements', aggregation('map'), 'applies an expression to each item and returns an array with the results: what is missing is null');
const { $map } = operators.expression;
operators.expression.$map = (obj, expr, options) => {
  const found = $map(obj, expr, options);
  return Array.isArray(found) && found.includes(undefined) ? mapped.instead(() => found.map((item) => item ?? null), () => found) : found;
};

correct(
  ['$arrayElemAt', '$slice', '$range'],
  { name: 'indexes beyond 32 bits', page: aggregation('arrayElemAt'), says: 'the index is an integer; these operators take those of 32 bits' },
  (values) => (values.some((value) => typeof value === 'number' && Math.abs(value) > 2 ** 31 - 1) ? refuse('beyond 32 bits') : AS_MINGO),
);
correct(
  ['$zip'],
  { name: 'lists of no elements in $zip', page: aggregation('zip'), says: 'the shortest array in inputs determines the number of arrays, or with useLongestLength the longest; null if an input is null' },
  ({ inputs, useLongestLength = false, defaults = [] }) => {
    if (!Array.isArray(inputs) || !inputs.length) return AS_MINGO;
    const other = inputs.find((input) => !Array.isArray(input));
    if (inputs.some((input) => !Array.isArray(input))) return nil(other) ? null : refuse('no array');
    const lengths = inputs.map((input) => input.length);
    const length = useLongestLength ? Math.max(...lengths) : Math.min(...lengths);
    return Array.from({ length }, (_, i) => inputs.map((input, j) => (i < input.length ? input[i] : defaults[j]) ?? null));
  },
);
correct(
  ['$type'],
  { name: '$type of an ObjectId', page: aggregation('type'), says: 'the BSON type of the argument as a string' },
  ([value]) => (value instanceof ObjectId ? 'objectId' : AS_MINGO),
);

correct(
  ['$size'],
  { name: 'the size of what is no array', page: aggregation('size'), says: 'if the argument is missing or does not resolve to an array, $size errors' },
  ([value]) => (Array.isArray(value) ? AS_MINGO : refuse('$size of no array')),
);
correct(
  ['$indexOfArray'],
  { name: 'places in a part of an array', page: aggregation('indexOfArray'), says: 'start and end bound the search; the result is an index of the array, -1 if there is none' },
  ([list, wanted, start = 0, end = Infinity]) => {
    if (!Array.isArray(list) || !Number.isInteger(start) || start < 0 || (end !== Infinity && !Number.isInteger(end)) || end < 0) return AS_MINGO;
    const place = list.findIndex((item, i) => i >= start && i < end && equal(item ?? null, wanted));
    return place;
  },
);
correct(
  ['$arrayToObject'],
  { name: 'pairs of keys and values', page: aggregation('arrayToObject'), says: 'an array of two-element arrays, the first a string, or of documents with the two fields k and v, k a string' },
  ([list]) => {
    if (!Array.isArray(list)) return AS_MINGO;
    const result = {};
    for (const item of list) {
      if (Array.isArray(item) !== Array.isArray(list[0])) return refuse('mixed pairs');
      const fields = isDocument(item) ? Object.keys(item).filter((name) => item[name] !== undefined) : [];
      const pair = Array.isArray(item) ? item : fields.length === 2 && 'k' in item && 'v' in item ? [item.k, item.v] : [];
      if (pair.length !== 2 || typeof pair[0] !== 'string') return refuse('no pair');
      result[pair[0]] = Array.isArray(item) ? pair[1] ?? null : pair[1];
    }
    return result;
  },
);
correct(
  ['$mergeObjects'],
  { name: 'merging what are no documents', page: aggregation('mergeObjects'), says: 'takes expressions that resolve to documents, as an accumulator one that resolves to an array of them; null and missing ones are ignored' },
  (values) => {
    const list = values.length === 1 && Array.isArray(values[0]) ? values[0] : values;
    return list.every((value) => nil(value) || isDocument(value)) ? Object.assign({}, ...list) : refuse('$mergeObjects of no document');
  },
);
correct(
  ['$setUnion', '$setIntersection'],
  { name: 'the order of sets', page: aggregation('setUnion'), says: 'an array of unique elements; their order in the output is unspecified: here it is that of sorting' },
  (values, { operator }) => {
    if (!values.every(Array.isArray)) return refuse('no array');
    const [first = [], ...others] = values;
    if (operator === '$setUnion') return set(values.flat());
    return set(first.filter((item) => others.every((other) => other.some((candidate) => equal(item, candidate)))));
  },
);

/** The date that a value stands for. */
function dateOf(value) {
  if (value instanceof Date) return value;
  if (value instanceof ObjectId) return new Date(parseInt(String(value).slice(0, 8), 16) * 1000);
  return refuse('no date');
}

module.exports = { DATE_PARTS, aggregation, correct, dateOf, filterWithPaths, install, literally, withPaths };
