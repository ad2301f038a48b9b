// Corrections of updates and of projections of `find`.
'use strict';
const { evalExpr } = require('mingo/core');
const { Query } = require('mingo/query');
const { correction } = require('../corrected');
const { INDEX, omit } = require('../paths');
const { compare, copy, equal, isDocument, nil, rank, refuse } = require('../values');
const { element } = require('./filters');

const update = (operator) => `reference/operator/update/${operator}`;

const ARRAYS = ['$push', '$addToSet', '$pop', '$pull', '$pullAll'];

const paths = correction('paths that lead nowhere', update('set'), 'a dotted path is of embedded documents, or of elements by their index; a scalar or null has no fields');
const positions = correction('elements of no array', update('positional-all'), '$, $[] and $[<identifier>] are for elements of an array field');
const numbers = correction('arithmetic with no numbers', update('inc'), 'an $inc on a field with a null value generates an error; so do the other operators that compute, for what is no number');
const arrays = correction('what is no array', update('push'), 'if the field is not an array, the operation fails');
const renames = correction('$rename of what is in an array', update('rename'), 'does not work if these fields are in array elements');
const extremes = correction('$min and $max of different types', update('max'), 'compares values of different types in the BSON comparison order');
const inserted = correction('$setOnInsert', update('setOnInsert'), 'does nothing if the update does not insert');
const made = correction('modifiers of a $push to a new array', update('push'), 'if the field is absent, $push adds the array field with the value as its element');
const sets = correction('$addToSet beside duplicates', update('addToSet'), 'adds what is not in the array yet, once; duplicates that are there stay');
const sliced = correction('$sort of a $push', update('sort'), 'orders elements that are no documents by their value');

/** The paths without positional parts that a path stands for in a document. */
function expand(doc, path, command, options) {
  const parts = path.split('.');
  const place = parts.findIndex((part) => part.startsWith('$'));
  if (place < 0) return [path];
  const [before, part, after] = [parts.slice(0, place), parts[place], parts.slice(place + 1)];
  const list = before.reduce((value, name) => value?.[name], doc);
  if (!Array.isArray(list)) return positions.instead(() => refuse('no array'), () => undefined);
  let indexes = [...list.keys()];
  if (part === '$') {
    const field = before.join('.');
    const [name, condition] = Object.entries(command.filter).find(([name]) => name === field || name.startsWith(`${field}.`)) ?? [];
    const query = name && new Query({ [name]: condition }, options);
    indexes = indexes.filter((i) => query?.test({ [field]: [list[i]] })).slice(0, 1);
  } else if (part !== '$[]') {
    const id = part.slice(2, -1);
    const filter = (command.arrayFilters ?? []).find((filter) => Object.keys(filter)[0].split('.')[0] === id) ?? {};
    const query = new Query(filter, options);
    indexes = indexes.filter((i) => query.test({ [id]: list[i] }));
  }
  return indexes.flatMap((i) => expand(doc, [...before, i, ...after].join('.'), command, options));
}

/** What is at a path without positional parts; refuses one that cannot be there if it has to. */
function at(doc, path, has) {
  let value = doc;
  for (const part of path.split('.')) {
    if (value === undefined) return undefined;
    const there = isDocument(value) || (Array.isArray(value) && INDEX.test(part));
    if (!there) return has ? paths.instead(() => refuse('no field can be there'), () => undefined) : undefined;
    value = value[part];
  }
  return value;
}

/** Whether a path goes through an array. */
function inArray(doc, path) {
  return path.split('.').slice(0, -1).reduce((state, part) => {
    const value = state.value?.[part];
    return { value, found: state.found || Array.isArray(value) };
  }, { value: doc, found: false }).found;
}

/** Refuses what MongoDB refuses of an operator on what is at a path. */
function check(operator, value, operand) {
  const absent = value === undefined;
  const use = (correction, allowed) => allowed || correction.instead(() => refuse(`${operator} of ${typeof value}`), () => undefined);
  if (operator === '$inc' || operator === '$mul' || operator === '$bit') use(numbers, absent || typeof value === 'number');
  if (ARRAYS.includes(operator)) use(arrays, absent || Array.isArray(value));
}

/** Whether two paths are one within the other, or see an array in different ways. */
function collide(path, other) {
  const place = path.findIndex((part, i) => part !== other[i]);
  if (place < 0 || place >= other.length) return true;
  return path[place].startsWith('$[') !== other[place].startsWith('$[');
}

/** Refuses an update that no document can have. */
function validate(command) {
  const { $rename = {}, $inc = {}, $mul = {} } = command.update;
  if (Object.values({ ...$inc, ...$mul }).some((operand) => typeof operand !== 'number')) refuse('no number');
  const paths = [...Object.values(command.update).flatMap(Object.keys), ...Object.values($rename)];
  const conflict = (path, i) => paths.slice(0, i).some((other) => collide(path.split('.'), other.split('.')));
  if (paths.some(conflict)) refuse('a conflict');
}

const MODIFIERS = ['$position', '$slice', '$sort'];

/** Changes a document, and the update that mingo makes of it, to what both should be. */
function prepare(doc, command, options) {
  const changes = copy(command.update);
  if ('$setOnInsert' in changes) {
    inserted.used();
    delete changes.$setOnInsert;
  }
  const own = [];
  for (const [operator, fields] of Object.entries(changes)) {
    for (const [path, operand] of Object.entries(fields)) {
      for (const place of expand(doc, path, command, options)) {
        const value = at(doc, place, operator !== '$unset' && operator !== '$rename');
        check(operator, value, operand);
        if (operator === '$min' || operator === '$max') {
          const order = value === undefined ? 0 : compare(operand, value);
          const wins = value === undefined || (operator === '$min' ? order < 0 : order > 0);
          if (rank(value) !== rank(operand)) {
            extremes.used();
            own.push(() => wins && put(doc, place, operand));
          } else if (path !== place) {
            own.push(() => wins && put(doc, place, operand));
          }
        }
        if (operator === '$push' && value === undefined && isDocument(operand) && MODIFIERS.some((name) => name in operand)) {
          made.used();
          put(doc, place, []);
        }
        if (operator === '$push' && isDocument(operand) && operand.$sort !== undefined) {
          own.push(pushed(doc, place, [...(value ?? [])], operand));
        }
        if (operator === '$addToSet') own.push(added(doc, place, [...(value ?? [])], operand));
      }
      const differs = (operator === '$min' || operator === '$max') && own.length && (path.includes('$') || rank(at(doc, path)) !== rank(operand));
      if (differs) delete fields[path];
      if (operator === '$rename' && at(doc, path, true) !== undefined) {
        if (inArray(doc, path) || inArray(doc, operand)) renames.instead(() => refuse('in an array'), () => undefined);
        at(doc, operand, true);
      }
    }
    if (!Object.keys(fields).length && Object.keys(command.update[operator]).length) delete changes[operator];
  }
  return { changes, own };
}

/** Puts a value at a path, and the documents on the way to it. */
function put(doc, path, value) {
  const parts = path.split('.');
  const last = parts.pop();
  const parent = parts.reduce((inner, part) => (inner[part] ??= {}), doc);
  parent[last] = copy(value);
}

/** Puts what a `$push` with an order makes of a list. */
function pushed(doc, path, list, { $each, $position = Infinity, $slice, $sort }) {
  list.splice($position, 0, ...$each);
  list.sort((a, b) => $sort * compare(a, b));
  const kept = $slice === undefined ? list : $slice < 0 ? list.slice($slice) : list.slice(0, $slice);
  return () => {
    if (equal(at(doc, path), kept)) return;
    sliced.used();
    put(doc, path, kept);
  };
}

/** Puts what an `$addToSet` makes of a list. */
function added(doc, path, list, operand) {
  for (const item of isDocument(operand) && '$each' in operand ? operand.$each : [operand]) {
    if (!list.some((other) => equal(other, item))) list.push(item);
  }
  return () => {
    if (equal(at(doc, path), list)) return;
    sets.used();
    put(doc, path, list);
  };
}

const kept = correction('the _id in pipelines of updates', 'reference/method/db.collection.update', 'the _id of a document cannot be changed');

const named = correction('fields that begin with a dollar', 'reference/limits', 'top-level field names cannot start with the dollar sign; the server refuses others, too');
const dollars = (value) => (Array.isArray(value) ? value.some(dollars) : isDocument(value) && Object.entries(value).some(([name, inner]) => name.startsWith('$') || dollars(inner)));

/** A document after a pipeline that updates it. */
function identified(before, after) {
  if (dollars(after)) return named.instead(() => refuse('a field that begins with $'), () => undefined);
  if (after._id !== undefined) return equal(after._id, before._id) ? after : kept.instead(() => refuse('another _id'), () => undefined);
  kept.used();
  return { ...after, _id: before._id };
}

// Projections.

const slices = correction('$slice in a projection', 'reference/operator/projection/slice', 'by itself it is an exclusion: the other fields stay');
const matched = correction('$elemMatch in a projection', 'reference/operator/projection/elemMatch', 'the first element that matches the condition, also one on the element itself');

/** Documents and a projection that mingo can make of them. */
function project(docs, projection, options) {
  const entries = Object.entries(projection);
  const operator = (value, name) => isDocument(value) && name in value;
  const including = entries.some(([name, value]) => name !== '_id' && (operator(value, '$elemMatch') || (!isDocument(value) && value)));
  let found = docs;
  const left = {};
  for (const [path, value] of entries) {
    if (operator(value, '$slice')) {
      slices.used();
      found = found.map((doc) => (Array.isArray(doc[path]) ? { ...doc, [path]: slice(doc[path], value.$slice) } : doc));
      if (including) left[path] = 1;
    } else if (operator(value, '$elemMatch')) {
      matched.used();
      const test = element(value.$elemMatch, options);
      found = found.map((doc) => {
        const { [path]: list, ...others } = doc;
        const first = Array.isArray(list) ? list.filter(test).slice(0, 1) : [];
        return first.length ? { ...others, [path]: first } : others;
      });
      left[path] = 1;
    } else if (path.includes('.') && !value) {
      // Mingo stumbles over null in arrays.
      found = found.map((doc) => omit(doc, path.split('.')));
    } else {
      left[path] = value;
    }
  }
  return { docs: found, projection: left };
}

function slice(list, spec) {
  if (!Array.isArray(spec)) return spec < 0 ? list.slice(spec) : list.slice(0, spec);
  const start = spec[0] < 0 ? Math.max(0, list.length + spec[0]) : spec[0];
  return list.slice(start, start + spec[1]);
}

module.exports = { identified, prepare, project, validate };
