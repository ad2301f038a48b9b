// Everything whose result follows from its arguments: hashes, HMACs, ciphers, key derivation, agreement of keys.
const crypto = require('crypto');

module.exports = async ({ args }) => {
  let state = args.seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  };
  const below = (n) => next() % n;
  const bytes = (n) => Buffer.from(Array.from({ length: n }, () => next() & 255));
  const out = {};
  const put = (name, run) => {
    let value;
    try {
      value = run();
      if (value instanceof ArrayBuffer) value = Buffer.from(value);
      if (ArrayBuffer.isView(value)) value = Buffer.from(value).toString('hex');
    } catch (error) {
      value = `${error.name} ${error.code} ${error.message}`;
    }
    out[name] = value;
  };
  const encodings = ['hex', 'base64', 'base64url', 'latin1', 'binary', undefined];
  const pick = (list) => list[below(list.length)];

  out.hashes = crypto.getHashes();
  out.ciphers = crypto.getCiphers().filter((name) => !/hmac|camellia/.test(name));
  out.curves = crypto.getCurves();
  for (const name of crypto.getHashes()) {
    for (let round = 0; round < 3; round++) {
      const parts = Array.from({ length: below(4) }, () => bytes(below(300)));
      const encoding = pick(encodings);
      put(`hash ${name} ${round}`, () => parts.reduce((hash, part) => hash.update(part), crypto.createHash(name)).digest(encoding));
      const key = bytes(below(200));
      put(`hmac ${name} ${round}`, () => parts.reduce((hash, part) => hash.update(part), crypto.createHmac(name, key)).digest(encoding));
    }
    const long = Buffer.alloc(200000, name);
    put(`hash ${name} long`, () => crypto.createHash(name).update(long).update('é').update(long).digest('hex'));
    put(`hmac ${name} long`, () => crypto.createHmac(name, long).update(long).update('aGk=', 'base64').digest('hex'));
    put(`hash ${name} copy`, () => {
      const hash = crypto.createHash(name).update('a');
      const copy = hash.copy().update('b');
      const longCopy = hash.copy().update(long);
      return [hash.digest('hex'), copy.digest('hex'), longCopy.copy().digest('hex'), longCopy.digest('hex')];
    });
    put(`hash ${name} upper`, () => crypto.createHash(name.toUpperCase()).update('x').digest('hex'));
    put(`pbkdf2 ${name}`, () => crypto.pbkdf2Sync('password', bytes(8), 1 + below(20), 1 + below(100), name));
    put(`hkdf ${name}`, () => crypto.hkdfSync(name, bytes(20), bytes(below(20)), bytes(below(20)), 1 + below(100)));
  }
  for (const length of [1, 16, 100, 5000]) put(`shake ${length}`, () => crypto.createHash('shake256', { outputLength: length }).update('a').digest('hex'));
  if (crypto.hash) for (const encoding of encodings) put(`one shot ${encoding}`, () => crypto.hash('sha1', 'é', encoding ?? 'buffer'));
  put('lone surrogate', () => crypto.createHash('sha1').update('a\ud800b').digest('hex'));
  put('utf16', () => crypto.createHash('sha1').update('héllo', 'utf16le').digest('hex'));
  put('changed later', () => {
    const data = Buffer.from('abc');
    const hash = crypto.createHash('sha1').update(data);
    data.fill(0);
    return hash.digest('hex');
  });

  for (const name of crypto.getCiphers()) {
    // Combinations for TLS, and Camellia, are not there.
    if (/hmac|camellia/.test(name)) continue;
    put(`info ${name}`, () => crypto.getCipherInfo(name));
    const info = crypto.getCipherInfo(name);
    const aead = ['gcm', 'ocb', 'ccm'].includes(info.mode) || name === 'chacha20-poly1305';
    for (let round = 0; round < 3; round++) {
      const key = bytes(info.keyLength);
      const iv = info.ivLength ? bytes(info.ivLength) : null;
      const wrap = info.mode === 'wrap';
      let plain = bytes(wrap ? 8 * (2 + below(4)) : 16 + below(100));
      const options = aead ? { authTagLength: 16 } : undefined;
      const aad = bytes(below(30));
      // The initialization vector of these is random.
      if (/des/i.test(name) && wrap) continue;
      let sealed;
      put(`cipher ${name} ${round}`, () => {
        const cipher = crypto.createCipheriv(name, key, iv, options);
        if (aead) cipher.setAAD(aad, { plaintextLength: plain.length });
        const cut = wrap || info.mode === 'ccm' || info.mode === 'xts' ? plain.length : below(plain.length);
        const parts = [cipher.update(plain.subarray(0, cut))];
        if (cut < plain.length) parts.push(cipher.update(plain.subarray(cut)));
        parts.push(cipher.final());
        sealed = { body: Buffer.concat(parts), tag: aead ? cipher.getAuthTag() : undefined };
        return [sealed.body.toString('hex'), sealed.tag?.toString('hex')];
      });
      if (sealed === undefined) continue;
      put(`decipher ${name} ${round}`, () => {
        const decipher = crypto.createDecipheriv(name, key, iv, options);
        if (aead) decipher.setAuthTag(sealed.tag).setAAD(aad, { plaintextLength: plain.length });
        return Buffer.concat([decipher.update(sealed.body), decipher.final()]).equals(plain);
      });
      if (!aead) continue;
      put(`forged ${name} ${round}`, () => {
        const decipher = crypto.createDecipheriv(name, key, iv, options);
        sealed.tag[0] ^= 1;
        decipher.setAuthTag(sealed.tag).setAAD(aad, { plaintextLength: plain.length });
        return Buffer.concat([decipher.update(sealed.body), decipher.final()]).equals(plain);
      });
    }
  }
  for (const encoding of ['hex', 'base64', 'latin1']) {
    put(`cipher text ${encoding}`, () => {
      const cipher = crypto.createCipheriv('aes-128-cbc', '0123456789abcdef', '0123456789abcdef');
      return cipher.update('some text that is longer than a block', 'utf8', encoding) + cipher.final(encoding);
    });
  }
  put('decipher utf8', () => {
    const cipher = crypto.createCipheriv('aes-128-ctr', '0123456789abcdef', '0123456789abcdef');
    const body = Buffer.concat([cipher.update('héllo wörld'), cipher.final()]);
    const decipher = crypto.createDecipheriv('aes-128-ctr', '0123456789abcdef', '0123456789abcdef');
    return decipher.update(body.subarray(0, 2), null, 'utf8') + decipher.update(body.subarray(2), null, 'utf8') + decipher.final('utf8');
  });
  put('no padding', () => {
    const cipher = crypto.createCipheriv('aes-128-ecb', '0123456789abcdef', null).setAutoPadding(false);
    return cipher.update('0123456789abcdef', 'utf8', 'hex') + cipher.final('hex');
  });
  put('old cipher', () => {
    const cipher = crypto.createCipher('aes-256-cbc', 'password');
    const body = cipher.update('hello', 'utf8', 'hex') + cipher.final('hex');
    const decipher = crypto.createDecipher('aes-256-cbc', 'password');
    return [body, decipher.update(body, 'hex', 'utf8') + decipher.final('utf8')];
  });
  for (const length of [4, 8, 12, 13, 14, 15, 16]) {
    put(`gcm tag ${length}`, () => {
      const cipher = crypto.createCipheriv('aes-256-gcm', bytes(32), bytes(1 + below(60)), { authTagLength: length });
      return [cipher.update('x', 'utf8', 'hex'), cipher.final('hex'), cipher.getAuthTag().toString('hex')];
    });
  }

  put('scrypt', () => crypto.scryptSync('password', 'salt', 64));
  put('scrypt parameters', () => crypto.scryptSync('password', 'salt', 33, { N: 1024, r: 4, p: 2 }));
  for (const curve of ['secp256k1', 'prime256v1', 'secp384r1', 'secp521r1', 'brainpoolP256r1', 'sect233k1', 'secp112r1']) {
    put(`ecdh ${curve}`, () => {
      const [a, b] = [crypto.createECDH(curve), crypto.createECDH(curve)];
      a.setPrivateKey(bytes(13));
      b.setPrivateKey(bytes(13));
      const shared = a.computeSecret(b.getPublicKey()).toString('hex');
      return [
        shared, b.computeSecret(a.getPublicKey('hex', 'compressed'), 'hex', 'hex') === shared, a.getPublicKey('hex'), a.getPublicKey('base64', 'compressed'),
        a.getPublicKey('hex', 'hybrid'), a.getPrivateKey('hex'), crypto.ECDH.convertKey(a.getPublicKey(), curve, null, 'hex', 'compressed'),
      ];
    });
  }
  for (const group of ['modp1', 'modp2', 'modp5', 'modp14']) {
    put(`dh ${group}`, () => {
      const make = () => {
        const { getPrime } = crypto.getDiffieHellman(group);
        void getPrime;
        const dh = crypto.createDiffieHellman(crypto.getDiffieHellman(group).getPrime(), 2);
        dh.setPrivateKey(bytes(20));
        dh.generateKeys();
        return dh;
      };
      const [a, b] = [make(), make()];
      const secret = a.computeSecret(b.getPublicKey(), null, 'hex');
      return [secret, b.computeSecret(a.getPublicKey(), null, 'hex') === secret, a.getPublicKey('hex'), a.getGenerator('hex'), a.getPrime('base64'), a.verifyError];
    });
  }
  put('primes', () => [crypto.checkPrimeSync(97n), crypto.checkPrimeSync(99n), crypto.checkPrimeSync(Buffer.from([251]))]);
  put('random', () => {
    const filled = crypto.randomFillSync(new Uint16Array(8), 2, 4);
    const zeros = [...filled].map((value, index) => (index < 2 || index >= 6 ? value === 0 : true));
    const numbers = Array.from({ length: 1000 }, () => crypto.randomInt(3, 7));
    return [crypto.randomBytes(20).length, crypto.randomBytes(3 << 20).length, zeros.every(Boolean), [...new Set(numbers)].sort(), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(crypto.randomUUID())];
  });
  put('equal', () => [crypto.timingSafeEqual(Buffer.from('ab'), Buffer.from('ab')), crypto.timingSafeEqual(new Uint16Array([1, 2]), new Uint8Array([1, 0, 2, 1]))]);

  const { promisify } = require('util');
  const later = async (name, promise) => {
    const value = await promise.catch((error) => `${error.name} ${error.code} ${error.message}`);
    put(name, () => value);
  };
  await later('pbkdf2 later', promisify(crypto.pbkdf2)('p', 's', 10, 20, 'sha1'));
  await later('scrypt later', promisify(crypto.scrypt)('p', 's', 20));
  await later('hkdf later', promisify(crypto.hkdf)('sha1', 'p', 's', 'i', 20));
  await later('randomBytes later', promisify(crypto.randomBytes)(5).then((buffer) => buffer.length));

  // As streams.
  const { Readable, pipeline } = require('stream');
  await later('hash stream', new Promise((resolve, reject) => {
    const hash = crypto.createHash('sha256');
    hash.setEncoding('hex');
    hash.on('readable', () => {
      const data = hash.read();
      if (data) resolve(data);
    });
    hash.on('error', reject);
    hash.write('some ');
    hash.end('data');
  }));
  await later('hash pipe', new Promise((resolve, reject) => {
    const hash = crypto.createHmac('md5', 'k');
    pipeline(Readable.from([Buffer.from('a'), Buffer.from('b')]), hash, (error) => (error ? reject(error) : resolve(hash.read().toString('hex'))));
  }));
  await later('cipher stream', (async () => {
    const cipher = crypto.createCipheriv('aes-128-cbc', '0123456789abcdef', '0123456789abcdef');
    cipher.write('hello ');
    cipher.end('world');
    const parts = [];
    for await (const part of cipher) parts.push(part);
    return Buffer.concat(parts).toString('hex');
  })());
  await later('decipher stream error', new Promise((resolve, reject) => {
    const decipher = crypto.createDecipheriv('aes-128-cbc', '0123456789abcdef', '0123456789abcdef');
    decipher.on('error', reject);
    decipher.on('data', () => {});
    decipher.on('end', resolve);
    decipher.end(Buffer.alloc(16));
  }));
  put('is a stream', () => {
    const { Transform, Writable } = require('stream');
    return [crypto.createHash('md5') instanceof Transform, crypto.createCipheriv('aes-128-ecb', '0123456789abcdef', null) instanceof Transform, typeof crypto.createSign('md5').write, Boolean(Writable)];
  });
  return out;
};
