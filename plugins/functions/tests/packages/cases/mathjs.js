// Expressions (parsed and compiled), units, matrices, big numbers, fractions, complex numbers, derivatives.
const { create, all } = require('mathjs');

module.exports = async (ctx) => {
  const math = create(all, { number: 'number' });
  const big = create(all, { number: 'BigNumber', precision: 40 });
  const bad = (text) => { try { return math.evaluate(text); } catch (error) { return error.message; } };
  return {
    value: math.evaluate('2 * (3 + 4)^2 / 7'), scope: math.evaluate('f(x) = x^2 + a; f(3)', { a: 1 }).entries,
    unit: math.evaluate('5.08 cm + 2 inch to inch').toString(), big: big.evaluate('0.1 + 0.2').toString(),
    fraction: math.fraction('1/3').add('1/6').toFraction(), complex: math.sqrt(-4).toString(), det: math.det([[2, 1], [1, 3]]),
    inverse: math.inv([[2, 0], [0, 4]]), product: math.multiply([[1, 2], [3, 4]], [5, 6]),
    derivative: math.derivative('x^3 + 2x', 'x').toString(), simplified: math.simplify('2x + 3x').toString(),
    compiled: math.compile('a * b').evaluate({ a: 6, b: 7 }),
    statistics: [math.mean([1, 2, 3, 4]), math.std([2, 4, 4, 4, 5, 5, 7, 9]), math.median([3, 1, 2])], bad: bad('2 +'),
    unknown: bad('nope(1)'), percent: math.evaluate('200 * 8%'), choose: math.combinations(49, 6),
    format: math.format(1 / 3, { precision: 4 }),
  };
};
