// Signed calls to a gateway that checks RSA2, checked answers, encrypted content, notifications, certificates, an upload.
const AlipaySdk = require('alipay-sdk');
const AlipayFormData = require('alipay-sdk/lib/form').default;

module.exports = async (ctx) => {
  const { url, rsaPrivateKey, rsaPublicKey, certificate } = ctx.args;
  const options = { appId: '2021000000000001', keyType: 'PKCS8', gateway: `${url}/gateway.do` };
  const sdk = new AlipaySdk({ ...options, privateKey: rsaPrivateKey, alipayPublicKey: rsaPublicKey, encryptKey: 'YWJjZGVmMDEyMzQ1Njc4OQ==' });
  const paid = await sdk.exec('alipay.trade.create', { notifyUrl: 'https://a.cn/n', bizContent: {
    outTradeNo: 'T1', totalAmount: '0.01', subject: '测试 & 订单',
  } }, { validateSign: true });
  const order = sdk.sdkExec('alipay.trade.app.pay', { timestamp: '2024-01-01 00:00:00', bizContent: { outTradeNo: 'T2', subject: '商品' } });
  const page = sdk.pageExec('alipay.trade.page.pay', { method: 'GET', timestamp: '2024-01-01 00:00:00', bizContent: { outTradeNo: 'T3' } });
  const encrypted = new URLSearchParams(sdk.sdkExec('alipay.user.info', {
    timestamp: '2024-01-01 00:00:00', needEncrypt: true, bizContent: { code: 'x' },
  }));
  const fields = Object.fromEntries(new URLSearchParams(order));
  const byCert = new AlipaySdk({
    ...options, privateKey: rsaPrivateKey, appCertContent: certificate, alipayPublicCertContent: certificate,
    alipayRootCertContent: certificate,
  });
  const form = new AlipayFormData();
  form.addField('biz_content', { a: 1 });
  return {
    paid, order, page: page.replace(url, ''), encrypted: [encrypted.get('encrypt_type'), encrypted.get('biz_content')],
    notified: [sdk.checkNotifySign(fields, true), sdk.checkNotifySign({ ...fields, app_id: '1' }, true)],
    certificates: [byCert.config.appCertSn, byCert.config.alipayRootCertSn, byCert.checkNotifySign(fields, true)], fields: form.getFields(),
    refused: await new AlipaySdk({
      ...options, gateway: `${url}/status/500`, privateKey: rsaPrivateKey,
    }).exec('alipay.x', {}).catch((error) => [error.errorMessage, error.serverResult.status]),
  };
};
