// Signs and encrypts with wechatpay-axios-plugin what the test has made up. Its input is on standard input.
const { Aes, Formatter, Rsa } = require('wechatpay-axios-plugin');

const input = JSON.parse(require('fs').readFileSync(0, 'utf8'));
const key = Rsa.from(input.key, Rsa.KEY_TYPE_PRIVATE);

console.log(JSON.stringify(input.cases.map((one) => ({
  request: Rsa.sign(Formatter.request(one.method, one.target, one.timestamp, one.nonce, one.body), key),
  answer: Rsa.sign(Formatter.response(one.timestamp, one.nonce, one.body), key),
  client: Rsa.sign(Formatter.joinedByLineFeed(one.app, one.timestamp, one.nonce, one.package), key),
  opened: Aes.AesGcm.decrypt(one.sealed, one.secret, one.iv, one.aad),
  sealed: Aes.AesGcm.encrypt(one.body, one.secret, one.iv, one.aad),
}))));
