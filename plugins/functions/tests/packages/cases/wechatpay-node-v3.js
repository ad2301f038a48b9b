// WeChat Pay v3: signed requests that the server checks, the platform certificate by AES-GCM, callbacks, RSA-OAEP.
const WxPay = require('wechatpay-node-v3');

module.exports = async (ctx) => {
  const { url, rsaPrivateKey, rsaPublicKey, certificate } = ctx.args;
  const pay = new WxPay({
    appid: 'wx1', mchid: '1900000001', publicKey: Buffer.from(certificate), privateKey: Buffer.from(rsaPrivateKey),
    key: '0123456789abcdef0123456789abcdef',
  });
  const http = pay.httpService;
  const local = (target) => target.replace('https://api.mch.weixin.qq.com', `${url}/wechat`);
  pay.createHttp({ get: (target, headers) => http.get(local(target), headers), post: (target, body, headers) => http.post(local(target), body, headers) });
  const order = await pay.transactions_jsapi({
    description: '商品', out_trade_no: 'T1', notify_url: 'https://a.cn', amount: { total: 1 }, payer: { openid: 'o1' },
  });
  const [platform] = await pay.get_certificates(pay.key);
  const signature = pay.sha256WithRsa('1700000000\nnonce\n{"id":"1"}\n');
  const secret = pay.publicEncrypt('13800138000', rsaPublicKey);
  const other = new WxPay({ appid: 'wx1', mchid: '1', publicKey: Buffer.from(certificate), privateKey: Buffer.from(rsaPrivateKey), serial_no: 'X' });
  other.buildAuthorization = () => 'WECHATPAY2-SHA256-RSA2048 mchid="1",nonce_str="n",timestamp="1",serial_no="X",signature="AAAA"';
  other.createHttp({ get: (target, headers) => http.get(local(target), headers) });
  return {
    order: [order.status, order.data.package, order.data.signType, order.data.paySign.length], serial: pay.serial_no,
    signature: pay.getSignature('POST', 'n1', '1700000000', '/v3/pay', { a: 1 }),
    platform: [platform.serial_no, platform.publicKey.split('\n')[0]],
    verified: await pay.verifySign({ timestamp: '1700000000', nonce: 'nonce', body: '{"id":"1"}', serial: 'PLATFORM1', signature }),
    forged: await pay.verifySign({ timestamp: '1700000001', nonce: 'nonce', body: '{"id":"1"}', serial: 'PLATFORM1', signature }),
    secret: [secret.length, pay.privateDecrypt(secret)], refused: (await other.query({ out_trade_no: 'T1' })).status,
  };
};
