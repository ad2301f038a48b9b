// JWT, JWS, JWE and JWK over key objects, with fixed keys.
const jose = require('jose');

module.exports = async (ctx) => {
  const secret = new TextEncoder().encode('0123456789abcdef0123456789abcdef');
  const priv = await jose.importPKCS8(ctx.args.rsaPrivateKey, 'RS256');
  const pub = await jose.importSPKI(ctx.args.rsaPublicKey, 'RS256');
  const ec = await jose.importPKCS8(ctx.args.ecPrivateKey, 'ES256');
  const at = new Date(1700000000000);
  const rs = await new jose.SignJWT({ uid: 7 }).setProtectedHeader({ alg: 'RS256' }).setIssuedAt(1700000000).setExpirationTime(1700003600).setAudience('mp').sign(priv);
  const es = await new jose.CompactSign(Buffer.from('payload')).setProtectedHeader({ alg: 'ES256' }).sign(ec);
  const jwe = await new jose.EncryptJWT({ secret: '数据' }).setProtectedHeader({ alg: 'dir', enc: 'A256GCM' }).encrypt(secret);
  const wrapped = await new jose.CompactEncrypt(Buffer.from('hello')).setProtectedHeader({ alg: 'RSA-OAEP-256', enc: 'A128CBC-HS256' }).encrypt(pub);
  const jwk = await jose.exportJWK(await jose.importSPKI(ctx.args.ecPublicKey, 'ES256'));
  const set = jose.createLocalJWKSet({ keys: [{ ...jwk, kid: 'e', alg: 'ES256' }] });
  const verified = await jose.compactVerify(es, await jose.importJWK(jwk, 'ES256'));
  return {
    rs, claims: (await jose.jwtVerify(rs, pub, { audience: 'mp', currentDate: at })).payload, es: Buffer.from(verified.payload).toString(),
    expired: await jose.jwtVerify(rs, pub, { currentDate: new Date(1800000000000) }).catch((error) => error.code),
    jwe: (await jose.jwtDecrypt(jwe, secret, { currentDate: at })).payload,
    wrapped: Buffer.from((await jose.compactDecrypt(wrapped, priv)).plaintext).toString(),
    thumbprint: (await jose.calculateJwkThumbprint(jwk)).length, kty: jwk.kty, set: (await set({ alg: 'ES256', kid: 'e' })).type,
    pem: (await jose.exportSPKI(pub)).split('\n')[0], header: jose.decodeProtectedHeader(wrapped),
    generated: (await jose.generateKeyPair('EdDSA')).privateKey.asymmetricKeyType,
  };
};
