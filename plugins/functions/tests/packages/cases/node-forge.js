// Hashes, AES, RSA signatures, OAEP, an X.509 certificate, PEM and ASN.1 in pure JavaScript.
const forge = require('node-forge');

module.exports = async (ctx) => {
  const { rsaPrivateKey, rsaPublicKey, certificate } = ctx.args;
  const md = forge.md.sha256.create();
  md.update('abc');
  const key = forge.pki.privateKeyFromPem(rsaPrivateKey);
  const open = forge.pki.publicKeyFromPem(rsaPublicKey);
  const cipher = forge.cipher.createCipher('AES-GCM', '0123456789abcdef');
  cipher.start({ iv: '0123456789ab', additionalData: 'aad' });
  cipher.update(forge.util.createBuffer('小程序', 'utf8'));
  cipher.finish();
  const cbc = forge.cipher.createCipher('AES-CBC', forge.util.hexToBytes('2b7e151628aed2a6abf7158809cf4f3c'));
  cbc.start({ iv: forge.util.hexToBytes('000102030405060708090a0b0c0d0e0f') });
  cbc.update(forge.util.createBuffer(forge.util.hexToBytes('6bc1bee22e409f96e93d7e117393172a')));
  cbc.finish();
  const hmac = forge.hmac.create();
  hmac.start('sha256', 'Jefe');
  hmac.update('what do ya want for nothing?');
  const sealed = open.encrypt('secret', 'RSA-OAEP', { md: forge.md.sha256.create() });
  const cert = forge.pki.certificateFromPem(certificate);
  const signature = key.sign(md);
  return {
    digest: md.digest().toHex(), hmac: hmac.digest().toHex(), gcm: [cipher.output.toHex(), cipher.mode.tag.toHex()],
    cbc: cbc.output.toHex().slice(0, 32), signature: forge.util.encode64(signature).slice(0, 40),
    verified: open.verify(md.digest().bytes(), signature), opened: key.decrypt(sealed, 'RSA-OAEP', { md: forge.md.sha256.create() }),
    subject: cert.subject.attributes.map(({ shortName, value }) => [shortName, value]), serial: cert.serialNumber,
    selfSigned: cert.verify(cert), pbkdf2: forge.util.bytesToHex(forge.pkcs5.pbkdf2('password', 'salt', 2, 20)),
    random: forge.random.getBytesSync(16).length, fingerprint: forge.pki.getPublicKeyFingerprint(open, { encoding: 'hex' }).length,
    p7: (() => {
      const p7 = forge.pkcs7.createSignedData();
      p7.content = forge.util.createBuffer('x');
      p7.addCertificate(cert);
      p7.addSigner({ key, certificate: cert, digestAlgorithm: forge.pki.oids.sha256 });
      p7.sign();
      return forge.pkcs7.messageToPem(p7).split('\r\n')[0];
    })(),
    md5: forge.md.md5.create().update('abc').digest().toHex(),
  };
};
