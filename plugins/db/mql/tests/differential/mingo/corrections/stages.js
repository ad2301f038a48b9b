// Corrections of the stages of pipelines.
'use strict';
const { evalExpr } = require('mingo/core');
const { Lazy } = require('mingo/lazy');
const { Query } = require('mingo/query');
const { correction, operators } = require('../corrected');
const { firstArray, omit, reach, sorted } = require('../paths');
const { compare, copy, equal, isCall, isDocument, nil, refuse, set } = require('../values');
const { aggregation } = require('./expressions');

/** Corrects a stage: `correct` has the documents, the argument and what mingo makes of them. */
function stage(operator, says, correct) {
  const mingo = operators.pipeline[operator];
  const use = correction(operator, aggregation(operator.substring(1)), says);
  operators.pipeline[operator] = (coll, expr, options) =>
    coll.transform((docs) => {
      const theirs = (of = docs) => mingo(Lazy(copy(of)), expr, options).collect();
      return Lazy(copy(use.instead(() => correct(docs, expr, options, theirs), theirs)));
    });
}

const simple = (value) => ['number', 'string', 'boolean'].includes(typeof value) || value instanceof Date;

// Where documents are ordered by one type, mingo orders them.
stage('$sort', 'orders by the BSON comparison order; an array by its least or greatest element, of which one key may have one; missing is null', (docs, order, options, theirs) => {
  if (docs.some((doc) => new Set(Object.keys(order).map((path) => firstArray(doc, path.split('.'))).filter(Boolean)).size > 1)) return refuse('parallel arrays');
  const usual = Object.keys(order).every((path) => {
    const parts = path.split('.');
    const values = docs.map((doc) => parts.reduce((value, part) => (isDocument(value) ? value[part] : Array.isArray(value) ? value : undefined), doc));
    const types = new Set(values.map((value) => (value instanceof Date ? 'date' : typeof value)));
    types.delete('undefined');
    return values.every((value) => value === undefined || simple(value)) && types.size < 2;
  });
  return usual ? theirs() : sorted(docs, order);
});

stage('$count', 'a $group by null and a $project: of no documents there is no group', (docs, _, __, theirs) => (docs.length ? theirs() : []));

/** The documents with fields added as `$addFields` does. */
function assign(target, [part, ...rest], value) {
  if (Array.isArray(target)) return target.map((item) => assign(item, [part, ...rest], value));
  const doc = isDocument(target) ? { ...target } : {};
  if (rest.length) doc[part] = assign(doc[part], rest, value);
  else if (value === undefined) delete doc[part];
  else doc[part] = copy(value);
  return doc;
}
/** The expressions of fields by their paths: a document in them is of fields, too. */
function flat(fields, prefix = '') {
  return Object.entries(fields).flatMap(([name, expr]) => {
    if (!isDocument(expr) || isCall(expr)) return [[`${prefix}${name}`, expr]];
    return Object.keys(expr).length ? flat(expr, `${prefix}${name}.`) : refuse('an empty object is not a valid value');
  });
}
for (const operator of ['$addFields', '$set']) {
  stage(operator, 'adds fields to embedded documents, also by dotted names, in each element of an array; what is no document is replaced', (docs, fields, options) => {
    const added = flat(fields);
    return docs.map((doc) => added.reduce((result, [path, expr]) => assign(result, path.split('.'), evalExpr(doc, expr, options)), doc));
  });
}

/** What is left of a value of which only a new field below a path is asked for. */
function bare(value, [part, ...rest]) {
  if (Array.isArray(value)) return value.map((item) => bare(item, [part, ...rest]));
  if (!isDocument(value)) return value;
  return rest.length && part in value ? { [part]: bare(value[part], rest) } : {};
}
/** A document with the fields of another in their order, `_id` first, then those that are new. */
function ordered(doc, result) {
  if (!isDocument(doc) || !isDocument(result)) return result;
  const names = new Set(['_id', ...Object.keys(doc), ...Object.keys(result)].filter((name) => name in result));
  return Object.fromEntries([...names].map((name) => [name, ordered(doc[name], result[name])]));
}
const PROJECT = 'takes fields of embedded documents in their order, _id first, and adds others as $addFields does; what has no such fields stays';
stage('$project', PROJECT, (docs, spec, options, theirs) => projected(docs, spec, options, theirs).map((result, i) => ordered(docs[i], result)));
function projected(docs, spec, options, theirs) {
  const isComputed = ([path, expr]) => path.includes('.') && typeof expr !== 'number' && typeof expr !== 'boolean';
  const computed = Object.entries(spec).filter(isComputed);
  const dotted = Object.keys(spec).filter((path) => path.includes('.') && (spec[path] === 0 || spec[path] === false));
  if (dotted.length) {
    const others = Object.fromEntries(Object.entries(spec).filter(([path]) => !dotted.includes(path)));
    const left = docs.map((doc) => dotted.reduce((result, path) => omit(result, path.split('.')), doc));
    return Object.keys(others).length ? operators.pipeline.$project(Lazy(left), others, options).collect() : left;
  }
  if (!computed.length) return theirs();
  const others = Object.fromEntries(Object.entries(spec).filter((entry) => !isComputed(entry)));
  const including = Object.keys(others).some((name) => name !== '_id');
  const mingo = operators.pipeline.$project(Lazy(copy(docs)), including ? others : { ...others, '': 1 }, options).collect();
  return docs.map((doc, i) =>
    computed.reduce((result, [path, expr]) => {
      const parts = path.split('.');
      const kept = parts[0] in doc ? { ...result, [parts[0]]: bare(doc[parts[0]], parts.slice(1)) } : result;
      return assign(kept, parts, evalExpr(doc, expr, options));
    }, mingo[i]),
  );
}

const sharing = correction('results that share parts', aggregation('replaceRoot'), 'the result is a document by itself: what a later stage changes in one place does not change in another');
for (const operator of ['$replaceRoot', '$replaceWith']) {
  const mingo = operators.pipeline[operator];
  operators.pipeline[operator] = (coll, expr, options) =>
    mingo(coll, expr, options).map((doc) => {
      const seen = new Set();
      const twice = (value) => value !== null && typeof value === 'object' && (seen.size === seen.add(value).size || Object.values(value).some(twice));
      if (twice(doc)) sharing.used();
      return copy(doc);
    });
}

const { $unset } = operators.pipeline;
operators.pipeline.$unset = (coll, fields, options) => {
  const names = [fields].flat();
  if (!names.some((name) => name.includes('.'))) return $unset(coll, fields, options);
  return operators.pipeline.$project(coll, Object.fromEntries(names.map((name) => [name, 0])), options);
};

const reading = correction('$merge into a collection that the pipeline reads', aggregation('merge'), 'the output collection cannot appear in a $lookup or $graphLookup of the pipeline');
const by = correction('what $merge goes by', aggregation('merge'), 'the on fields cannot be null, missing or arrays');
const { $merge } = operators.pipeline;
const modes = correction('modes of $merge', aggregation('merge'), 'of the combinations of whenMatched and whenNotMatched, those of keepExisting and fail are with insert');

/** Refuses a pipeline that no collection can have. */
function validate(pipeline) {
  for (const stage of pipeline) {
    for (const fields of [stage.$addFields, stage.$set]) if (fields) flat(fields);
  }
  const merge = pipeline.at(-1)?.$merge;
  if (['keepExisting', 'fail'].includes(merge?.whenMatched) && (merge.whenNotMatched ?? 'insert') !== 'insert') {
    modes.instead(() => refuse('no such combination'), () => undefined);
  }
  const names = pipeline.flatMap(Object.keys);
  if (names.includes('$merge') && (names.includes('$lookup') || names.includes('$graphLookup'))) {
    reading.instead(() => refuse('read and written'), () => undefined);
  }
}
operators.pipeline.$merge = (coll, spec, options) =>
  coll.transform((docs) => {
    const wrong = (doc) => [spec.on ?? '_id'].flat().some((name) => doc[name] === null || Array.isArray(doc[name]));
    return docs.some(wrong) ? by.instead(() => refuse('no value to merge by'), () => docs) : $merge(Lazy(docs), spec, options);
  });

stage('$unwind', 'an operand that is no array is as an array of one element, unless it is null, missing or an empty array', (docs, spec) => {
  const { path, includeArrayIndex, preserveNullAndEmptyArrays } = typeof spec === 'string' ? { path: spec } : spec;
  const parts = path.substring(1).split('.');
  const put = (doc, value, index) => {
    const result = assign(doc, parts, value);
    return includeArrayIndex ? assign(result, includeArrayIndex.split('.'), index) : result;
  };
  return docs.flatMap((doc) => {
    const value = parts.reduce((found, part) => (isDocument(found) ? found[part] : undefined), doc);
    if (Array.isArray(value) && value.length) return value.map((item, i) => put(doc, item ?? null, i));
    if (!nil(value) && !Array.isArray(value)) return [put(doc, value, null)];
    if (!preserveNullAndEmptyArrays) return [];
    const through = parts.slice(0, -1).reduce((found, part) => (isDocument(found) ? found[part] : undefined), doc);
    const kept = Array.isArray(value) && isDocument(through) ? assign(doc, parts, undefined) : doc;
    return [includeArrayIndex ? assign(kept, includeArrayIndex.split('.'), null) : kept];
  });
});

stage('$group', 'does not order its output documents: here they are in the order of their _id', (docs, _, __, theirs) =>
  theirs().sort((a, b) => compare(a._id ?? null, b._id ?? null)),
);

operators.pipeline.$sortByCount = (coll, expr, options) =>
  operators.pipeline.$sort(operators.pipeline.$group(coll, { _id: expr, count: { $sum: 1 } }, options), { count: -1 }, options);

/** Mingo's accumulators over the documents of one group. */
function grouped(docs, id, output, options) {
  const [group] = operators.pipeline.$group(Lazy(docs), { _id: { $literal: null }, ...output }, options).collect();
  return { ...group, _id: id };
}

stage('$bucket', 'each bucket is a document with at least one input document; without a default, a value outside of the boundaries is an error', (docs, spec, options) => {
  const { groupBy, boundaries, output = { count: { $sum: 1 } } } = spec;
  const buckets = new Map();
  for (const doc of docs) {
    const value = evalExpr(doc, groupBy, options) ?? null;
    const inside = compare(value, boundaries[0]) >= 0 && compare(value, boundaries.at(-1)) < 0;
    if (!inside && !('default' in spec)) return refuse('a value outside of all buckets');
    const bound = inside ? boundaries.findLast((boundary) => compare(boundary, value) <= 0) : spec.default;
    buckets.set(bound, [...(buckets.get(bound) ?? []), doc]);
  }
  return [...buckets.keys()].sort(compare).map((bound) => grouped(buckets.get(bound), bound, output, options));
});

stage('$bucketAuto', 'fewer buckets than asked for if there are fewer values; bounds are in the BSON comparison order', (docs, spec, options) => {
  const { groupBy, buckets: wanted, output = { count: { $sum: 1 } } } = spec;
  const left = docs.map((doc) => ({ doc, value: evalExpr(doc, groupBy, options) ?? null })).sort((a, b) => compare(a.value, b.value));
  const [size, found] = [Math.max(1, Math.round(docs.length / wanted)), []];
  while (left.length) {
    let count = found.length + 1 === wanted ? left.length : Math.min(size, left.length);
    while (count < left.length && equal(left[count - 1].value, left[count].value)) count++;
    const bucket = left.splice(0, count);
    const max = left.length ? left[0].value : bucket.at(-1).value;
    found.push(grouped(bucket.map(({ doc }) => doc), { min: bucket[0].value, max }, output, options));
  }
  return found;
});

stage('$redact', 'evaluates the expression at each level of embedded documents; $$PRUNE excludes all fields at the level, without looking into them', (docs, expr, options) => {
  const redacted = (value) => {
    if (Array.isArray(value)) return value.map(redacted).filter((item) => item !== undefined);
    return isDocument(value) ? level(value) : value;
  };
  let top;
  // The root stays the whole document, what is current is the level.
  const rooted = (value) => {
    if (value === '$$ROOT') return { $literal: top };
    if (Array.isArray(value)) return value.map(rooted);
    return isDocument(value) ? Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, rooted(inner)])) : value;
  };
  const level = (doc) => {
    const action = evalExpr(doc, rooted(expr), options);
    if (action === '$$KEEP') return doc;
    if (action === '$$PRUNE') return undefined;
    const kept = Object.entries(doc).map(([name, value]) => [name, redacted(value)]);
    return Object.fromEntries(kept.filter(([, value]) => value !== undefined));
  };
  return docs.map((doc) => level((top = doc))).filter((doc) => doc !== undefined);
});

stage('$lookup', 'matches each element of an array in localField; a document without the field is as with null', (docs, spec, options, theirs) => {
  if (!('localField' in spec)) return theirs();
  const other = options.collectionResolver(spec.from);
  return docs.map((doc) => {
    const values = reach(doc, spec.localField.split('.')).flat();
    const query = new Query({ [spec.foreignField]: { $in: values.length ? values.map((value) => value ?? null) : [null] } }, options);
    return { ...doc, [spec.as]: other.filter((candidate) => query.test(candidate)) };
  });
});

stage('$graphLookup', 'starts with each element if startWith is an array, and adds each document once, with the depth at which it was found', (docs, spec, options) => {
  const { connectFromField, connectToField, as, maxDepth = Infinity, depthField, restrictSearchWithMatch } = spec;
  const restriction = new Query(restrictSearchWithMatch ?? {}, options);
  const other = options.collectionResolver(spec.from).filter((doc) => restriction.test(doc));
  return docs.map((doc) => {
    const found = new Map();
    let wanted = [evalExpr(doc, spec.startWith, options) ?? null].flat();
    for (let depth = 0; wanted.length && depth <= maxDepth; depth++) {
      const query = new Query({ [connectToField]: { $in: wanted } }, options);
      const next = other.filter((candidate) => !found.has(candidate) && query.test(candidate));
      next.forEach((candidate) => found.set(candidate, depth));
      wanted = next.flatMap((candidate) => reach(candidate, connectFromField.split('.')).flat());
    }
    return { ...doc, [as]: [...found].map(([candidate, depth]) => (depthField ? { ...candidate, [depthField]: depth } : candidate)) };
  });
});

/** The value of an expression for a document of a group. */
const on = (doc, expr, options) => evalExpr(doc, expr, options.constructor.init(options).update({ root: doc }));
const present = (docs, expr, options) => docs.map((doc) => on(doc, expr, options)).filter((value) => value !== undefined);
const pushed = correction('what is missing in $push and $addToSet', aggregation('push'), 'an array of all values that result from the expression; what is missing is no value');
const { $push, $addToSet } = operators.accumulator;
operators.accumulator.$push = (docs, expr, options) => pushed.instead(() => present(docs, expr, options), () => $push(docs, expr, options));
const added = correction('the order of $addToSet', aggregation('addToSet'), 'the order of the elements in the output array is unspecified: here it is that of sorting');
operators.accumulator.$addToSet = (docs, expr, options) =>
  added.instead(
    () => set(present(docs, expr, options)),
    () => $addToSet(docs, expr, options),
  );

const { $max, $min } = operators.accumulator;
const values = (docs, expr, options) => (expr === undefined ? docs : docs.map((doc) => on(doc, expr, options)));
const extreme = correction('$max and $min of different types', aggregation('max'), 'compares both value and type, using the BSON comparison order; null and missing do not count');
for (const [operator, mingo, direction] of [['$max', $max, 1], ['$min', $min, -1]]) {
  operators.accumulator[operator] = (docs, expr, options) =>
    extreme.instead(
      () => values(docs, expr, options).filter((value) => !nil(value)).reduce((best, value) => (best === null || compare(value, best) * direction > 0 ? value : best), null),
      () => mingo(docs, expr, options),
    );
}
const every = correction('accumulators of all documents', aggregation('first'), 'applies an expression to the documents of a group: an error for one of them is one for the group');
for (const [operator, place] of [['$first', 0], ['$last', -1]]) {
  const mingo = operators.accumulator[operator];
  // In mingo there is an expression of this name, too, which finds the accumulator by itself.
  operators.expression[operator] = operators.accumulator[operator] = (docs, expr, options) => every.instead(() => values(docs, expr, options).at(place) ?? null, () => mingo(docs, expr, options));
}
const unreal = correction('NaN among numbers', aggregation('avg'), 'ignores non-numeric values; NaN is a number');
for (const operator of ['$sum', '$avg', '$stdDevPop', '$stdDevSamp']) {
  const mingo = operators.accumulator[operator];
  operators.accumulator[operator] = (docs, expr, options) => {
    const numbers = values(docs, expr, options).filter((value) => typeof value === 'number');
    const least = operator === '$stdDevSamp' ? 2 : 1;
    return numbers.length >= least && numbers.some(Number.isNaN) ? unreal.instead(() => NaN, () => mingo(docs, expr, options)) : mingo(docs, expr, options);
  };
}
const { $stdDevPop, $stdDevSamp } = operators.accumulator;
const few = correction('deviations of too few values', aggregation('stdDevSamp'), 'null if there are no numbers, $stdDevSamp also if there is one');
for (const [operator, mingo, least] of [['$stdDevPop', $stdDevPop, 1], ['$stdDevSamp', $stdDevSamp, 2]]) {
  operators.accumulator[operator] = (docs, expr, options) => {
    const numbers = values(docs, expr, options).filter((value) => typeof value === 'number');
    return numbers.length < least ? few.instead(() => null, () => mingo(docs, expr, options)) : mingo(docs, expr, options);
  };
}
const { $mergeObjects } = operators.expression;
const merging = correction('$mergeObjects of a group', aggregation('mergeObjects'), 'merges the documents of a group; null and missing ones are ignored, others are errors');
operators.expression.$mergeObjects = (docs, expr, options) => {
  if (!Array.isArray(docs)) return $mergeObjects(docs, expr, options);
  const found = docs.map((doc) => on(doc, expr, options)).filter((value) => !nil(value));
  return merging.instead(() => (found.every(isDocument) ? Object.assign({}, ...found) : refuse('no document')), () => $mergeObjects(docs, expr, options));
};

module.exports = { validate };
