// Links from titles: accents, symbols, strictness, locales, own characters.
const slugify = require('slugify');

module.exports = async (ctx) => {
  const text = slugify('some $tring & 100% déjà Vu');
  slugify.extend({ '☢': 'radioactive' });
  return {
    text, lower: slugify('Ünïcode Straße', { lower: true, locale: 'de' }), strict: slugify('a.b*c!d (e)', { strict: true }),
    separator: slugify('x y  z', '_'), removed: slugify('a*b+c', { remove: /[*+]/g }), vietnamese: slugify('Đồng', { locale: 'vi' }),
    chinese: slugify('小程序 abc'), own: slugify('unicode ♥ is ☢'), trim: slugify(' -x- ', { trim: true }),
    bad: (() => { try { return slugify(5); } catch (error) { return error.message; } })(),
  };
};
