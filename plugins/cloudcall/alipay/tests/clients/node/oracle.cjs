// What npm's alipay-sdk makes of the same inputs. Reads JSON, writes JSON.
const fs = require('fs');
const { AlipaySdk } = require('alipay-sdk');

async function main() {
  const input = JSON.parse(fs.readFileSync(0, 'utf8'));
  const keys = { appId: input.appId, privateKey: input.privateKey, keyType: 'PKCS8', alipayPublicKey: input.alipayPublicKey };
  const sdk = new AlipaySdk({ ...keys, encryptKey: input.aesKey, gateway: input.gateway });
  const certified = new AlipaySdk({
    appId: input.appId,
    privateKey: input.privateKey,
    keyType: 'PKCS8',
    gateway: input.gateway,
    appCertContent: input.appCert,
    alipayPublicCertContent: input.alipayCert,
    alipayRootCertContent: input.rootCert,
  });
  const orders = input.cases.map(({ method, content, encrypt, withCertificate, options }) => {
    const params = { bizContent: content, needEncrypt: encrypt, ...options };
    return (withCertificate ? certified : sdk).sdkExecute(method, params, { bizContentAutoSnakeCase: false });
  });
  const verified = input.notifications.map((form) => sdk.checkNotifySignV2(form));
  const decrypted = input.encrypted.map((text) => JSON.parse(sdk.aesDecrypt(text)));
  const asked = [];
  for (const client of [sdk, certified]) {
    asked.push(await client.exec('alipay.trade.query', { bizContent: { out_trade_no: 'T1' } }, { validateSign: true }));
  }
  console.log(JSON.stringify({ orders, verified, decrypted, asked, serials: [certified.config.appCertSn, certified.config.alipayRootCertSn] }));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
