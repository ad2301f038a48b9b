// A compiled JSON schema (generated code): defaults, coercion, references, formats, errors, own keywords.
const Ajv = require('ajv');
const addFormats = require('ajv-formats');

module.exports = async (ctx) => {
  const ajv = addFormats(new Ajv({ allErrors: true, useDefaults: true, coerceTypes: true, removeAdditional: true }));
  ajv.addKeyword({ keyword: 'even', type: 'number', validate: (on, value) => !on || value % 2 === 0, errors: false });
  const validate = ajv.compile({
    type: 'object', required: ['email', 'items'], additionalProperties: false,
    properties: {
      email: { type: 'string', format: 'email' }, at: { type: 'string', format: 'date-time' }, page: { type: 'integer', default: 1 },
      items: { type: 'array', minItems: 1, uniqueItems: true, items: { $ref: '#/$defs/item' } },
    },
    $defs: { item: { type: 'object', required: ['n'], properties: { n: { type: 'integer', even: true, maximum: 10 }, kind: { enum: ['a', 'b'] } } } },
  });
  const good = { email: 'a@b.cn', at: '2024-02-29T00:00:00Z', items: [{ n: '4', kind: 'a' }], extra: 1 };
  const bad = { email: 'nope', at: '2023-02-29T00:00:00Z', items: [{ n: 11, kind: 'c' }, {}] };
  return {
    good: [validate(good), good],
    bad: [validate(bad), validate.errors.map(({ instancePath, keyword, message }) => [instancePath, keyword, message])],
    text: ajv.errorsText(validate.errors), oneOf: new Ajv().validate({ oneOf: [{ type: 'string' }, { type: 'number', minimum: 5 }] }, 7),
    pattern: ajv.validate({ type: 'string', pattern: '^\\p{Script=Han}+$' }, '中文'),
  };
};
