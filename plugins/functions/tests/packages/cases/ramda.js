// Composition, currying, lenses, transducers, grouping and predicates.
const R = require('ramda');

module.exports = async (ctx) => {
  const orders = [{ user: 'a', total: 10 }, { user: 'b', total: 5 }, { user: 'a', total: 7 }];
  const street = R.lensPath(['address', 0, 'street']);
  return {
    totals: R.pipe(R.groupBy(R.prop('user')), R.map(R.compose(R.sum, R.pluck('total'))))(orders),
    sorted: R.sortWith([R.ascend(R.prop('user')), R.descend(R.prop('total'))], orders),
    over: R.over(street, R.toUpper, { address: [{ street: 'nanjing' }] }), curried: R.curry((a, b, c) => a + b * c)(1)(R.__, 3)(2),
    transduced: R.transduce(R.compose(R.map(R.inc), R.filter((n) => n % 2 === 0), R.take(2)), R.flip(R.append), [], [1, 2, 3, 4, 5]),
    merged: R.mergeDeepRight({ a: { b: 1, c: 2 } }, { a: { c: 3 } }),
    where: R.filter(R.where({ total: R.gt(R.__, 6), user: R.equals('a') }), orders).length,
    cond: R.map(R.cond([[R.equals(0), R.always('zero')], [R.lt(0), R.always('plus')], [R.T, R.always('minus')]]), [0, 5, -5]),
    equals: R.equals(new Map([[1, { a: [2] }]]), new Map([[1, { a: [2] }]])),
    piped: await R.pipeWith(R.andThen)([async (n) => n + 1, (n) => n * 10])(1), evolve: R.evolve({ a: R.add(1) }, { a: 1, b: 2 }),
    unfold: R.unfold((n) => n < 50 && [n, n * 2], 1), text: R.toString({ a: [1, 'x', new Date(0)] }),
    assoc: R.dissocPath(['a', 'b'], { a: { b: 1, c: 2 } }), type: R.map(R.type, [null, [], /x/, async () => 1]),
  };
};
