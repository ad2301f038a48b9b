// Corrections of expressions on strings, and of conversions.
'use strict';
const { AS_MINGO, operators } = require('../corrected');
const { isDocument, nil, refuse, ObjectId } = require('../values');
const { aggregation, correct } = require('./expressions');

/** A number as the server writes it: with 16 digits. */
const decimal = (value) => String(Number(value.toPrecision(16)));

/** The string that operators on strings take a value for. */
function text(value) {
  if (nil(value)) return '';
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return decimal(value);
  return value instanceof Date ? value.toISOString() : refuse('no string');
}

const upper = (value) => value.replace(/[a-z]/g, (letter) => letter.toUpperCase());
const lower = (value) => value.replace(/[A-Z]/g, (letter) => letter.toLowerCase());

correct(
  ['$toLower', '$toUpper'],
  { name: 'upper and lower case', page: aggregation('toLower'), says: 'null is an empty string; it has a well-defined behavior only for strings of ASCII characters' },
  ([value], { operator }) => (operator === '$toLower' ? lower : upper)(text(value)),
);
correct(
  ['$strcasecmp'],
  { name: 'strings that are none in $strcasecmp', page: aggregation('strcasecmp'), says: 'the arguments are strings, or as for $toLower what can be taken for them; it has a well-defined behavior only for ASCII' },
  ([a, b]) => (typeof a === 'string' && typeof b === 'string' ? AS_MINGO : Math.sign(Buffer.compare(Buffer.from(upper(text(a))), Buffer.from(upper(text(b)))))),
);
correct(
  ['$substrCP'],
  { name: 'indexes of code points', page: aggregation('substrCP'), says: 'the index and the count are non-negative integers; null is an empty string' },
  ([value, start, count]) => {
    const index = (n) => Number.isInteger(n) && n >= 0 && n < 2 ** 31;
    if (!index(start) || !index(count)) return refuse('$substrCP: no index');
    return typeof value === 'string' ? AS_MINGO : [...text(value)].slice(start, start + count).join('');
  },
);
correct(
  ['$substrBytes', '$substr'],
  { name: 'parts beyond the end', page: aggregation('substr'), says: 'a negative count takes the rest of the string, a start past the end is an empty string' },
  ([value, start, count]) => {
    if (typeof start !== 'number' || typeof count !== 'number' || Math.trunc(start) < 0) return refuse('$substrBytes: no index');
    const bytes = Buffer.from(text(value));
    const [from, length] = [Math.trunc(start), Math.trunc(count)];
    if ((bytes[from] & 0xc0) === 0x80) return refuse('within a character');
    const part = bytes.subarray(from, length < 0 ? undefined : from + length);
    const whole = part.toString();
    return Buffer.from(whole).equals(part) ? whole : refuse('within a character');
  },
);
correct(
  ['$indexOfBytes'],
  { name: 'indexes of bytes', page: aggregation('indexOfBytes'), says: 'the UTF-8 byte index of the first occurrence, -1 if there is none' },
  ([value, wanted, start = 0, end = Infinity]) => {
    const whole = (n) => n === Infinity || (Number.isInteger(n) && n >= 0);
    if (typeof value !== 'string' || typeof wanted !== 'string' || !whole(start) || !whole(end)) return AS_MINGO;
    const bytes = Buffer.from(value);
    if (start > bytes.length || start > end) return -1;
    const place = bytes.subarray(0, Math.min(end, bytes.length)).indexOf(wanted, start);
    return place;
  },
);
correct(
  ['$split'],
  { name: 'splitting', page: aggregation('split'), says: 'the delimiter is a string, which cannot be empty; null operands give null' },
  ([value, delimiter]) => {
    if (nil(value) || nil(delimiter)) return null;
    return delimiter === '' ? refuse('$split by nothing') : AS_MINGO;
  },
);
correct(
  ['$trim', '$ltrim', '$rtrim'],
  { name: 'trimming by null', page: aggregation('trim'), says: 'the input and chars are strings; null if one of them is null or missing' },
  (fields) => {
    if ('chars' in fields && nil(fields.chars) && (nil(fields.input) || typeof fields.input === 'string')) return null;
    return nil(fields.input) || typeof fields.input === 'string' ? AS_MINGO : refuse('no string');
  },
);
correct(
  ['$regexFind', '$regexFindAll', '$regexMatch'],
  { name: 'regular expressions over what is no string', page: aggregation('regexMatch'), says: 'the input is a string or any valid expression that resolves to a string' },
  ({ input }) => (nil(input) || typeof input === 'string' ? AS_MINGO : refuse('no string')),
);
function matches({ input, regex, options }) {
  const flags = options ?? regex.flags ?? '';
  return [...input.matchAll(new RegExp(regex.source ?? regex, `${flags}g`))].map((match) => ({
    match: match[0],
    idx: [...input.slice(0, match.index)].length,
    captures: match.slice(1).map((group) => group ?? null),
  }));
}
const searched = ({ input, regex }) => typeof input === 'string' && !nil(regex);
correct(
  ['$regexFindAll'],
  { name: 'empty matches', page: aggregation('regexFindAll'), says: 'an array of all matches, an empty one, too', endless: true },
  (fields) => {
    const found = searched(fields) ? matches(fields) : [];
    return found.some(({ match }) => match === '') ? found : AS_MINGO;
  },
);
correct(
  ['$regexFindAll'],
  { name: 'where matches are', page: aggregation('regexFindAll'), says: 'an array of all matches, with the code point index of each and the groups captured, null for those that did not match' },
  (fields) => (searched(fields) ? matches(fields) : AS_MINGO),
);

// Conversions.

const INTEGER = /^[-+]?[0-9]+$/;
const NUMBER = /^[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?$/;

const CONVERSIONS = {
  $toInt(value) {
    if (value instanceof Date || value instanceof ObjectId) return refuse('no int');
    return typeof value !== 'string' || INTEGER.test(value) ? AS_MINGO : refuse('no int');
  },
  $toLong(value) {
    if (value instanceof ObjectId) return refuse('no long');
    return typeof value !== 'string' || INTEGER.test(value) ? AS_MINGO : refuse('no long');
  },
  $toDouble(value) {
    if (value instanceof ObjectId) return refuse('no double');
    return typeof value !== 'string' || NUMBER.test(value) ? AS_MINGO : refuse('no double');
  },
  $toDate(value) {
    if (value instanceof ObjectId) return new Date(parseInt(String(value).slice(0, 8), 16) * 1000);
    if (typeof value === 'boolean') return refuse('no date');
    return typeof value !== 'string' || /^[0-9]{4}-[0-9]{2}-[0-9]{2}/.test(value) ? AS_MINGO : refuse('no date');
  },
  $toString: (value) => (typeof value === 'number' ? decimal(value) : value instanceof ObjectId ? String(value) : AS_MINGO),
};
const SAYS = {
  $toInt: 'a string of a base 10 integer, a boolean or a number; a date is none',
  $toLong: 'a string of a base 10 integer, a boolean, a number or a date',
  $toDouble: 'a string of a base 10 number, a boolean, a number or a date',
  $toDate: 'a string of a date, a number of milliseconds or an ObjectId',
  $toString: 'an ObjectId as its hexadecimal string; the digits of a double are those of the server',
};
for (const [operator, says] of Object.entries(SAYS)) {
  correct([operator], { name: `what ${operator} takes`, page: aggregation(operator.substring(1)), says }, ([value]) =>
    Array.isArray(value) || isDocument(value) ? refuse(`${operator} of a list or document`) : CONVERSIONS[operator](value),
  );
}

const TYPES = { int: '$toInt', long: '$toLong', double: '$toDouble', string: '$toString', bool: '$toBool', date: '$toDate' };
correct(
  ['$convert'],
  { name: 'what $convert takes', page: aggregation('convert'), says: 'converts as $toInt and its kind do; onError is for a value that cannot be converted, and without it that is an error' },
  (fields, { options }) => {
    if (nil(fields.input)) return AS_MINGO;
    try {
      return operators.expression[TYPES[fields.to]]({}, { $literal: fields.input }, options);
    } catch (error) {
      if ('onError' in fields) return fields.onError;
      throw error;
    }
  },
);
