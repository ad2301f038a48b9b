// Tokens by HMAC, RSA, RSA-PSS and ECDSA: fixed tokens, claims, expiry, wrong keys, tampering.
const jwt = require('jsonwebtoken');

module.exports = async (ctx) => {
  const { rsaPrivateKey, rsaPublicKey, ecPrivateKey, ecPublicKey } = ctx.args;
  const claims = { sub: '1234567890', name: 'John Doe', iat: 1516239022 };
  const hs = jwt.sign(claims, 'your-256-bit-secret');
  const rs = jwt.sign({ uid: 7, iat: 1700000000 }, rsaPrivateKey, { algorithm: 'RS256', expiresIn: '2h', issuer: 'mp', keyid: 'k1' });
  const fails = (...args) => { try { return jwt.verify(...args); } catch (error) { return `${error.name}: ${error.message}`; } };
  const clock = { clockTimestamp: 1700000100 };
  const turn = (algorithm, priv, pub) => jwt.verify(jwt.sign({ a: 1, iat: 1 }, priv, { algorithm }), pub, { algorithms: [algorithm] });
  return {
    hs, decoded: jwt.decode(hs, { complete: true }).header, rs, verified: jwt.verify(rs, rsaPublicKey, { ...clock, issuer: 'mp' }),
    expired: fails(rs, rsaPublicKey, { clockTimestamp: 1700009999 }), wrong: fails(hs, 'other'),
    confusion: fails(hs, rsaPublicKey, { algorithms: ['RS256'] }), tampered: fails(`${rs.slice(0, -4)}AAAA`, rsaPublicKey, clock),
    audience: fails(rs, rsaPublicKey, { ...clock, audience: 'x' }), malformed: fails('a.b', 'k'),
    turns: [
      turn('PS256', rsaPrivateKey, rsaPublicKey), turn('ES256', ecPrivateKey, ecPublicKey), turn('HS512', 'k', 'k'),
      turn('RS512', rsaPrivateKey, rsaPublicKey),
    ],
    later: await new Promise((resolve) => jwt.verify(rs, (header, done) => done(null, header.kid === 'k1' && rsaPublicKey), clock, (error, value) => resolve(value.uid))),
    none: fails(jwt.sign({ iat: 1 }, '', { algorithm: 'none' }), 'k'),
    notYet: fails(jwt.sign({ iat: 1, nbf: 1800000000 }, 'k'), 'k', clock),
  };
};
