// Hashes of values whatever their key order, algorithms, encodings, excluded keys, typed values.
const hash = require('object-hash');

module.exports = async (ctx) => ({
  order: hash({ a: 1, b: [2, { c: 3 }] }) === hash({ b: [2, { c: 3 }], a: 1 }), sha1: hash({ foo: 'bar' }), md5: hash.MD5({ foo: 'bar' }),
  sha256: hash('中', { algorithm: 'sha256', encoding: 'base64' }), keys: hash.keys({ a: 1, b: 2 }) === hash.keys({ b: 9, a: 8 }),
  excluded: hash({ a: 1, t: 2 }, { excludeKeys: (key) => key === 't' }) === hash({ a: 1 }),
  unordered: hash([1, 2], { unorderedArrays: true }) === hash([2, 1], { unorderedArrays: true }),
  kinds: [new Date(0), /x/g, new Map([[1, 2]]), new Set(['a']), Buffer.from('x'), null, NaN, 1n, Symbol.for('s')].map((value) => hash(value).slice(0, 8)),
  passthrough: hash({ a: 1 }, { algorithm: 'passthrough' }), buffer: hash('x', { encoding: 'buffer' }).length,
  circular: (() => { const one = {}; one.self = one; return hash(one).length; })(),
  bad: (() => { try { return hash(1, { algorithm: 'nope' }); } catch (error) { return error.message.slice(0, 30); } })(),
});
