// Compiled templates (generated code): helpers, partials, blocks, escaping, strictness, precompilation.
const Handlebars = require('handlebars');

module.exports = async (ctx) => {
  const hb = Handlebars.create();
  hb.registerHelper('money', (value, options) => `${options.hash.sign || '¥'}${value.toFixed(2)}`);
  hb.registerHelper('bold', function (options) { return new hb.SafeString(`<b>${options.fn(this)}</b>`); });
  hb.registerPartial('row', '{{name}}: {{money price}}\n');
  const bad = (call) => { try { return call(); } catch (error) { return error.message.split('\n')[0]; } };
  const template = hb.compile('{{#each items as |item i|}}{{i}}{{#if @first}}*{{/if}} {{> row item}}{{else}}none{{/each}}{{#bold}}{{title}}{{/bold}}{{{raw}}}{{#with user}}{{../title}}-{{name}}{{/with}}');
  const spec = new Function(`return ${hb.precompile('pre {{x}}')}`)();
  return {
    full: template({ title: '<订单>', raw: '<hr>', user: { name: '小明' }, items: [{ name: '苹果', price: 5 }, { name: 'B', price: 1.5 }] }),
    empty: template({ items: [], title: '' }),
    hash: hb.compile('{{money n sign="$"}}{{#unless no}}!{{/unless}}{{lookup map key}}')({ n: 2, map: { k: 'v' }, key: 'k' }),
    precompiled: hb.template(spec)({ x: 1 }), strict: bad(() => hb.compile('{{missing}}', { strict: true })({})),
    syntax: bad(() => hb.compile('{{#if}}')({})), proto: hb.compile('[{{constructor.name}}{{__proto__.x}}]')({}),
    ast: hb.parse('a{{b}}').body.map(({ type }) => type), inline: hb.compile('{{#*inline "x"}}in {{v}}{{/inline}}{{> x v=1}}')({}),
  };
};
