// Selecting, reading and changing HTML and XML documents; extraction; text.
const cheerio = require('cheerio');

module.exports = async (ctx) => {
  const $ = cheerio.load('<ul class=list><li id=a>苹果 <b>5元</b></li><li class="x" data-n="2">B</li><li>C</ul><p>un<i>closed');
  $('li.x').addClass('y').attr('title', 'a "b"').text('<B>');
  $('ul').append('<li>D</li>').find('#a b').remove();
  $('li').eq(2).wrap('<div></div>').after('<hr>');
  const xml = cheerio.load('<rss><item><link>u1</link></item><item><link>u2</link></item></rss>', { xml: true });
  return {
    html: $.html(), body: $('body').html(), texts: $('li').map((index, node) => $(node).text().trim()).get(), data: $('li.x').data('n'),
    is: $('li').first().is('#a'), links: xml('item > link').toArray().map((node) => xml(node).text()), xml: xml.xml(),
    query: $('li:not(.x):nth-child(1), p > i').length,
    form: cheerio.load('<form><input name=a value=1><select name=b><option value=2 selected></select></form>')('form').serialize(),
    extract: $.extract({ items: ['li'], first: { selector: '#a', value: 'id' } }), parent: $('i').closest('p').prop('tagName'),
    entities: cheerio.load('&copy;&#x4e2d;', null, false).text(),
  };
};
