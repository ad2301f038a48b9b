// E-mail, mobile numbers, identity cards, URLs, IPs, cards, dates; escaping and normalising.
const validator = require('validator');

module.exports = async (ctx) => {
  const check = (name, ...values) => values.map((value) => validator[name](...[].concat(value)));
  return {
    email: check('isEmail', 'a@b.cn', '小明@例子.中国', 'a@b', ['"x y"@b.com', { allow_utf8_local_part: false }]),
    phone: check('isMobilePhone', ['13800138000', 'zh-CN'], ['12345', 'zh-CN'], ['+14155552671', 'any', { strictMode: true }]),
    card: check('isIdentityCard', ['11010519491231002X', 'zh-CN'], ['110105194912310021', 'zh-CN']),
    url: check('isURL', 'https://a.cn/x?y=1', 'javascript:alert(1)', ['http://localhost:3000', { require_tld: false }]),
    ip: check('isIP', '127.0.0.1', '::1', ['256.1.1.1', 4]), credit: check('isCreditCard', '4111111111111111', '4111111111111112'),
    uuid: check('isUUID', 'a987fbc9-4bed-4078-8f07-9141ba07c9f3', 'x'),
    date: check('isISO8601', ['2024-02-29', { strict: true }], ['2023-02-29', { strict: true }]), json: check('isJSON', '{"a":1}', '{a:1}'),
    money: check('isDecimal', '1.50', '1.'), strong: check('isStrongPassword', 'Abcdef1!', 'abc'),
    iban: validator.isIBAN('GB82WEST12345698765432'), base64: validator.isBase64('Zm9vYg=='),
    postal: validator.isPostalCode('100000', 'CN'), jwt: validator.isJWT('a.b.c'),
    hash: validator.isHash('900150983cd24fb0d6963f7d28e17f72', 'md5'), escape: validator.escape('<a href="x">&\'/'),
    back: validator.unescape('&lt;&#x27;'), trim: validator.trim('  x '), mail: validator.normalizeEmail('Some.Name+tag@GMAIL.com'),
    bool: validator.toBoolean('false'), int: validator.toInt('42', 10), list: validator.whitelist('abc123', 'a-c'),
  };
};
