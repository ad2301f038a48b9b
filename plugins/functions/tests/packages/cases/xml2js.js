// WeChat's messages both ways: CDATA, attributes, namespaces, arrays, errors, the builder.
const xml2js = require('xml2js');

module.exports = async (ctx) => {
  const message = '<xml><ToUserName><![CDATA[gh_1]]></ToUserName><CreateTime>1348831860</CreateTime><Item id="1">a</Item><Item id="2">b &amp; c</Item></xml>';
  const flat = { explicitArray: false, explicitRoot: false, trim: true };
  const parser = new xml2js.Parser({
    attrkey: '@', charkey: '#', xmlns: false, valueProcessors: [xml2js.processors.parseNumbers],
    tagNameProcessors: [xml2js.processors.firstCharLowerCase],
  });
  return {
    message: await xml2js.parseStringPromise(message), flat: await xml2js.parseStringPromise(message, flat),
    typed: await parser.parseStringPromise(message),
    callback: await new Promise((resolve) => xml2js.parseString('<a><b/>text</a>', flat, (error, value) => resolve(value))),
    bad: await xml2js.parseStringPromise('<a><b></a>').catch((error) => error.message.split('\n')[0]),
    built: new xml2js.Builder({ rootName: 'xml', cdata: true, headless: true }).buildObject({
      return_code: 'SUCCESS', note: '<b>&', list: [1, 2], item: { $: { id: 'x' }, _: 'text' },
    }),
    pretty: new xml2js.Builder().buildObject({ root: { a: { b: '中' } } }), entities: await xml2js.parseStringPromise('<a>&#20013;&lt;</a>'),
  };
};
