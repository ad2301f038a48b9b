'use strict';

// Integer work as hashes have it, a few milliseconds of it.
module.exports = async (ctx) => {
  let a = 0x67452301;
  let b = 0xefcdab89 | 0;
  for (let i = 0; i < ctx.args.rounds; i++) {
    a = (Math.imul(a ^ (a >>> 15), 0x2c1b3c6d) + b) | 0;
    b = ((b << 7) | (b >>> 25)) ^ (a + i);
    a ^= Math.imul(b ^ (b >>> 13), 0x297a2d39);
  }
  return { digest: `${(a >>> 0).toString(16)}-${(b >>> 0).toString(16)}` };
};
