// GBK, GB18030, Big5, Shift_JIS, UTF-16 with a mark, single-byte tables, streams.
const iconv = require('iconv-lite');

module.exports = async (ctx) => {
  const hex = (text, charset, options) => iconv.encode(text, charset, options).toString('hex');
  const stream = iconv.decodeStream('gbk');
  const text = new Promise((resolve, reject) => stream.collect((error, all) => (error ? reject(error) : resolve(all))));
  for (const byte of Buffer.from('d6d0cec4', 'hex')) stream.write(Buffer.from([byte]));
  stream.end();
  return {
    gbk: hex('中文€', 'gbk'), gb18030: hex('𠀀㐀', 'gb18030'), big5: hex('繁體', 'big5'), sjis: hex('日本語', 'shift_jis'),
    euckr: hex('한국', 'euc-kr'), utf16: hex('a中', 'utf16', { addBOM: true }), utf32: hex('𠀀', 'utf-32be'),
    win1251: hex('Привет', 'win1251'), utf7: hex('中', 'utf7'),
    decoded: [
      iconv.decode(Buffer.from('b9a4c9cc', 'hex'), 'gb2312'), iconv.decode(Buffer.from('efbbbf61', 'hex'), 'utf8'),
      iconv.decode(Buffer.from('8130813081308130', 'hex'), 'gb18030').length,
    ],
    streamed: await text, exists: [iconv.encodingExists('cp936'), iconv.encodingExists('nope')], unmappable: hex('€中', 'latin1'),
    base64: iconv.encode('aGk=', 'base64').toString(),
  };
};
