// Nested objects, array rules, own rules by key, cloning.
const merge = require('deepmerge');

module.exports = async (ctx) => {
  const a = { db: { host: 'x', ports: [1] }, at: new Date(0), on: { deep: true } };
  const merged = merge(a, { db: { ports: [2], user: 'u' }, on: null });
  return {
    merged, copied: merged.db !== a.db, overwrite: merge([1, 2], [3], { arrayMerge: (left, right) => right }),
    combine: merge([{ a: 1 }], [{ b: 2 }], { arrayMerge: (left, right, options) => left.map((value, index) => merge(value, right[index], options)) }),
    all: merge.all([{ a: 1 }, { b: { c: 2 } }, { b: { d: 3 } }]),
    custom: merge({ n: 1, s: 'a' }, { n: 2, s: 'b' }, { customMerge: (key) => (key === 'n' ? (x, y) => x + y : undefined) }),
    plain: merge({ x: {} }, { x: new Map([[1, 2]]) }, { isMergeableObject: (value) => value && value.constructor === Object }).x instanceof Map,
    proto: merge({}, JSON.parse('{"__proto__":{"x":1}}')).x ?? null,
  };
};
