// With `make`: new keys in all forms, and what is signed and encrypted with them. Without: what becomes of those.
const crypto = require('crypto');

const PASS = 'pässphrase';
const DATA = Buffer.from('the data');
const pairs = {
  rsa: ['rsa', { modulusLength: 1024 }],
  rsa2: ['rsa', { modulusLength: 1500, publicExponent: 3 }],
  pss: ['rsa-pss', { modulusLength: 1024 }],
  p256: ['ec', { namedCurve: 'P-256' }],
  p384: ['ec', { namedCurve: 'secp384r1' }],
  p521: ['ec', { namedCurve: 'P-521' }],
  k256: ['ec', { namedCurve: 'secp256k1' }],
  ed25519: ['ed25519'],
  ed448: ['ed448'],
  x25519: ['x25519'],
  x448: ['x448'],
  dsa: ['dsa', { modulusLength: 1024, divisorLength: 160 }],
};
const HASHES = ['RSA-MD5', 'sha1', 'RSA-SHA256', 'sha512'];

function signings(type) {
  if (type.startsWith('ed')) return [[null, {}]];
  if (type === 'ec' || type === 'dsa') return ['sha1', 'sha256'].flatMap((hash) => [[hash, {}], [hash, { dsaEncoding: 'ieee-p1363' }]]);
  const pss = [[ 'sha256', { padding: 6, saltLength: 20 }], ['sha1', { padding: 6, saltLength: -1 }], ['sha1', { padding: 6 }]];
  if (type === 'rsa-pss') return pss;
  return [...HASHES.map((hash) => [hash, {}]), ...pss];
}

const ENCRYPTIONS = [{}, { padding: 1 }, { oaepHash: 'sha256' }, { oaepHash: 'sha1', oaepLabel: Buffer.from('label') }];

function make() {
  const made = {};
  for (const [name, [type, options]] of Object.entries(pairs)) {
    const { privateKey, publicKey } = crypto.generateKeyPairSync(type, options);
    const forms = { private: {}, public: {} };
    const attempt = (kind, form, run) => {
      try {
        const value = run();
        forms[kind][form] = Buffer.isBuffer(value) ? { der: value.toString('base64') } : value;
      } catch (error) {
        forms[kind][form] = { error: error.code };
      }
    };
    for (const encoding of ['pkcs1', 'pkcs8', 'sec1']) {
      attempt('private', `${encoding} pem`, () => privateKey.export({ type: encoding, format: 'pem' }));
      attempt('private', `${encoding} der`, () => privateKey.export({ type: encoding, format: 'der' }));
      attempt('private', `${encoding} pem secret`, () => privateKey.export({ type: encoding, format: 'pem', cipher: 'aes-256-cbc', passphrase: PASS }));
      attempt('private', `${encoding} der secret`, () => privateKey.export({ type: encoding, format: 'der', cipher: 'aes-128-cbc', passphrase: PASS }));
    }
    for (const encoding of ['pkcs1', 'spki']) {
      attempt('public', `${encoding} pem`, () => publicKey.export({ type: encoding, format: 'pem' }));
      attempt('public', `${encoding} der`, () => publicKey.export({ type: encoding, format: 'der' }));
    }
    attempt('private', 'jwk', () => privateKey.export({ format: 'jwk' }));
    attempt('public', 'jwk', () => publicKey.export({ format: 'jwk' }));
    const entry = { type, forms };
    if (!type.startsWith('x')) {
      entry.signatures = signings(type).map(([hash, how]) => crypto.sign(hash, DATA, { key: privateKey, ...how }).toString('base64'));
      if (!type.startsWith('ed')) {
        entry.streamed = signings(type).map(([hash, how]) => crypto.createSign(hash).update('the ').update('data').sign({ key: privateKey, ...how }, 'base64'));
      }
    }
    if (type === 'rsa') {
      entry.encrypted = ENCRYPTIONS.map((how) => crypto.publicEncrypt({ key: publicKey, ...how }, DATA).toString('base64'));
      entry.signedRaw = crypto.privateEncrypt(privateKey, DATA).toString('base64');
      const block = Buffer.alloc(privateKey.asymmetricKeyDetails.modulusLength / 8 | 0, 1);
      entry.unpadded = name === 'rsa' ? crypto.privateEncrypt({ key: privateKey, padding: 3 }, block).toString('base64') : undefined;
    }
    made[name] = entry;
  }
  return made;
}

module.exports = async ({ args }) => {
  if (args.make) return make();
  const out = {};
  const put = (name, run) => {
    let value;
    try {
      value = run();
      if (ArrayBuffer.isView(value)) value = Buffer.from(value).toString('hex');
    } catch (error) {
      value = `${error.name} ${error.code} ${error.message}`;
    }
    out[name] = value;
  };
  const details = (key) => JSON.parse(JSON.stringify(key.asymmetricKeyDetails, (_, value) => (typeof value === 'bigint' ? `${value}n` : value)));
  const keys = {};
  for (const [name, { type, forms, signatures, streamed, encrypted, signedRaw, unpadded }] of Object.entries(args.made)) {
    const load = (kind, form) => {
      const data = forms[kind][form];
      const [encoding, format, secret] = form.split(' ');
      if (form === 'jwk') return { key: data, format: 'jwk' };
      return { key: data.der ? Buffer.from(data.der, 'base64') : data, format, type: encoding, ...(secret ? { passphrase: PASS } : {}) };
    };
    for (const kind of ['private', 'public']) {
      for (const form of Object.keys(forms[kind])) {
        if (forms[kind][form].error) {
          out[`${name} ${kind} ${form} error`] = forms[kind][form].error;
          continue;
        }
        put(`${name} ${kind} ${form}`, () => {
          const key = kind === 'private' ? crypto.createPrivateKey(load(kind, form)) : crypto.createPublicKey(load(kind, form));
          const spki = (kind === 'private' ? crypto.createPublicKey(key) : key).export({ type: 'spki', format: 'der' }).toString('base64');
          const own = kind === 'private' ? key.export({ type: 'pkcs8', format: 'pem' }) : key.export({ type: 'spki', format: 'pem' });
          keys[`${name} ${kind}`] ??= key;
          return [key.type, key.asymmetricKeyType, details(key), spki, own, key.equals(keys[`${name} ${kind}`])];
        });
        if (form === 'pkcs8 pem' || form === 'spki pem') {
          put(`${name} ${kind} again ${form}`, () => {
            const key = kind === 'private' ? crypto.createPrivateKey(load(kind, form)) : crypto.createPublicKey(load(kind, form));
            return ['pkcs1', 'sec1', 'spki'].flatMap((encoding) => ['pem', 'der'].map((format) => {
              try {
                return key.export({ type: encoding, format }).toString('base64');
              } catch (error) {
                return `${error.code} ${error.message}`;
              }
            }));
          });
        }
        if (/ secret/.test(form)) {
          put(`${name} ${form} without`, () => {
            try {
              crypto.createPrivateKey({ ...load(kind, form), passphrase: undefined });
            } catch (error) {
              return error.code;
            }
          });
          put(`${name} ${form} wrong`, () => {
            try {
              crypto.createPrivateKey({ ...load(kind, form), passphrase: 'x' });
            } catch (error) {
              return typeof error.code;
            }
          });
        }
      }
    }
    const [own, open] = [keys[`${name} private`], keys[`${name} public`]];
    for (const [index, [hash, how]] of (signatures ? signings(type) : []).entries()) {
      const label = `${name} signature ${hash} ${JSON.stringify(how)}`;
      for (const [kind, key] of [['public', open], ['private', own], ['text', open.export({ type: 'spki', format: 'pem' })]]) {
        put(`${label} by ${kind}`, () => crypto.verify(hash, DATA, { key, ...how }, Buffer.from(signatures[index], 'base64')));
      }
      put(`${label} forged`, () => crypto.verify(hash, Buffer.from('other'), { key: open, ...how }, Buffer.from(signatures[index], 'base64')));
      put(`${label} broken`, () => crypto.verify(hash, DATA, { key: open, ...how }, Buffer.from('broken')));
      if (streamed) {
        put(`${label} streamed`, () => crypto.createVerify(hash).update(DATA).verify({ key: open, ...how }, streamed[index], 'base64'));
      }
      if (type === 'rsa' && how.padding === undefined) put(`${label} same`, () => crypto.createSign(hash).update(DATA).sign(own.export({ type: 'pkcs1', format: 'pem' }), 'hex'));
      if (type.startsWith('ed')) put(`${label} same`, () => crypto.sign(null, DATA, own));
    }
    if (encrypted) {
      ENCRYPTIONS.forEach((how, index) => {
        // Node.js 20 refuses the old padding where its OpenSSL does not hide failures; OpenSSL 3.2 does.
        if (how.padding === 1) return;
        put(`${name} decrypted ${index}`, () => crypto.privateDecrypt({ key: own, ...how }, Buffer.from(encrypted[index], 'base64')));
      });
      put(`${name} public decrypt`, () => crypto.publicDecrypt(open, Buffer.from(signedRaw, 'base64')).toString());
      if (unpadded) put(`${name} unpadded`, () => crypto.publicDecrypt({ key: open, padding: 3 }, Buffer.from(unpadded, 'base64')));
      put(`${name} private encrypt`, () => crypto.privateEncrypt(own, DATA));
    }
  }
  for (const kind of ['p256', 'p521', 'x25519', 'x448', 'k256']) {
    put(`agree ${kind}`, () => crypto.diffieHellman({ privateKey: keys[`${kind} private`], publicKey: keys[`${kind} public`] }));
  }
  put('not equal', () => keys['rsa private'].equals(keys['rsa2 private']) || keys['rsa private'].equals(keys['rsa public']));
  return out;
};
