// Money arithmetic, rounding modes, bases, formats, large integers.
const BigNumber = require('bignumber.js');

module.exports = async (ctx) => {
  const Money = BigNumber.clone({ DECIMAL_PLACES: 10, ROUNDING_MODE: BigNumber.ROUND_HALF_EVEN });
  return {
    sum: new BigNumber(0.1).plus(0.2).toString(), third: new Money(1).div(3).toString(),
    even: [new Money('2.5').dp(0), new Money('3.5').dp(0)].map(String),
    big: new BigNumber('123456789012345678901234567890').times('987654321').toFixed(), power: new BigNumber(2).pow(200).toFixed(),
    modular: new BigNumber(4).pow(13, 497).toNumber(), hex: new BigNumber('ff', 16).toString(2),
    serial: new BigNumber('5157f09efdc096de15ebe81a47057a72', 16).toString(10), sqrt: new Money(2).sqrt().toString(),
    format: new BigNumber('1234567.891').toFormat(2), percent: new BigNumber('0.1234').times(100).toFixed(1),
    max: BigNumber.max('1', '1.0001').toString(),
    compare: [new BigNumber('1e-9').lt('2e-9'), new BigNumber(NaN).isNaN(), new BigNumber(-0).isZero()],
    exponential: new BigNumber('0.00000012345').toExponential(2), json: JSON.stringify({ n: new BigNumber('1.10') }),
  };
};
