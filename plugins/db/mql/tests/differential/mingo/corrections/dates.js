// Corrections of expressions on dates.
'use strict';
const { AS_MINGO } = require('../corrected');
const { nil, refuse } = require('../values');
const { DATE_PARTS, aggregation, correct, dateOf, literally } = require('./expressions');

const MINUTE = 60000;
const DAY = 86400000;

/** How many minutes a time zone is ahead of UTC at a time. */
function ahead(zone, time) {
  if (typeof zone !== 'string') return refuse('no time zone');
  const offset = /^([+-])([0-9]{2}):?([0-9]{2})?$/.exec(zone);
  if (offset) return (offset[1] === '-' ? -1 : 1) * (Number(offset[2]) * 60 + Number(offset[3] ?? 0));
  const second = Math.floor(time / 1000) * 1000;
  return (Date.parse(`${new Date(second).toLocaleString('en-US', { timeZone: zone })} UTC`) - second) / MINUTE;
}

/** The time at which clocks in a time zone show another. */
function since(zone, shown) {
  return shown - ahead(zone, shown - ahead(zone, shown) * MINUTE) * MINUTE;
}

/** The Monday that week 1 of ISO 8601 begins with: the week with the year's first Thursday. */
function firstMonday(year) {
  const fourth = Date.UTC(year, 0, 4);
  return fourth - ((new Date(fourth).getUTCDay() + 6) % 7) * DAY;
}

/** The year to which the week of ISO 8601 of a date belongs. */
function isoWeekYear(date) {
  return new Date(+date + (4 - (date.getUTCDay() || 7)) * DAY).getUTCFullYear();
}

/** The week of a year, 0 before its first Sunday. */
function week(date) {
  const day = Math.floor((Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()) - Date.UTC(date.getUTCFullYear(), 0, 1)) / DAY);
  return Math.floor((day + 7 - date.getUTCDay()) / 7);
}

/** The argument of the operators for parts of dates: `{date, timezone}`, or an expression. */
function argument(values) {
  return Array.isArray(values) ? { date: values[0] } : values;
}

/** A date moved so that its parts in UTC are those in the time zone. */
function local({ date, timezone = '+00' }) {
  const found = dateOf(date);
  return new Date(+found + ahead(timezone, +found) * MINUTE);
}

correct(
  [...DATE_PARTS, '$dateToParts', '$dateToString'],
  { name: 'parts of no date', page: aggregation('year'), says: 'the argument is a date, a timestamp or an ObjectId; null for one that is null or missing, or for such a time zone' },
  (values, { again }) => {
    const { date, timezone, onNull, ...fields } = argument(values);
    if (nil(date)) return onNull ?? null;
    const found = dateOf(date);
    if (nil(timezone) && 'timezone' in argument(values)) return null;
    return found === date ? AS_MINGO : again({ ...fields, date: literally(found), ...(timezone && { timezone }) });
  },
);
correct(
  ['$week'],
  { name: 'weeks that begin on a Sunday', page: aggregation('week'), says: 'weeks begin on Sundays, and week 1 begins with the first Sunday of the year' },
  (values) => week(local(argument(values))),
);
correct(
  ['$isoWeekYear'],
  { name: 'years of weeks', page: aggregation('isoWeekYear'), says: 'the year starts with the Monday of week 1 and ends with the Sunday of the last week' },
  (values) => isoWeekYear(local(argument(values))),
);
correct(
  ['$dateToParts'],
  { name: 'parts in their order', page: aggregation('dateToParts'), says: 'a document of year, month, day and the time, or with iso8601 of isoWeekYear, isoWeek, isoDayOfWeek and the time' },
  (fields, { mingo }) => {
    const { year, month, day, isoWeek, isoDayOfWeek, ...time } = mingo();
    if (fields.iso8601 !== true) return { year, month, day, ...time };
    delete time.isoWeekYear;
    return { isoWeekYear: isoWeekYear(local(fields)), isoWeek, isoDayOfWeek, ...time };
  },
);
const two = (n) => String(n).padStart(2, '0');
const OWN = {
  '%%': () => '%',
  '%G': (fields) => String(isoWeekYear(local(fields))).padStart(4, '0'),
  '%U': (fields) => two(week(local(fields))),
  '%w': (fields) => String(local(fields).getUTCDay() + 1),
  '%z': (fields) => {
    const minutes = ahead(fields.timezone ?? '+00', +dateOf(fields.date));
    return `${minutes < 0 ? '-' : '+'}${two(Math.floor(Math.abs(minutes) / 60))}${two(Math.abs(minutes) % 60)}`;
  },
};
correct(
  ['$dateToString'],
  { name: 'formats of dates', page: aggregation('dateToString'), says: '%G the year of ISO 8601, %U the week from 00, %w the day of the week from 1, %z the offset as +/-[hh][mm], %% a percent' },
  (fields) => {
    const formats = (fields.format ?? '').match(/%[%GUwz]/g);
    if (!formats) return AS_MINGO;
    return fields.format
      .split(/(%.)/)
      .map((part) => OWN[part]?.(fields) ?? (part.startsWith('%') ? plain(part, fields) : part))
      .join('');
  },
);
/** What mingo makes of one part of a format. */
function plain(part, { date, timezone }) {
  const { $dateToString } = require('mingo/operators/expression/date');
  return $dateToString({}, { date, timezone, format: part }, { failOnError: true });
}

correct(
  ['$dateFromParts'],
  { name: 'dates from parts', page: aggregation('dateFromParts'), says: 'year or isoWeekYear is required, the others are 1 or 0 by default; null if a part is null or missing' },
  (fields) => {
    if (Object.values(fields).some(nil)) return null;
    const { timezone = '+00', hour = 0, minute = 0, second = 0, millisecond = 0 } = fields;
    let day;
    if ('isoWeekYear' in fields) {
      const { isoWeekYear: year, isoWeek = 1, isoDayOfWeek = 1 } = fields;
      day = firstMonday(year) + ((isoWeek - 1) * 7 + isoDayOfWeek - 1) * DAY;
    } else {
      day = Date.UTC(fields.year, (fields.month ?? 1) - 1, fields.day ?? 1);
    }
    return new Date(since(timezone, day + Date.UTC(1970, 0, 1, hour, minute, second, millisecond)));
  },
);

const ISO = /^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{3})?)?(Z?)$/;
correct(
  ['$dateFromString'],
  { name: 'dates from strings', page: aggregation('dateFromString'), says: 'onError is for a string that cannot be parsed, and without it that is an error; onNull for null; the time zone must not be in both' },
  (fields) => {
    const { dateString, timezone, format } = fields;
    if (nil(dateString)) return fields.onNull ?? null;
    const failed = () => ('onError' in fields ? fields.onError : refuse('no date'));
    if (typeof dateString !== 'string') return failed();
    if ('timezone' in fields && nil(timezone)) return null;
    const parts = format === '%m-%d-%Y' ? dateString.replace(/^([0-9]{2}-[0-9]{2})-([0-9]{4})$/, '$2-$1') : dateString;
    const found = ISO.exec(parts);
    if (!found) return failed();
    if (found[3] && timezone !== undefined) return failed();
    const shown = Date.parse(found[3] ? parts : `${parts}${parts.includes('T') ? '' : 'T00:00:00'}Z`);
    return new Date(since(timezone ?? '+00', shown));
  },
);
