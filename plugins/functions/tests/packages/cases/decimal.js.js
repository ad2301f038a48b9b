// Precision, functions (exp, ln, sine), bases, rounding, formats.
const Decimal = require('decimal.js');

module.exports = async (ctx) => {
  const D = Decimal.clone({ precision: 40, rounding: Decimal.ROUND_HALF_UP });
  return {
    sum: new D('0.1').plus('0.2').toString(), pi: D.acos(-1).toString(), e: new D(1).exp().toString(), ln: D.ln(10).toString(),
    sin: D.sin('0.5').toFixed(30), sqrt: D.sqrt(2).toString(), cbrt: new D(27).cbrt().toString(),
    power: D.pow('1.0000001', 1000000).toFixed(20), places: new D('1.005').toDecimalPlaces(2).toString(), binary: new D('0.1').toBinary(20),
    hex: new D('0xff.8').toString(), fraction: new D('3.25').toFraction().map(String), sci: new D('123456').toSD(3).toString(),
    mod: new D('-7').mod(3).toString(), hypot: D.hypot(3, 4).toString(), max: D.max(1, '1.1').toString(),
    json: JSON.stringify(new D('1e-30')), nan: new D(NaN).isNaN(),
  };
};
