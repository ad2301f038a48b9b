// Sorted keys at every depth, own order, toJSON, cycles: the text that is signed.
const stringify = require('fast-json-stable-stringify');

module.exports = async (ctx) => {
  const cycle = { a: 1 };
  cycle.self = cycle;
  return {
    sorted: stringify({ b: { d: 1, c: [3, { z: 1, y: 2 }] }, a: null, u: undefined, n: NaN }),
    own: stringify({ a: 1, b: 2 }, { cmp: (x, y) => (x.key < y.key ? 1 : -1) }), json: stringify({ at: new Date(0), text: '中"\n' }),
    cycle: (() => { try { return stringify(cycle); } catch (error) { return error.name; } })(), allowed: stringify(cycle, { cycles: true }),
    list: stringify([undefined, () => 1, 5]),
  };
};
