// Evaluates cases with mingo. Reads lines of JSON, one case each, until an empty line; then writes
// one line for each: `+` and the result, or `-` and the message of the error.
'use strict';
const readline = require('node:readline');
const vm = require('node:vm');
const { Aggregator, Query, updateOne } = require('mingo');

// Their traces cost more than the rest of most cases.
Error.stackTraceLimit = 0;

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

function decode(value) {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(decode);
  const keys = Object.keys(value);
  if (keys.length === 1) {
    const inner = value[keys[0]];
    switch (keys[0]) {
      case '$oid':
        return new ObjectId(inner);
      case '$date':
        return new Date(Number(inner.$numberLong));
      case '$numberLong':
      case '$numberDouble':
        return Number(inner);
      case '$regularExpression':
        return new RegExp(inner.pattern, inner.options);
    }
  }
  const doc = {};
  for (const key of keys) doc[key] = decode(value[key]);
  return doc;
}

function encode(value, within = new Set()) {
  switch (typeof value) {
    case 'undefined':
      return { $undefined: true };
    case 'number':
      return Number.isFinite(value) ? value : { $numberDouble: String(value) };
    case 'string':
    case 'boolean':
      return value;
    case 'bigint':
      return { $numberLong: String(value) };
    case 'object':
      break;
    default:
      throw new Error(`a ${typeof value} is no result`);
  }
  if (value === null) return null;
  if (value instanceof Date) return { $date: { $numberLong: String(+value) } };
  if (value instanceof RegExp) return { $regularExpression: { pattern: value.source, options: value.flags } };
  if (value instanceof ObjectId) return { $oid: String(value) };
  if (within.has(value)) throw new Error('the result contains itself');
  within.add(value);
  let result;
  if (Array.isArray(value)) {
    // As in JSON, an array has null where there is nothing.
    result = Array.from(value, (item) => (item === undefined ? null : encode(item, within)));
  } else {
    result = {};
    for (const key of Object.keys(value).sort()) {
      if (value[key] !== undefined) result[key] = encode(value[key], within);
    }
  }
  within.delete(value);
  return result;
}

// A fixed clock, the one of the other side.
Date.now = () => Date.UTC(2020, 4, 17, 10, 20, 30, 456);

function find(docs, command) {
  const cursor = new Query(command.filter).find(docs, command.projection);
  if (command.sort) cursor.sort(command.sort);
  if (command.skip !== undefined) cursor.skip(command.skip);
  if (command.limit !== undefined) cursor.limit(command.limit);
  return cursor.all();
}

function update(docs, command) {
  const config = { cloneMode: 'deep' };
  if (command.arrayFilters) config.arrayFilters = command.arrayFilters;
  const { matchedCount, modifiedCount } = updateOne(docs, command.filter, command.update, config);
  return { doc: docs[0], matched: matchedCount, modified: modifiedCount };
}

function aggregate(docs, command) {
  const other = command.from ?? [];
  const results = new Aggregator(command.pipeline, { collectionResolver: () => other }).run(docs);
  const last = command.pipeline[command.pipeline.length - 1];
  return last && (last.$out || last.$merge) ? other : results;
}

function evaluate({ kind, docs, command }) {
  switch (kind) {
    case 'filter': {
      const query = new Query(command.filter);
      return docs.map((doc) => query.test(doc));
    }
    case 'find':
      return find(docs, command);
    case 'update':
      return update(docs, command);
    case 'aggregate':
      return aggregate(docs, command);
    case 'expression':
      return aggregate(docs, { pipeline: [{ $addFields: { result: command.expression } }] })[0].result;
  }
  throw new Error(`unknown kind ${kind}`);
}

function answer(line) {
  try {
    return '+' + JSON.stringify(encode(evaluate(decode(JSON.parse(line)))));
  } catch (error) {
    return '-' + String(error?.message ?? error).replaceAll('\n', ' ');
  }
}

// Some of mingo's loops do not end, on negative numbers with a granularity for one. The clock of
// `vm` is costly, so that it runs for a stretch of cases.
const CLOCK = 10000;
const STRETCH = 200;
let batch = [];
let answers = [];

globalThis.stretch = () => {
  const end = performance.now() + STRETCH;
  while (answers.length < batch.length && performance.now() < end) answers.push(answer(batch[answers.length]));
};
const script = new vm.Script('stretch()');

readline.createInterface({ input: process.stdin, terminal: false }).on('line', (line) => {
  if (line !== '') {
    batch.push(line);
    return;
  }
  while (answers.length < batch.length) {
    try {
      script.runInThisContext({ timeout: CLOCK });
    } catch (error) {
      answers.push('-' + error.message);
    }
  }
  process.stdout.write(answers.map((line) => line + '\n').join(''));
  batch = [];
  answers = [];
});
