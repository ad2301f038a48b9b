// Sections, arrays, quotes, comments, both ways.
const ini = require('ini');

module.exports = async (ctx) => ({
  parsed: ini.parse('; comment\nroot=1\n[a]\nname="小明 = x"\nlist[]=1\nlist[]=2\nflag\nt=true\nn=null\n[a.b]\nk=v\n[a\\.c]\nx=1\n'),
  written: ini.stringify({ top: 'x', db: { host: 'h', port: 1, list: ['a', 'b'], sub: { k: '; c' } } }),
  section: ini.stringify({ a: 1 }, { section: 'S', whitespace: true }), safe: [ini.safe('a;b'), ini.unsafe('"a b"')],
  proto: ini.parse('[__proto__]\nx=1').x ?? null, aligned: ini.encode({ s: { a: 1, long: 2 } }, { align: true, sort: true }),
});
