// Encoding and decoding at the levels of XML and HTML 5.
const { encode, decode, decodeEntity } = require('html-entities');

module.exports = async (ctx) => ({
  special: encode('< > " \' & © 中'), all: encode('<©中😀>', { mode: 'nonAsciiPrintable' }),
  xml: encode('<©>', { mode: 'nonAsciiPrintable', level: 'xml' }), numeric: encode('©', { mode: 'nonAscii', numeric: 'hexadecimal' }),
  decoded: decode('&lt;&copy;&#x4e2d;&#20013;&hellip;&nope;&amp;lt;&CounterClockwiseContourIntegral;'),
  scope: [decode('&ltx', { scope: 'strict' }), decode('&ltx')], one: decodeEntity('&hearts;'), low: decode('&#128;'),
  attribute: decode('a=1&copy=2', { scope: 'attribute' }),
});
