// Where paths of filters, orders and updates lead.
'use strict';
const { compare, isDocument } = require('./values');

const INDEX = /^(0|[1-9][0-9]*)$/;

/**
 * What a path leads to, undefined where a document lacks the field. It goes into the documents of
 * an array, and by a number to an element; what else is in an array has no fields.
 */
function reach(value, parts, found = []) {
  const [part, ...rest] = parts;
  if (part === undefined) {
    found.push(value);
  } else if (Array.isArray(value)) {
    if (INDEX.test(part) && Number(part) < value.length) reach(value[part], rest, found);
    for (const item of value) if (isDocument(item)) reach(item, parts, found);
  } else {
    reach(isDocument(value) ? value[part] : undefined, isDocument(value) ? rest : [], found);
  }
  return found;
}

/** Whether a path of a document goes through, or leads to, an array. */
function throughArray(doc, parts) {
  let value = doc;
  for (const part of parts) {
    if (!isDocument(value)) return Array.isArray(value);
    value = value[part];
  }
  return Array.isArray(value);
}

/** What a document is ordered by: of an array its least or greatest element; missing is null. */
function key(doc, path, direction) {
  const values = reach(doc, path.split('.')).flatMap((value) => {
    if (!Array.isArray(value)) return [value ?? null];
    // An empty array comes before null.
    return value.length ? value.map((item) => item ?? null) : [undefined];
  });
  if (!values.length) return null;
  return values.reduce((best, value) => (compare(value, best) * direction < 0 ? value : best));
}

/** Orders documents: reference/operator/aggregation/sort. */
function sorted(docs, order) {
  const keys = Object.entries(order);
  return docs
    .map((doc) => ({ doc, values: keys.map(([path, direction]) => key(doc, path, direction)) }))
    .sort((a, b) => keys.reduce((found, [, direction], i) => found || direction * compare(a.values[i], b.values[i]), 0))
    .map(({ doc }) => doc);
}

module.exports = { INDEX, reach, sorted, throughArray };
