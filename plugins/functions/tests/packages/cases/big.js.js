// Decimal arithmetic, rounding modes, comparison, strict mode.
const Big = require('big.js');

module.exports = async (ctx) => {
  const Strict = Big();
  Strict.strict = true;
  const bad = (call) => { try { return String(call()); } catch (error) { return error.message; } };
  return {
    sum: new Big(0.1).plus(0.2).toString(), product: new Big('0.07').times(100).toString(), divided: Big(1).div(3).toString(),
    power: new Big('1.1').pow(20).toString(), sqrt: new Big(2).sqrt().toString(),
    rounded: [0, 1, 2, 3].map((mode) => new Big('2.345').round(2, mode).toString()), fixed: new Big('1e3').toFixed(2),
    precise: new Big('123.456').toPrecision(4), exponent: new Big('0.00012').toExponential(),
    compare: [new Big('1.10').eq('1.1'), new Big(2).cmp(3), new Big(3).gt('2.99')], remainder: new Big('10').mod('3.3').toString(),
    strict: bad(() => new Strict(0.1)), zero: bad(() => new Big(1).div(0)), invalid: bad(() => new Big('1x')),
    json: JSON.stringify([new Big('0.10')]),
  };
};
