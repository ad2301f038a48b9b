// Arguments that nobody should give. Each must give an error, or an answer, within two seconds.
const crypto = require('crypto');

module.exports = async () => {
  const wrong = [];
  const rsa = crypto.generateKeyPairSync('rsa', { modulusLength: 1024 });
  const within = (label, began) => {
    const took = Date.now() - began;
    if (took > 2000) wrong.push(`${label} took ${took} ms`);
  };
  const refused = (run) => {
    const began = Date.now();
    try {
      const result = run();
      wrong.push(`${run} gave ${typeof result}`);
    } catch (error) {
      if (!(error instanceof Error) || typeof error.message !== 'string') wrong.push(`${run} threw ${error}`);
    }
    within(run, began);
  };
  const harmless = (run) => {
    const began = Date.now();
    try {
      run();
    } catch (error) {
      if (!(error instanceof Error)) wrong.push(`${run} threw ${error}`);
    }
    within(run, began);
  };
  const refusedLater = async (run) => {
    const began = Date.now();
    try {
      await new Promise((resolve, reject) => run((error, value) => (error ? reject(error) : resolve(value))));
      wrong.push(`${run} succeeded`);
    } catch (error) {
      if (!(error instanceof Error)) wrong.push(`${run} threw ${error}`);
    }
    within(run, began);
  };

  refused(() => crypto.pbkdf2Sync('p', 's', 1e9, 64, 'sha512'));
  refused(() => crypto.pbkdf2Sync('p', 's', 1, 2 ** 31 - 1, 'md5'));
  refused(() => crypto.pbkdf2Sync('p', 's', 1e5, 1 << 24, 'md5'));
  refused(() => crypto.scryptSync('p', 's', 64, { N: 2 ** 30, r: 8, p: 1, maxmem: 2 ** 40 }));
  refused(() => crypto.scryptSync('p', 's', 64, { N: 2, r: 1, p: 2 ** 29, maxmem: 2 ** 52 }));
  refused(() => crypto.scryptSync('p', 's', 64, { N: 2, r: 2 ** 29, p: 1, maxmem: 2 ** 52 }));
  refused(() => crypto.scryptSync('p', 's', 2 ** 31 - 1));
  refused(() => crypto.scryptSync('p', 's', 64, { maxmem: NaN }));
  refused(() => crypto.createHash('shake256', { outputLength: 4294967295 }).digest());
  refused(() => crypto.randomBytes(2 ** 31));
  refused(() => crypto.generateKeyPairSync('rsa', { modulusLength: 16384 }));
  refused(() => crypto.generateKeyPairSync('rsa', { modulusLength: 4294967295 }));
  refused(() => crypto.generateKeyPairSync('rsa', { modulusLength: 0 }));
  refused(() => crypto.generateKeyPairSync('rsa', { modulusLength: 1024, publicExponent: 2 }));
  refused(() => crypto.generateKeyPairSync('rsa', { modulusLength: 1024, publicExponent: 0 }));
  refused(() => crypto.generateKeyPairSync('dsa', { modulusLength: 16384 }));
  refused(() => crypto.generateKeyPairSync('dh', { primeLength: 8192 }));
  refused(() => crypto.createDiffieHellman(8192));
  refused(() => crypto.createDiffieHellman(Buffer.alloc(1 << 20, 255)).generateKeys());
  refused(() => crypto.createDiffieHellman(Buffer.alloc(64)).generateKeys());
  refused(() => crypto.createDiffieHellman(Buffer.alloc(64, 2)).generateKeys());
  refused(() => crypto.generatePrimeSync(1 << 20));
  refused(() => crypto.generatePrimeSync(64, { add: 0n }));
  refused(() => crypto.generatePrimeSync(64, { add: 2n ** 63n, rem: 2n }));
  refused(() => crypto.checkPrimeSync(Buffer.alloc(1 << 21, 255)));
  refused(() => crypto.createCipheriv('aes-128-gcm', Buffer.alloc(16), Buffer.alloc(1 << 20)));
  refused(() => crypto.createCipheriv('aes-128-cbc', Buffer.alloc(1 << 20), Buffer.alloc(16)));
  refused(() => crypto.createCipheriv('rc4', Buffer.alloc(0), null));
  refused(() => crypto.createCipheriv('aes-128-cbc\0', Buffer.alloc(16), Buffer.alloc(16)));
  refused(() => crypto.createCipheriv('a'.repeat(1 << 20), Buffer.alloc(16), Buffer.alloc(16)));
  refused(() => crypto.createHash('sha256\0'));
  refused(() => crypto.createHash('a'.repeat(1 << 20)));
  refused(() => crypto.createECDH('prime256v1\0'));
  refused(() => crypto.createECDH('x'.repeat(1 << 20)));
  refused(() => crypto.createECDH('prime256v1').setPrivateKey(Buffer.alloc(1 << 20, 255)));
  refused(() => crypto.createPrivateKey('x'.repeat(2 << 20)));
  refused(() => crypto.createPrivateKey({ key: { kty: 'RSA', n: 'A'.repeat(1 << 20), e: 'AQAB' }, format: 'jwk' }));
  refused(() => crypto.createPublicKey({ key: { kty: 'RSA', n: '_'.repeat(1 << 20), e: 'AQAB' }, format: 'jwk' }));
  refused(() => crypto.createPublicKey({ key: { kty: 'EC', crv: 'P-256', x: 'AQ', y: 'AQ' }, format: 'jwk' }));
  refused(() => crypto.createPublicKey({ key: { kty: 'EC', crv: 'P-256', x: '_'.repeat(1 << 16), y: 'AQ' }, format: 'jwk' }));
  refused(() => crypto.createPublicKey({ key: { kty: 'EC' }, format: 'jwk' }));
  refused(() => crypto.publicEncrypt({ key: rsa.publicKey, padding: -1 }, Buffer.alloc(1)));
  refused(() => crypto.publicEncrypt({ key: rsa.publicKey, padding: 1e9 }, Buffer.alloc(1)));
  refused(() => crypto.publicEncrypt({ key: rsa.publicKey, padding: NaN }, Buffer.alloc(1)));
  refused(() => crypto.publicEncrypt(rsa.publicKey, Buffer.alloc(1 << 20)));
  refused(() => crypto.privateDecrypt(rsa.privateKey, Buffer.alloc(1 << 20)));
  refused(() => crypto.privateDecrypt(rsa.privateKey, Buffer.alloc(0)));
  refused(() => crypto.sign('sha256', Buffer.alloc(1), { key: rsa.privateKey, padding: 6, saltLength: 1e9 }));
  refused(() => crypto.sign('sha256', Buffer.alloc(1), { key: rsa.privateKey, padding: 6, saltLength: NaN }));
  refused(() => crypto.sign('sha256', {}, rsa.privateKey));
  refused(() => crypto.diffieHellman({ privateKey: rsa.privateKey, publicKey: rsa.publicKey }));
  refused(() => crypto.createSecretKey(null));
  refused(() => new crypto.KeyObject('secret', {}));
  refused(() => crypto.KeyObject.prototype.export.call({}));
  refused(() => Object.getOwnPropertyDescriptor(crypto.KeyObject.prototype, 'type').get.call({}));
  refused(() => new crypto.X509Certificate(Buffer.alloc(2 << 20)));
  refused(() => new crypto.X509Certificate('-----BEGIN CERTIFICATE-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00000000000000000000000000000000\n\nAAAA\n-----END CERTIFICATE-----'));
  for (const label of ['PUBLIC KEY', 'RSA PUBLIC KEY', 'CERTIFICATE', 'PRIVATE KEY', 'RSA PRIVATE KEY']) {
    refused(() => crypto.createPublicKey(`-----BEGIN ${label}-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00000000000000000000000000000000\n\nAAAAAAAAAAAAAAAAAAAAAA==\n-----END ${label}-----`));
  }
  // A key whose PBKDF2 asks for 2^31 - 1 rounds, by changing the count of a real one.
  const der = rsa.privateKey.export({ type: 'pkcs8', format: 'der', cipher: 'aes-128-cbc', passphrase: 'x' });
  const at = der.indexOf(Buffer.from('02020800', 'hex'));
  if (at < 0) wrong.push('no count of rounds found');
  const grow = (bytes, offset) => (bytes[offset + 1] === 0x82 ? bytes.writeUInt16BE(bytes.readUInt16BE(offset + 2) + 2, offset + 2) : (bytes[offset + 1] += 2));
  const slow = Buffer.concat([der.subarray(0, at), Buffer.from('02047fffffff', 'hex'), der.subarray(at + 4)]);
  // The sequences around it grow by two bytes.
  for (let offset = 0; offset < at; ) {
    if (slow[offset] !== 0x30) {
      offset += 2 + slow[offset + 1];
      continue;
    }
    const header = slow[offset + 1] === 0x82 ? 4 : 2;
    const length = header === 4 ? slow.readUInt16BE(offset + 2) : slow[offset + 1];
    if (offset + header + length > at) {
      grow(slow, offset);
      offset += header;
    } else offset += header + length;
  }
  refused(() => crypto.createPrivateKey({ key: slow, format: 'der', type: 'pkcs8', passphrase: 'x' }));
  refused(() => crypto.createPrivateKey({ key: `-----BEGIN ENCRYPTED PRIVATE KEY-----\n${slow.toString('base64')}\n-----END ENCRYPTED PRIVATE KEY-----`, passphrase: 'x' }));

  const detached = new Uint8Array(16);
  globalThis.structuredClone?.(detached.buffer, { transfer: [detached.buffer] });
  harmless(() => crypto.createHash('md5').update(detached).digest());
  harmless(() => crypto.randomFillSync(detached));
  harmless(() => crypto.createCipheriv('aes-128-cbc', detached, detached));
  harmless(() => crypto.timingSafeEqual(detached, detached));
  harmless(() => crypto.createHash('md5').update({ length: 5, byteLength: 5, buffer: 5 }));
  harmless(() => crypto.createHmac('md5', Buffer.alloc(32 << 20)).update(Buffer.alloc(32 << 20)).digest());
  harmless(() => crypto.createPrivateKey({ key: rsa.privateKey.export({ type: 'pkcs1', format: 'pem' }), passphrase: 'x'.repeat(1 << 20) }));
  harmless(() => crypto.verify('sha256', Buffer.alloc(1), rsa.publicKey, Buffer.alloc(1 << 20)));
  harmless(() => crypto.createDiffieHellman(Buffer.alloc(2048, 255)).verifyError);
  harmless(() => crypto.getDiffieHellman('modp18').verifyError);
  for (const value of [null, undefined, NaN, -1, 1e300, '', {}, [], () => {}, Symbol('x'), 1n, new Proxy({}, {}), Object.create(null)]) {
    for (const run of [
      () => crypto.createHash(value), () => crypto.createHash('md5', value), () => crypto.createHash('md5').update(value), () => crypto.createHash('md5').digest(value),
      () => crypto.createHmac(value, 'k'), () => crypto.createHmac('md5', value), () => crypto.randomBytes(value), () => crypto.randomInt(value),
      () => crypto.pbkdf2Sync(value, value, value, value, value), () => crypto.pbkdf2Sync('p', 's', value, 1, 'md5'), () => crypto.scryptSync('p', 's', 1, value),
      () => crypto.hkdfSync('md5', value, value, value, value), () => crypto.createCipheriv('aes-128-cbc', value, value), () => crypto.createCipheriv(value, 'k', 'i'),
      () => crypto.createPrivateKey(value), () => crypto.createPublicKey({ key: value }), () => crypto.createSign(value), () => crypto.sign(value, value, value),
      () => crypto.verify('md5', Buffer.alloc(1), rsa.publicKey, value), () => crypto.createECDH(value), () => crypto.createDiffieHellman(value),
      () => crypto.publicEncrypt(value, value), () => crypto.generateKeyPairSync(value), () => crypto.generateKeyPairSync('rsa', value), () => crypto.getCipherInfo(value),
      () => new crypto.X509Certificate(value), () => rsa.privateKey.export(value), () => rsa.privateKey.equals(value), () => crypto.checkPrimeSync(value),
      () => crypto.timingSafeEqual(value, value), () => crypto.randomFillSync(value), () => crypto.diffieHellman(value), () => crypto.createSecretKey(value),
    ]) harmless(run);
  }

  await refusedLater((callback) => crypto.pbkdf2('p', 's', 1e9, 64, 'sha512', callback));
  await refusedLater((callback) => crypto.scrypt('p', 's', 64, { N: 2 ** 30, maxmem: 2 ** 40 }, callback));
  await refusedLater((callback) => crypto.generateKeyPair('rsa', { modulusLength: 16384 }, callback));
  await refusedLater((callback) => crypto.subtle.deriveBits({ name: 'PBKDF2', hash: 'SHA-512', salt: Buffer.alloc(1), iterations: 1e9 }, null, 8).then((value) => callback(null, value), callback));
  const keyed = await crypto.subtle.importKey('raw', Buffer.alloc(8), 'PBKDF2', false, ['deriveBits']);
  await refusedLater((callback) => crypto.subtle.deriveBits({ name: 'PBKDF2', hash: 'SHA-512', salt: Buffer.alloc(1), iterations: 1e9 }, keyed, 8).then((value) => callback(null, value), callback));
  await refusedLater((callback) => crypto.subtle.generateKey({ name: 'RSA-PSS', modulusLength: 16384, publicExponent: new Uint8Array([1, 0, 1]), hash: 'SHA-1' }, true, ['sign']).then((value) => callback(null, value), callback));
  return { wrong };
};
