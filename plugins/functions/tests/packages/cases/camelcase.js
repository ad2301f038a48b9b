// Names with separators, capitals, other scripts and locales.
const camelCase = require('camelcase');

module.exports = async (ctx) => ({
  names: [
    'foo-bar', 'foo_bar', 'Foo-Bar', 'розовый_пушистый', 'XMLHttpRequest', '--foo.bar', 'out_trade_no', '', 'a', 'fooBAR_baz', '1st_place',
  ].map((name) => camelCase(name)),
  pascal: camelCase('foo-bar', { pascalCase: true }), list: camelCase(['foo', 'bar baz']),
  turkish: [camelCase('lorem-ipsum', { locale: 'tr-TR' }), camelCase('lorem-ipsum', { locale: 'en-US' }), camelCase('lorem-ipsum', { locale: false })],
  kept: camelCase('foo-BAR', { preserveConsecutiveUppercase: true }),
});
