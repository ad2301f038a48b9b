// Where paths of filters, orders and updates lead.
'use strict';
const { compare, isDocument } = require('./values');

const INDEX = /^(0|[1-9][0-9]*)$/;

/**
 * What a path leads to, undefined where a document lacks the field. It goes into the documents of
 * an array, and by a number to an element; what else is in an array has no fields. In an order a
 * number is only of an element, and what has no fields is null.
 */
function reach(value, parts, found = [], inOrder = false) {
  const [part, ...rest] = parts;
  if (part === undefined) {
    found.push(value);
  } else if (Array.isArray(value)) {
    const position = INDEX.test(part) && Number(part) < value.length;
    if (position && (!rest.length || isDocument(value[part]) || Array.isArray(value[part]))) reach(value[part], rest, found, inOrder);
    if (position && inOrder) return found;
    for (const item of value) {
      if (isDocument(item)) reach(item, parts, found, inOrder);
      else if (inOrder) found.push(undefined);
    }
  } else {
    reach(isDocument(value) ? value[part] : undefined, isDocument(value) ? rest : [], found, inOrder);
  }
  return found;
}

/** The part of a path of a document up to the first array, if there is one. */
function firstArray(doc, parts) {
  let value = doc;
  for (let i = 0; i <= parts.length; i++) {
    if (Array.isArray(value)) return parts.slice(0, i).join('.');
    value = isDocument(value) ? value[parts[i]] : undefined;
  }
  return undefined;
}

/** What a document is ordered by: of an array its least or greatest element; missing is null. */
function key(doc, path, direction) {
  const values = reach(doc, path.split('.'), [], true).flatMap((value) => {
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

/** A value without what a path leads to. */
function omit(value, [part, ...rest]) {
  if (Array.isArray(value)) return value.map((item) => omit(item, [part, ...rest]));
  if (!isDocument(value) || !(part in value)) return value;
  const { [part]: inner, ...others } = value;
  return rest.length ? { ...value, [part]: omit(inner, rest) } : others;
}

module.exports = { INDEX, firstArray, omit, reach, sorted };
