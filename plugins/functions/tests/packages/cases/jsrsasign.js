// RSA and ECDSA signatures, JWS, X.509, ASN.1, key formats in pure JavaScript.
const { KJUR, KEYUTIL, X509, ASN1HEX, hextob64, utf8tohex, b64utoutf8 } = require('jsrsasign');

module.exports = async (ctx) => {
  const { rsaPrivateKey, rsaPublicKey, certificate, ecPrivateKey, ecPublicKey } = ctx.args;
  const sign = (algorithm, key, text) => {
    const signer = new KJUR.crypto.Signature({ alg: algorithm });
    signer.init(key);
    signer.updateString(text);
    return signer.sign();
  };
  const verify = (algorithm, key, text, hex) => {
    const signer = new KJUR.crypto.Signature({ alg: algorithm });
    signer.init(key);
    signer.updateString(text);
    return signer.verify(hex);
  };
  const signature = sign('SHA256withRSA', rsaPrivateKey, '小程序');
  const cert = new X509();
  cert.readCertPEM(certificate);
  const token = KJUR.jws.JWS.sign('HS256', { alg: 'HS256' }, { sub: 'x', iat: 1 }, { utf8: 'secret' });
  const curve = sign('SHA256withECDSA', ecPrivateKey, 'text');
  return {
    hash: [KJUR.crypto.Util.sha256('abc'), KJUR.crypto.Util.md5('abc'), KJUR.crypto.Util.sha1('abc')], signature: hextob64(signature),
    verified: [
      verify('SHA256withRSA', rsaPublicKey, '小程序', signature), verify('SHA256withRSA', rsaPublicKey, 'x', signature),
      verify('SHA256withECDSA', ecPublicKey, 'text', curve),
    ],
    token, jws: KJUR.jws.JWS.verify(token, { utf8: 'secret' }, ['HS256']), claims: JSON.parse(b64utoutf8(token.split('.')[1])),
    rs: KJUR.jws.JWS.verifyJWT(KJUR.jws.JWS.sign('RS256', { alg: 'RS256' }, { iss: 'mp', iat: 1 }, rsaPrivateKey), KEYUTIL.getKey(rsaPublicKey), { alg: ['RS256'], iss: ['mp'], verifyAt: 2 }),
    subject: cert.getSubjectString(), serial: cert.getSerialNumberHex(), algorithm: cert.getSignatureAlgorithmField(),
    self: cert.verifySignature(KEYUTIL.getKey(rsaPublicKey)), jwk: KEYUTIL.getJWK(KEYUTIL.getKey(ecPublicKey)).crv,
    asn1: ASN1HEX.dump(new KJUR.asn1.DERSequence({ array: [new KJUR.asn1.DERInteger({ int: 5 }), new KJUR.asn1.DERUTF8String({ str: 'x' })] }).tohex()),
    hmac: (() => {
      const mac = new KJUR.crypto.Mac({ alg: 'HmacSHA256', pass: { utf8: 'Jefe' } });
      mac.updateString('what do ya want for nothing?');
      return mac.doFinal();
    })(),
    hex: utf8tohex('中'), pem: KEYUTIL.getPEM(KEYUTIL.getKey(rsaPrivateKey), 'PKCS8PRV').split(/\r?\n/)[0],
  };
};
