// WebAssembly compiled from base64: digests, a password hash with a memory that grows, states saved and loaded.
const { md5, sha256, xxhash64, blake3, crc32, createSHA256, argon2id, bcryptVerify, pbkdf2 } = require('hash-wasm');

module.exports = async (ctx) => {
  const hasher = await createSHA256();
  hasher.init().update('a');
  const saved = hasher.save();
  const first = hasher.update('bc').digest('hex');
  const again = hasher.load(saved).update('bc').digest('hex');
  return {
    md5: await md5('abc'), sha256: await sha256('abc'), xxhash64: await xxhash64('abc'), blake3: await blake3('中文'), crc32: await crc32('abc'),
    many: (await Promise.all(Array.from({ length: 20 }, (_, n) => sha256(`n${n}`)))).map((hex) => hex.slice(0, 4)),
    resumed: [first, first === again],
    argon2id: await argon2id({ password: 'pass', salt: 'somesalt', parallelism: 1, iterations: 2, memorySize: 8192, hashLength: 16, outputType: 'hex' }),
    bcrypt: await bcryptVerify({ password: 'U*U', hash: '$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW' }),
    pbkdf2: await pbkdf2({ password: 'password', salt: 'somesalt', iterations: 2, hashLength: 20, hashFunction: createSHA256(), outputType: 'hex' }),
    large: await sha256(new Uint8Array(3e6)),
  };
};
