// China's SM2, SM3 and SM4: published vectors, a fixed key pair, both cipher modes.
const { sm2, sm3, sm4 } = require('sm-crypto');

module.exports = async (ctx) => {
  const secret = '3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8';
  const open = '0409f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13';
  const key = '0123456789abcdeffedcba9876543210';
  const sealed = sm2.doEncrypt('小程序', open, 1);
  const signature = sm2.doSignature('message', secret, { hash: true, publicKey: open, userId: '1234567812345678' });
  const pair = sm2.generateKeyPairHex();
  return {
    sm3: sm3('abc'), hmac: sm3('abc', { key: '4148' }),
    sm4: sm4.encrypt([0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0xfe, 0xdc, 0xba, 0x98, 0x76, 0x54, 0x32, 0x10], key, { padding: 'none' }),
    cbc: sm4.encrypt('小程序', key, { mode: 'cbc', iv: 'fedcba98765432100123456789abcdef' }), back: sm4.decrypt(sm4.encrypt('数据', key), key),
    derived: sm2.getPublicKeyFromPrivateKey(secret) === open, opened: sm2.doDecrypt(sealed, secret, 1),
    verified: [sm2.doVerifySignature('message', signature, open, { hash: true, publicKey: open, userId: '1234567812345678' }), sm2.doVerifySignature('other', signature, open, { hash: true })],
    lengths: [pair.privateKey.length, pair.publicKey.length, signature.length], compressed: sm2.compressPublicKeyHex(open),
    valid: sm2.verifyPublicKey(open),
  };
};
