// Evaluates cases with mingo. Reads lines of JSON, one case each, until an empty line; then writes
// one line for each: `+` and the result, or `-` and the message of the error; then a tab, and the
// places of the corrections that made a difference. The first line that it writes lists them.
'use strict';
const readline = require('node:readline');
const vm = require('node:vm');
const { Aggregator } = require('mingo/aggregator');
const { evalExpr } = require('mingo/core');
const { Query } = require('mingo/query');
const { updateOne } = require('mingo/updater');
const { context, corrections, operators, used } = require('./corrected');
const { filterWithPaths, install, withPaths } = require('./corrections/expressions');
require('./corrections/strings');
require('./corrections/dates');
const { copy, ObjectId } = require('./values');
install();
require('./corrections/filters');
const stages = require('./corrections/stages');
const { identified, prepare, project, validate } = require('./corrections/updates');

const CONTEXT = context();

/** Mingo's options, made once: of a plain object it copies all operators again and again. */
const { constructor: Options, options: PLAIN } = (() => {
  let found;
  operators.expression.$options = (_, __, options) => (found = options);
  evalExpr({}, { $options: null }, { context: context() });
  return found;
})();
const plainly = (more) => new Options({ ...PLAIN, context: CONTEXT, ...more });

// Their traces cost more than the rest of most cases.
Error.stackTraceLimit = 0;

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
  const options = plainly();
  const pipeline = [{ $match: command.filter }];
  if (command.sort) pipeline.push({ $sort: command.sort });
  if (command.skip !== undefined) pipeline.push({ $skip: command.skip });
  if (command.limit !== undefined) pipeline.push({ $limit: command.limit });
  const found = new Aggregator(pipeline, options).run(docs);
  if (!command.projection) return found;
  const corrected = project(found, command.projection, options);
  return new Query({}, options).find(corrected.docs, corrected.projection).all();
}

function update(docs, command) {
  const options = plainly();
  const doc = copy(docs[0]);
  if (Array.isArray(command.update)) stages.validate(command.update);
  else validate(command);
  if (!new Query(command.filter, options).test(doc)) return { doc, matched: 0, modified: 0 };
  if (Array.isArray(command.update)) {
    const [result] = aggregate([copy(doc)], { pipeline: command.update });
    return updated(docs[0], identified(docs[0], result));
  }
  const { changes, own } = prepare(doc, command, options);
  const config = { cloneMode: 'deep', arrayFilters: command.arrayFilters };
  updateOne([doc], command.filter, changes, config, { context: CONTEXT });
  own.forEach((change) => change());
  return updated(docs[0], doc);
}

/** What an update answers: the order of fields does not count. */
function updated(before, doc) {
  const text = (value) => JSON.stringify(encode(value));
  return { doc, matched: 1, modified: text(before) === text(doc) ? 0 : 1 };
}

function aggregate(docs, command) {
  const other = command.from ?? [];
  stages.validate(command.pipeline);
  const results = new Aggregator(withPaths(command.pipeline), plainly({ collectionResolver: () => other })).run(docs);
  const last = command.pipeline[command.pipeline.length - 1];
  return last && (last.$out || last.$merge) ? other : results;
}

function evaluate({ kind, docs, command }) {
  if (command.filter) command.filter = filterWithPaths(command.filter);
  switch (kind) {
    case 'filter': {
      const query = new Query(command.filter, plainly());
      return docs.map((doc) => query.test(doc));
    }
    case 'find':
      return find(docs, command);
    case 'update':
      return update(docs, command);
    case 'aggregate':
      return aggregate(docs, command);
    case 'expression':
      return evalExpr(docs[0], withPaths(command.expression), plainly());
  }
  throw new Error(`unknown kind ${kind}`);
}

function answer(line) {
  used.clear();
  let text;
  try {
    text = '+' + JSON.stringify(encode(evaluate(decode(JSON.parse(line)))));
  } catch (error) {
    text = '-' + String(error?.message ?? error).replaceAll(/\s/g, ' ');
  }
  return `${text}\t${[...used].join(',')}`;
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

process.stdout.write(`${JSON.stringify(corrections)}\n`);

readline.createInterface({ input: process.stdin, terminal: false }).on('line', (line) => {
  if (line !== '') {
    batch.push(line);
    return;
  }
  while (answers.length < batch.length) {
    try {
      script.runInThisContext({ timeout: CLOCK });
    } catch (error) {
      answers.push(`-${error.message}\t`);
    }
  }
  process.stdout.write(answers.map((line) => line + '\n').join(''));
  batch = [];
  answers = [];
});
