'use strict';
const util = require('util');
const { inspect, format } = util;
const fails = (run) => { try { return { gave: run() }; } catch (error) { return [error.name, error.code, error.message]; } };

class Foo { constructor() { this.a = 1; this.m = new Map([[{ a: 1 }, new Set([1, 2])]]); } get x() { return 1; } static s = 1; }
class Bar extends Foo { #p = 1; [Symbol.toStringTag] = 'Tag'; }

module.exports = {
  values: () => [1, -0, 1n, 'a\'b"c\n', true, null, undefined, Symbol('s'), NaN, [], {}, [1, , 3], [undefined, null], Object.create(null), new Date(0), new Date(NaN), /a/gi, () => 1, function named() {}, class A {}, class B extends Foo {}, async () => {}, function* g() {}, new Foo(), new Bar(), new (class extends Array {})(3)].map((v) => inspect(v)),
  collections: () => [new Map([[1, { a: 2 }]]), new Set(['a', [1]]), new WeakMap(), new WeakSet(), new Uint8Array(3), new ArrayBuffer(4), new DataView(new ArrayBuffer(2)), new Number(3), new String('abc'), new Boolean(false), Object(Symbol('q')), Object(5n), (function () { return arguments; })(1, 2), new Float64Array([1.5, -0])].map((v) => inspect(v)),
  promises: () => [Promise.resolve({ a: 1 }), Promise.reject(Object.assign(new Error('x'), { stack: 'stack' })).catch(() => {}) && Promise.resolve([1]), new Promise(() => {})].map((v) => inspect(v)),
  iterators: () => [new Map([[1, 2], ['a', {}]]).entries(), new Map([[1, 2]]).keys(), new Set(['x', 'y']).values(), new Set([1]).entries(), new Map().values()].map((v) => inspect(v)),
  env: () => [util.parseEnv('A=1\n# c\nB="x y"\nC=\'z\' # d\nexport D=q r # s\nE=\nF="l1\\nl2"')],
  deep: () => [inspect({ a: { b: { c: { d: 1 } } } }), inspect({ a: { b: { c: { d: 1 } } } }, { depth: 0 }), inspect({ a: { b: { c: { d: {} } } } }, false, null), inspect([[[[[]]]]])],
  circular() { const a = { name: 'a' }; a.self = a; a.list = [a, { a }]; return inspect(a); },
  long: () => [inspect(Array.from({ length: 120 }, (_, i) => i)), inspect('x'.repeat(200)), inspect({ key: 'x'.repeat(100), other: ['a'.repeat(30), 'b'.repeat(30), 'c'.repeat(30)] }), inspect(Array.from({ length: 30 }, (_, i) => `item ${i}`)), inspect(Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`key${i}`, i])))],
  getters: () => [inspect({ get a() { return 1; }, set a(v) {}, get b() { return 2; }, set c(v) {} }), inspect({ get a() { return { x: 1 }; } }, { getters: true }), inspect({ 'a-b': 1, [Symbol('s')]: 2, 3: 4 })],
  errors() {
    const error = new TypeError('bad', { cause: new Error('why') });
    error.stack = 'TypeError: bad\n    at somewhere';
    error.cause.stack = 'Error: why\n    at elsewhere';
    const coded = Object.assign(new Error('coded'), { code: 'E_X', extra: { a: 1 } });
    coded.stack = 'Error: coded\n    at here';
    const none = new Error('nothing');
    none.stack = undefined;
    const all = new AggregateError([coded], 'several');
    all.stack = 'AggregateError: several\n    at x';
    return [inspect(error), inspect(coded), inspect({ error: coded }), inspect([none]), inspect(all)];
  },
  options: () => [inspect({ b: 1, a: 2 }, { sorted: true }), inspect([1, 2, 3, 4], { maxArrayLength: 2 }), inspect('abcdefgh', { maxStringLength: 3 }), inspect({ a: 1, b: { c: 2 } }, { compact: false }), inspect({ a: 1n, b: 123456.789 }, { numericSeparator: true }), inspect({ a: [1, 'x', null] }, { colors: true }), inspect([1], { showHidden: true }), inspect(new Proxy({ a: 1 }, {})), inspect({ a: 'x'.repeat(60), b: 'y'.repeat(60) }, { breakLength: Infinity })],
  custom: () => [inspect({ [inspect.custom]: (depth, options, i) => `custom ${depth} ${typeof options.stylize} ${i === inspect}` }), inspect({ a: { [inspect.custom]() { return { replaced: true }; } } }), inspect({ inspect() { return 'no'; } })],
  format: () => [format('%s %s', 'a'), format('%s', null, undefined, 5n), format('%s', { a: { b: { c: 1 } } }), format('%s', class X {}), format('%s', { toString() { return 'mine'; } }), format('%s', new Date(0)), format('%s', -0, Symbol('a')), format('%d %i %f', '42.5', '42.5', '42.5'), format('%d', '5n', {}, 5n), format('%j', { a: [1] }), format('%o', { f() {} }), format('%O', { a: { b: { c: { d: { e: 1 } } } } }), format('%c css', 'x'), format('100%', 'a'), format('%%s', 1), format('a', 'b', { c: 1 }, [1, '2']), format(1, 2, '3'), format({ a: 1 }, 'x'), format('%s'), format(), format('%s', new Error('e').message), format('%x', 1), format('%s', function f() {}), format('%i', Symbol('a')), format('%s', [1, 'a', [2, [3, [4]]]])],
  jCircular() { const a = {}; a.a = a; return format('%j', a); },
  async promisify() {
    const one = util.promisify((a, callback) => callback(null, a + 1));
    const bad = util.promisify((callback) => callback(new Error('no')));
    const custom = Object.assign(() => {}, { [util.promisify.custom]: async () => 'custom' });
    return [await one(1), await bad().catch((e) => e.message), await util.promisify(custom)(), await util.promisify(setTimeout)(1, 'timer'), await util.promisify(setImmediate)('now'), fails(() => util.promisify(5)), one.name, one.length];
  },
  async callbackify() {
    const run = (callbackified) => new Promise((resolve) => callbackified((error, value) => resolve([error && [error.message, error.code, error.reason], value])));
    return [await run(util.callbackify(async () => 5)), await run(util.callbackify(async () => { throw new Error('x'); })), await run(util.callbackify(async () => { throw null; })), fails(() => util.callbackify(async () => 1)()), util.callbackify(async function name() {}).name];
  },
  inherits() { function A() {} function B() {} util.inherits(A, B); return [new A() instanceof B, A.super_ === B, fails(() => util.inherits(A, null))]; },
  deprecate() { const f = util.deprecate(() => 7, 'old', 'DEP1'); return [f(), f()]; },
  equal: () => [[1, 1], [1, '1'], [{ a: 1, b: [1, { c: 2 }] }, { b: [1, { c: 2 }], a: 1 }], [new Map([[1, { a: 1 }]]), new Map([[1, { a: 1 }]])], [new Set([{ a: 1 }]), new Set([{ a: 1 }])], [new Date(0), new Date(0)], [/a/g, /a/i], [NaN, NaN], [0, -0], [[1, 2], [1, 2, 3]], [new Foo(), { a: 1 }], [Buffer.from('a'), Buffer.from('a')], [new Error('a'), new Error('a')], [new Error('a'), new Error('b')], [Object(1), Object(1)], [[1, , 3], [1, undefined, 3]], [new Uint8Array([1]), new Uint8Array([2])], [null, undefined], [Symbol.iterator, Symbol.iterator]].map(([a, b]) => util.isDeepStrictEqual(a, b)),
  types() {
    const values = { map: new Map(), set: new Set(), promise: Promise.resolve(), date: new Date(), regexp: /a/, error: new Error(), fake: { __proto__: Error.prototype }, u8: new Uint8Array(1), buffer: Buffer.from('a'), view: new DataView(new ArrayBuffer(1)), ab: new ArrayBuffer(1), sab: new SharedArrayBuffer(1), weak: new WeakMap(), gen: (function* () {})(), genf: function* () {}, asyncf: async () => {}, args: (function () { return arguments; })(), proxy: new Proxy({}, {}), num: Object(1), str: Object('a'), sym: Object(Symbol()), big: Object(1n), mi: new Map().keys(), si: new Set().values(), plain: {}, fn: () => {}, n: 1, asyncgen: async function* () {} };
    const result = {};
    for (const [name, value] of Object.entries(values)) result[name] = Object.keys(util.types).filter((type) => { try { return util.types[type](value); } catch { return false; } }).sort();
    return result;
  },
  names: () => ['inspect', 'format', 'formatWithOptions', 'promisify', 'callbackify', 'inherits', 'deprecate', 'debuglog', 'debug', 'isDeepStrictEqual', 'types', 'TextEncoder', 'TextDecoder', 'parseArgs', 'styleText', 'stripVTControlCharacters', 'toUSVString', 'MIMEType', 'MIMEParams', 'aborted', 'getSystemErrorName', 'getSystemErrorMap', 'isArray', 'isRegExp', '_extend', 'log'].map((name) => typeof util[name]),
  parseArgs: () => [util.parseArgs({ args: ['-f', '--bar', 'b', '--', 'x'], options: { foo: { type: 'boolean', short: 'f' }, bar: { type: 'string' } }, allowPositionals: true }), util.parseArgs({ args: ['--a=1', '--a', '2', '-xyz'], options: { a: { type: 'string', multiple: true }, x: { type: 'boolean', short: 'x' }, d: { type: 'string', default: 'dd' } }, strict: false, tokens: true }), fails(() => util.parseArgs({ args: ['--nope'] })), fails(() => util.parseArgs({ args: ['pos'] })), fails(() => util.parseArgs({ args: ['--a'], options: { a: { type: 'string' } } })), fails(() => util.parseArgs({ args: ['--a=1'], options: { a: { type: 'boolean' } } })), fails(() => util.parseArgs({ args: ['-a', '-b'], options: { aa: { type: 'string', short: 'a' } } }))],
  others: () => [util.stripVTControlCharacters('\u001b[31mred\u001b[39m'), util.styleText('red', 'x'), fails(() => util.styleText('nocolor', 'x')), util.toUSVString('a\ud800'), util.getSystemErrorName(-2), util.getSystemErrorMap().get(-13), util._extend({ a: 1 }, { b: 2 }), util.isArray([]), String(new util.MIMEType('Text/HTML; charset="utf-8"; q=a')), util.formatWithOptions({ compact: false }, { a: 1 }), util.inspect.defaultOptions.depth],
  clone() {
    const source = { map: new Map([['k', { v: 1 }]]), set: new Set([1]), date: new Date(5), re: /x/gy, err: new RangeError('r', { cause: 1 }), arr: [1, , 'x'], u8: new Uint8Array([1, 2]), n: Object(5), un: undefined, big: 5n };
    source.self = source;
    const copy = structuredClone(source);
    const buffer = new ArrayBuffer(8);
    const moved = structuredClone({ buffer }, { transfer: [buffer] });
    return [inspect({ ...copy, self: copy.self === copy, err: [copy.err.name, copy.err.message, copy.err.cause, copy.err instanceof RangeError] }), moved.buffer.byteLength, buffer.byteLength, fails(() => structuredClone(() => 1)), fails(() => structuredClone(Symbol('a'))), fails(() => structuredClone({ a: new WeakMap() })), structuredClone(new Foo()).constructor.name, copy.map !== source.map, structuredClone(null), fails(() => structuredClone())];
  },
  textCoding() {
    const d = new TextDecoder('gbk');
    const bytes = Buffer.from('d6d0b9fa', 'hex');
    const pieces = [d.decode(bytes.subarray(0, 1), { stream: true }), d.decode(bytes.subarray(1, 3), { stream: true }), d.decode(bytes.subarray(3))];
    const u = new TextDecoder();
    const euro = Buffer.from('€');
    return [pieces, d.encoding, new TextDecoder('latin1').encoding, new TextDecoder('utf-16le').decode(Buffer.from('hi', 'utf16le')), u.decode(euro.subarray(0, 2), { stream: true }) + u.decode(euro.subarray(2)), fails(() => new TextDecoder('nope')), fails(() => new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from([0xff]))), new TextDecoder().decode(Buffer.from('efbbbf41', 'hex')), new TextDecoder('utf-8', { ignoreBOM: true }).decode(Buffer.from('efbbbf41', 'hex')).length, [...new TextEncoder().encode('é😀')], new TextEncoder().encodeInto('aé😀', new Uint8Array(4)), new TextEncoder().encode('\ud800').join(), fails(() => new TextDecoder().decode(5)), String(new TextDecoder()), new TextDecoder().decode()];
  },
};
