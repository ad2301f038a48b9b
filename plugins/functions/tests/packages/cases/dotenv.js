// Parsing, quotes, multi-line values; filling a given environment object.
const dotenv = require('dotenv');

module.exports = async (ctx) => {
  const text = '# c\nA=1\nB="line\\nbreak"\nC=\'single # kept\'\nexport D= spaced value # note\nE=\nF="multi\nline"\nG=`back"tick\'`\nURL=http://a.cn/?x=1#h\n中=文\n';
  const env = { A: 'kept' };
  dotenv.populate(env, dotenv.parse(text));
  const over = { A: 'old' };
  dotenv.populate(over, { A: 'new' }, { override: true });
  return {
    parsed: dotenv.parse(text), buffer: dotenv.parse(Buffer.from('X=1\r\nY=2')), env: env.A, over,
    missing: dotenv.config({ path: '/nowhere/.env', quiet: true }).error.code,
  };
};
