// Markdown with tables, code, nested lists, links and own renderers.
const { marked } = require('marked');

module.exports = async (ctx) => {
  const text = '# 标题 *强调*\n\n| a | b |\n|---|:-:|\n| 1 | `x` |\n\n- one\n  1. nested\n- [ ] todo\n\n```js\nlet a = "<b>";\n```\n\n> quote\n\n<https://a.cn> ![alt](i.png "t") ~~del~~ **b**\n';
  const quiet = { mangle: false, headerIds: false };
  const renderer = new marked.Renderer();
  renderer.link = (href, title, label) => `[${label}](${href})`;
  return {
    html: marked.parse(text, quiet), ids: marked.parse('# Hello World!', { mangle: false }), inline: marked.parseInline('**b** <i>', quiet),
    linked: marked.parse('[x](https://a.cn)', { ...quiet, renderer }), tokens: marked.lexer(text).map(({ type }) => type),
    breaks: marked.parse('a\nb', { ...quiet, breaks: true }),
    later: await marked.parse('`c`', { ...quiet, async: true, walkTokens: async (token) => token.type }),
  };
};
