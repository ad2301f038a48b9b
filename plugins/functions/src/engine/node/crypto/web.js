// crypto.subtle and the other parts of the web's crypto.
module.exports = async ({ args }) => {
  const { subtle } = crypto;
  const out = {};
  const seeded = (n) => {
    const bytes = new Uint8Array(n);
    let state = args.seed;
    for (let i = 0; i < n; i++) bytes[i] = (state = (Math.imul(state, 1103515245) + 12345) >>> 0) >>> 16;
    return bytes;
  };
  const hex = (data) => Buffer.from(data).toString('hex');
  const put = async (name, run) => {
    try {
      const value = await run();
      out[name] = value instanceof ArrayBuffer || ArrayBuffer.isView(value) ? hex(value) : value;
    } catch (error) {
      out[name] = error.name;
    }
  };
  const data = seeded(100);
  const show = (key) => ({ type: key.type, extractable: key.extractable, algorithm: { ...key.algorithm, publicExponent: key.algorithm.publicExponent && hex(key.algorithm.publicExponent) }, usages: key.usages });

  for (const hash of ['SHA-1', 'sha-256', 'SHA-384', { name: 'SHA-512' }, 'MD5']) await put(`digest ${hash.name ?? hash}`, () => subtle.digest(hash, data));
  await put('digest of text', () => subtle.digest('SHA-1', 'text'));

  for (const hash of ['SHA-1', 'SHA-256', 'SHA-512']) {
    await put(`hmac ${hash}`, async () => {
      const key = await subtle.importKey('raw', seeded(20), { name: 'HMAC', hash }, true, ['sign', 'verify']);
      const signature = await subtle.sign('HMAC', key, data);
      return [show(key), hex(signature), await subtle.verify('HMAC', key, signature, data), await subtle.verify('HMAC', key, signature.slice(1), data), await subtle.exportKey('jwk', key)];
    });
  }
  const aes = {
    'AES-CBC': { iv: seeded(16) },
    'AES-CTR': { counter: seeded(16).fill(255), length: 20 },
    'AES-GCM': { iv: seeded(12), additionalData: seeded(5) },
  };
  for (const [name, parameters] of Object.entries(aes)) {
    for (const length of [16, 24, 32]) {
      await put(`${name} ${length}`, async () => {
        const key = await subtle.importKey('raw', seeded(length), name, true, ['decrypt', 'encrypt']);
        const sealed = await subtle.encrypt({ name, ...parameters }, key, data);
        const opened = await subtle.decrypt({ name, ...parameters }, key, sealed);
        return [show(key), hex(sealed), hex(opened) === hex(data), await subtle.exportKey('jwk', key)];
      });
    }
  }
  await put('gcm short tag', async () => {
    const key = await subtle.importKey('raw', seeded(16), 'AES-GCM', false, ['encrypt']);
    return subtle.encrypt({ name: 'AES-GCM', iv: seeded(13), tagLength: 96 }, key, data);
  });
  await put('gcm forged', async () => {
    const key = await subtle.importKey('raw', seeded(16), 'AES-GCM', false, ['decrypt']);
    return subtle.decrypt({ name: 'AES-GCM', iv: seeded(12) }, key, data);
  });
  await put('cbc bad padding', async () => {
    const key = await subtle.importKey('raw', seeded(16), 'AES-CBC', false, ['decrypt']);
    return subtle.decrypt({ name: 'AES-CBC', iv: seeded(16) }, key, seeded(32));
  });
  await put('wrap', async () => {
    const kek = await subtle.importKey('raw', seeded(32), 'AES-KW', true, ['wrapKey', 'unwrapKey']);
    const key = await subtle.importKey('raw', seeded(16), 'AES-GCM', true, ['encrypt']);
    const wrapped = await subtle.wrapKey('raw', key, kek, 'AES-KW');
    const again = await subtle.unwrapKey('raw', wrapped, kek, 'AES-KW', 'AES-GCM', true, ['encrypt']);
    return [hex(wrapped), hex(await subtle.exportKey('raw', again))];
  });
  await put('wrap jwk', async () => {
    const kek = await subtle.importKey('raw', seeded(32), 'AES-GCM', true, ['wrapKey', 'unwrapKey']);
    const key = await subtle.importKey('raw', seeded(16), { name: 'HMAC', hash: 'SHA-1' }, true, ['sign']);
    const how = { name: 'AES-GCM', iv: seeded(12) };
    const wrapped = await subtle.wrapKey('jwk', key, kek, how);
    const again = await subtle.unwrapKey('jwk', wrapped, kek, how, { name: 'HMAC', hash: 'SHA-1' }, true, ['sign']);
    return subtle.exportKey('jwk', again);
  });
  const generate = {
    'RSASSA-PKCS1-v1_5': [{ modulusLength: 1024, publicExponent: new Uint8Array([1, 0, 1]), hash: 'SHA-256' }, ['sign', 'verify'], {}],
    'RSA-PSS': [{ modulusLength: 1024, publicExponent: new Uint8Array([1, 0, 1]), hash: 'SHA-1' }, ['sign', 'verify'], { saltLength: 20 }],
    ECDSA: [{ namedCurve: 'P-256' }, ['sign', 'verify'], { hash: 'SHA-256' }],
    'ECDSA 521': [{ namedCurve: 'P-521' }, ['sign', 'verify'], { hash: 'SHA-512' }],
    Ed25519: [{}, ['sign', 'verify'], {}],
  };
  for (const [label, [parameters, usages, how]] of Object.entries(generate)) {
    const name = label.split(' ')[0];
    await put(`sign ${label}`, async () => {
      const { privateKey, publicKey } = await subtle.generateKey({ name, ...parameters }, true, usages);
      const signature = await subtle.sign({ name, ...how }, privateKey, data);
      const pkcs8 = await subtle.exportKey('pkcs8', privateKey);
      const spki = await subtle.exportKey('spki', publicKey);
      const jwk = await subtle.exportKey('jwk', privateKey);
      const own = await subtle.importKey('pkcs8', pkcs8, { name, ...parameters }, false, ['sign']);
      const open = await subtle.importKey('spki', spki, { name, ...parameters }, true, ['verify']);
      const fromJwk = await subtle.importKey('jwk', jwk, { name, ...parameters }, true, ['sign']);
      const second = await subtle.sign({ name, ...how }, fromJwk, data);
      return [
        show(privateKey), show(publicKey), show(own), show(open), signature.byteLength, Object.keys(jwk).sort(), jwk.alg, jwk.key_ops, jwk.ext,
        await subtle.verify({ name, ...how }, open, signature, data), await subtle.verify({ name, ...how }, publicKey, second, data),
        await subtle.verify({ name, ...how }, publicKey, second, seeded(3)), await subtle.exportKey('pkcs8', own).catch((error) => error.name),
      ];
    });
  }
  await put('oaep', async () => {
    const how = { name: 'RSA-OAEP', modulusLength: 1024, publicExponent: new Uint8Array([1, 0, 1]), hash: 'SHA-256' };
    const { privateKey, publicKey } = await subtle.generateKey(how, true, ['encrypt', 'decrypt']);
    const sealed = await subtle.encrypt({ name: 'RSA-OAEP', label: seeded(3) }, publicKey, seeded(40));
    return [hex(await subtle.decrypt({ name: 'RSA-OAEP', label: seeded(3) }, privateKey, sealed)), (await subtle.exportKey('jwk', publicKey)).alg, await subtle.decrypt('RSA-OAEP', privateKey, sealed).catch((error) => error.name)];
  });
  for (const [name, parameters] of [['ECDH', { namedCurve: 'P-256' }], ['ECDH', { namedCurve: 'P-521' }], ['X25519', {}]]) {
    await put(`agree ${name} ${parameters.namedCurve}`, async () => {
      const a = await subtle.generateKey({ name, ...parameters }, true, ['deriveBits', 'deriveKey']);
      const b = await subtle.generateKey({ name, ...parameters }, true, ['deriveBits']);
      const raw = await subtle.exportKey('raw', b.publicKey);
      const open = await subtle.importKey('raw', raw, { name, ...parameters }, true, []);
      const one = await subtle.deriveBits({ name, public: open }, a.privateKey, 128);
      const other = await subtle.deriveBits({ name, public: a.publicKey }, b.privateKey, 128);
      const key = await subtle.deriveKey({ name, public: open }, a.privateKey, { name: 'AES-CBC', length: 256 }, true, ['encrypt']);
      return [show(open), raw.byteLength, hex(one) === hex(other), show(key)];
    });
  }
  await put('hkdf', async () => {
    const key = await subtle.importKey('raw', seeded(20), 'HKDF', false, ['deriveBits', 'deriveKey']);
    const how = { name: 'HKDF', hash: 'SHA-256', salt: seeded(4), info: seeded(6) };
    const derived = await subtle.deriveKey(how, key, { name: 'HMAC', hash: 'SHA-1' }, true, ['sign']);
    return [show(key), hex(await subtle.deriveBits(how, key, 200)), show(derived), hex(await subtle.exportKey('raw', derived))];
  });
  await put('pbkdf2', async () => {
    const key = await subtle.importKey('raw', new TextEncoder().encode('password'), 'PBKDF2', false, ['deriveBits', 'deriveKey']);
    const how = { name: 'PBKDF2', hash: 'SHA-512', salt: seeded(4), iterations: 100 };
    const derived = await subtle.deriveKey(how, key, { name: 'AES-GCM', length: 128 }, true, ['encrypt']);
    return [hex(await subtle.deriveBits(how, key, 256)), hex(await subtle.exportKey('raw', derived))];
  });
  await put('wrong usage', async () => subtle.sign('HMAC', await subtle.importKey('raw', seeded(8), { name: 'HMAC', hash: 'SHA-1' }, true, ['verify']), data));
  await put('unknown usage', () => subtle.importKey('raw', seeded(16), 'AES-CBC', true, ['sign']));
  await put('no usage', () => subtle.importKey('raw', seeded(16), 'AES-CBC', true, []));
  await put('unknown algorithm', () => subtle.importKey('raw', seeded(16), 'DES', true, ['encrypt']));
  await put('bad length', () => subtle.importKey('raw', seeded(15), 'AES-CBC', true, ['encrypt']));
  await put('bad der', () => subtle.importKey('spki', seeded(15), { name: 'ECDSA', namedCurve: 'P-256' }, true, ['verify']));
  await put('generate aes', async () => show(await subtle.generateKey({ name: 'AES-GCM', length: 192 }, false, ['decrypt', 'encrypt'])));
  await put('generate hmac', async () => show(await subtle.generateKey({ name: 'HMAC', hash: 'SHA-384' }, false, ['sign'])));
  await put('constructors', () => {
    const failures = [Crypto, SubtleCrypto, CryptoKey].map((type) => {
      try {
        return new type();
      } catch (error) {
        return error.code ?? error.name;
      }
    });
    return [failures, Object.prototype.toString.call(crypto), Object.prototype.toString.call(subtle), require('crypto').webcrypto === crypto];
  });
  await put('random', () => {
    const array = crypto.getRandomValues(new Uint32Array(4));
    return [array.length, new Set(array).size, crypto.randomUUID().length];
  });
  await put('random of floats', () => crypto.getRandomValues(new Float64Array(1)));
  await put('too much random', () => crypto.getRandomValues(new Uint8Array(65537)));
  await put('key object', async () => {
    const { KeyObject, createHmac } = require('crypto');
    const key = await subtle.importKey('raw', seeded(8), { name: 'HMAC', hash: 'SHA-1' }, true, ['sign']);
    return [KeyObject.from(key).export().toString('hex'), createHmac('sha1', key).update('a').digest('hex')];
  });
  return out;
};
