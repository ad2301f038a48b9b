// Documents, anchors, multi-line text, several documents, comments kept, errors, own output.
const YAML = require('yaml');

module.exports = async (ctx) => {
  const text = 'base: &b { a: 1, 时间: 2024-01-01 }\nuse:\n  <<: *b\n  list: [1, "二", ~, 0x1F, 1e3]\nlit: |\n  one\n  two\nfold: >-\n  x\n  y\n# note\nyes: true\n';
  const document = YAML.parseDocument(text);
  document.setIn(['use', 'new'], { k: 'v' });
  document.delete('fold');
  const bad = (input) => { try { return YAML.parse(input); } catch (error) { return [error.name, error.code, error.linePos[0].line]; } };
  return {
    parsed: YAML.parse(text, { merge: true }),
    written: YAML.stringify({ a: [1, { b: null }], text: 'x: y', long: 'line\nbreak', at: new Date(0), t: 'true' }),
    many: YAML.parseAllDocuments('--- 1\n--- a: b\n...').map((one) => one.toJS()), kept: String(document),
    comment: YAML.parseDocument('a: 1 # one\n').contents.items[0].value.comment, bad: [bad('a: [1'), bad('a: 1\na: 2'), bad('\tx: 1')],
    big: String(YAML.parse('12345678901234567890', { intAsBigInt: true })), set: [...YAML.parse('!!set { a, b }', { customTags: ['set'] })],
    alias: YAML.stringify((() => { const one = { n: 1 }; return [one, one]; })()),
  };
};
