// Nested queries both ways, array formats, limits, filters and charsets.
const qs = require('qs');

module.exports = async (ctx) => ({
  parsed: qs.parse('a[b][c]=1&list[]=x&list[]=y&user.name=%E5%B0%8F%E6%98%8E', { allowDots: true }),
  prefix: qs.parse('?page=2&empty=&nul', { ignoreQueryPrefix: true, strictNullHandling: true }),
  pollution: qs.parse('__proto__[x]=1&a[hasOwnProperty]=2'), depth: qs.parse('a[b][c][d][e]=1', { depth: 2 }),
  comma: qs.parse('a=1,2,3', { comma: true }),
  formats: ['indices', 'brackets', 'repeat', 'comma'].map((arrayFormat) => qs.stringify({ a: ['x', 'y z'] }, { arrayFormat, encode: false })),
  nested: qs.stringify({ a: { b: 1, c: [true, null] }, d: undefined, at: new Date(0) }),
  sorted: qs.stringify({ b: 2, a: 1 }, { sort: (x, y) => x.localeCompare(y), addQueryPrefix: true }),
  latin: qs.stringify({ é: 'ü' }, { charset: 'iso-8859-1', charsetSentinel: true }), buffer: qs.stringify({ k: Buffer.from('hi') }),
  filtered: qs.stringify({ a: 1, secret: 2 }, { filter: (name, value) => (name === 'secret' ? undefined : value) }),
  rfc1738: qs.stringify({ a: 'b c' }, { format: 'RFC1738' }),
});
