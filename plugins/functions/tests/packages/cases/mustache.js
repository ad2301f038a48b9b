// Sections, inverted sections, functions, partials, own tags, escaping.
const mustache = require('mustache');

module.exports = async (ctx) => ({
  list: mustache.render('{{#items}}{{name}}={{.}}{{^last}},{{/last}}{{/items}}{{^none}}-{{/none}}', { items: [{ name: 'a' }, { name: 'b', last: true }].map((one) => ({ ...one, toString: () => one.name })) }),
  escaped: mustache.render('{{x}} {{{x}}} {{&x}}', { x: '<a href="/">' }),
  lambda: mustache.render('{{#bold}}Hi {{name}}{{/bold}}', { name: '小明', bold: () => (text, render) => `<b>${render(text)}</b>` }),
  partial: mustache.render('{{> head}}!', { t: 1 }, { head: 'h{{t}}' }), tags: mustache.render('<% x %>{{x}}', { x: 1 }, {}, ['<%', '%>']),
  dotted: mustache.render('{{a.b.c}}{{! comment }}', { a: { b: { c: 5 } } }), parsed: mustache.parse('a{{b}}').map((token) => token[0]),
  plain: mustache.render('{{x}}', { x: '<' }, {}, { escape: (text) => text }),
  bad: (() => { try { return mustache.render('{{#a}}', {}); } catch (error) { return error.message; } })(),
});
