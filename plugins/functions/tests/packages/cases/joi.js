// Object schemas with conversions, references, alternatives, custom messages and asynchronous rules.
const Joi = require('joi');

module.exports = async (ctx) => {
  const schema = Joi.object({
    name: Joi.string().trim().min(2).max(10).required(), email: Joi.string().email({ tlds: { allow: ['com', 'cn'] } }),
    age: Joi.number().integer().min(18), born: Joi.date().iso().less('2024-01-01'), password: Joi.string().pattern(/^[a-z0-9]{6,}$/),
    repeat: Joi.ref('password'), role: Joi.valid('user', 'admin').default('user'), code: Joi.when('role', { is: 'admin', then: Joi.required() }),
    tags: Joi.array().items(Joi.string()).unique().single(), link: Joi.string().uri(), id: Joi.string().guid(),
  }).with('password', 'repeat').rename('mail', 'email');
  const good = schema.validate({
    name: ' 小明 ', mail: 'a@b.cn', age: '20', born: '2000-01-01', tags: 'x', password: 'abc123', repeat: 'abc123', link: 'https://a.cn/x',
  });
  const bad = schema.validate({
    name: 'x', mail: 'a@b.xyz', age: 1.5, role: 'admin', password: 'A', tags: ['a', 'a'], id: 'z', other: 1,
  }, { abortEarly: false });
  const custom = Joi.number().custom((value, helpers) => (value % 2 ? helpers.message('{{#label}} 必须是偶数') : value)).label('数量');
  const late = Joi.string().external(async (value) => (value === 'taken' ? Promise.reject(new Error('already taken')) : value.toUpperCase()));
  return {
    good: [good.error, good.value], bad: bad.error.details.map(({ message, type }) => [type, message]),
    custom: custom.validate(3).error.message,
    late: [await late.validateAsync('free'), await late.validateAsync('taken').catch((error) => error.message)],
    attempt: Joi.attempt('5', Joi.number()), described: Object.keys(schema.describe().keys).length,
    prefs: Joi.string().valid('a').messages({ 'any.only': 'only a' }).validate('b').error.message,
  };
};
