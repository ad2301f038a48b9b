// Parsing with attributes, CDATA and numbers; building; validation.
const { XMLParser, XMLBuilder, XMLValidator } = require('fast-xml-parser');

module.exports = async (ctx) => {
  const text = '<?xml version="1.0"?><feed v="1.5"><item id="7"><name>A &amp; B</name><n>007</n><p>1.50</p></item><item><raw><![CDATA[<b>]]></raw></item><!-- c --></feed>';
  const full = new XMLParser({
    ignoreAttributes: false, attributeNamePrefix: '@', cdataPropName: '#cdata', parseAttributeValue: true,
    isArray: (name) => name === 'item',
  });
  const ordered = new XMLParser({ preserveOrder: true, ignoreDeclaration: true });
  const builder = new XMLBuilder({ ignoreAttributes: false, format: true, suppressEmptyNode: true, cdataPropName: '__cdata' });
  return {
    plain: new XMLParser().parse(text), full: full.parse(text), ordered: ordered.parse('<a>x<b/>y</a>'),
    built: builder.build({ xml: { '@_id': 1, code: 'SUCCESS', empty: '', list: [1, 2], raw: { __cdata: '<x>' }, text: 'a<b' } }),
    valid: XMLValidator.validate(text), invalid: XMLValidator.validate('<a><b></a>').err,
    buffer: new XMLParser().parse(Buffer.from('<a>中</a>')),
    entities: new XMLParser({ processEntities: true, htmlEntities: true }).parse('<a>&copy;&#x4e2d;</a>'),
  };
};
