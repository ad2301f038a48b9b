// Templates compiled with `new Function`: escaping, loops, includes by callback, asynchronous ones, errors with lines.
const ejs = require('ejs');

module.exports = async (ctx) => {
  const bad = (call) => { try { return call(); } catch (error) { return error.message.split('\n').filter(Boolean).pop(); } };
  return {
    list: ejs.render('<% users.forEach((u) => { -%>\n<li><%= u %></li>\n<% }) -%>\n<%- raw %><%# note %><%% x %>', { users: ['<小明>', 'b'], raw: '<hr>' }),
    compiled: ejs.compile('Hi <%= name %>', { strict: true, destructuredLocals: ['name'] })({ name: 'A' }),
    later: await ejs.render('<%= await value() %>', { value: async () => 'async' }, { async: true }),
    delimiter: ejs.render('[? x ?][?= x ?]', { x: 1 }, { delimiter: '?', openDelimiter: '[', closeDelimiter: ']' }),
    included: ejs.render('<%- include("part", { n: 2 }) %>', {}, { includer: (name) => ({ template: `${name}:<%= n %>` }) }),
    missing: bad(() => ejs.render('a\n<%= nope %>', {})),
    syntax: (() => { try { return ejs.render('<% if ( { %>'); } catch (error) { return [error.name, error.message.includes('while compiling ejs')]; } })(),
    escaped: ejs.escapeXML('<&"\'>'), json: ejs.render('<%- JSON.stringify(o) %>', { o: { a: 1 } }),
  };
};
