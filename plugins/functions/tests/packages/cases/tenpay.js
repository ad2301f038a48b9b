// WeChat Pay v2: XML orders signed by MD5 and HMAC-SHA256, a checked answer, a decrypted refund notice, bills.
const tenpay = require('tenpay');
const crypto = require('crypto');

module.exports = async (ctx) => {
  const config = { appid: 'wx1', mchid: '1900000001', partnerKey: 'partner-key-0123456789abcdef', notify_url: 'https://a.cn/n' };
  const pay = new tenpay(config);
  for (const name of ['unifiedorder', 'orderquery']) pay.urls[name] = `${ctx.args.url}/wechat/pay/${name}`;
  const order = await pay.unifiedOrder({ out_trade_no: 'T1', body: '商品 & 服务', total_fee: 1, openid: 'o1' });
  const wrong = tenpay.init({ ...config, partnerKey: 'other' });
  wrong.urls = pay.urls;
  const cipher = crypto.createCipheriv('aes-256-ecb', crypto.createHash('md5').update(config.partnerKey).digest('hex'), '');
  const info = cipher.update('<root><refund_id>R1</refund_id></root>', 'utf8', 'base64') + cipher.final('base64');
  const notice = `<xml><return_code>SUCCESS</return_code><appid>wx1</appid><mch_id>1900000001</mch_id><req_info>${info}</req_info></xml>`;
  const params = await pay.getPayParams({ out_trade_no: 'T2', body: 'x', total_fee: 2, openid: 'o', sign_type: 'HMAC-SHA256' });
  return {
    order: [order.prepay_id, order.result_code], refused: await wrong.unifiedOrder({ out_trade_no: 'T1' }).catch((error) => error.message),
    refund: (await pay._parse(notice, 'middleware_refund')).req_info, md5: pay._getSign({ b: '2', a: '1', empty: '', sign: 'x' }),
    hmac: pay._getSign({ b: '2', a: '1' }, 'HMAC-SHA256'), params: [Object.keys(params).sort(), params.package, params.paySign.length],
    bill: await pay._parseBill('时间,金额\r\n`2024,`1.00\r\n总数,总额\r\n`1,`1.00\r\n', true),
    native: /^weixin:\/\/wxpay\/bizpayurl\?sign=[0-9A-F]{32}&appid=wx1/.test(pay.getNativeUrl({ product_id: 'p' })),
  };
};
