// PKCS #12 (`pfx`), which payment gateways give out, by npm `node-forge`. It is only loaded for such an option.
require('node-forge/lib/pkcs12');
require('node-forge/lib/pki');
const forge = require('node-forge/lib/forge');

module.exports = (pfx, passphrase = '') => {
  const der = typeof pfx === 'string' ? pfx : Buffer.from(pfx).toString('latin1');
  let p12;
  try {
    p12 = forge.pkcs12.pkcs12FromAsn1(forge.asn1.fromDer(der), false, `${passphrase}`);
  } catch (error) {
    throw /password|MAC/i.test(error.message) ? new Error('mac verify failure') : new Error(`not enough data: ${error.message}`);
  }
  const { certBag, pkcs8ShroudedKeyBag, keyBag } = forge.pki.oids;
  const bags = (type) => p12.getBags({ bagType: type })[type] ?? [];
  const key = [...bags(pkcs8ShroudedKeyBag), ...bags(keyBag)][0];
  const der64 = (asn1) => Buffer.from(forge.asn1.toDer(asn1).getBytes(), 'latin1');
  const certificates = bags(certBag).map((bag) => der64(bag.cert ? forge.pki.certificateToAsn1(bag.cert) : bag.asn1));
  const privateKey = key && der64(key.key ? forge.pki.wrapRsaPrivateKey(forge.pki.privateKeyToAsn1(key.key)) : key.asn1);
  return privateKey && certificates.length > 0 ? { cert: certificates, key: privateKey } : {};
};
