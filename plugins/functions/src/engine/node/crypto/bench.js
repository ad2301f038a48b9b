// Milliseconds for what functions do most.
module.exports = async () => {
  const now = typeof performance === 'object' ? () => performance.now() : () => Date.now();
  const began = now();
  const crypto = require('crypto');
  const out = { load: now() - began };
  const first = now();
  crypto.createHash('md5').update('x').digest('hex');
  out['first hash'] = now() - first;
  const measure = (name, count, run) => {
    run();
    const start = now();
    for (let i = 0; i < count; i++) run();
    out[name] = (now() - start) / count;
  };
  const data = Buffer.alloc(1024, 'a');
  const text = data.toString();
  const { privateKey, publicKey } = crypto.generateKeyPairSync('rsa', { modulusLength: 2048 });
  const pem = privateKey.export({ type: 'pkcs1', format: 'pem' });
  const signature = crypto.createSign('RSA-SHA256').update(text).sign(pem);
  measure('hash of 1 KB', 5000, () => crypto.createHash('sha256').update(data).digest('hex'));
  measure('hash of a text', 5000, () => crypto.createHash('md5').update(text).digest('hex'));
  measure('hmac', 5000, () => crypto.createHmac('sha256', 'key').update(text).digest('base64'));
  measure('cipher of 1 KB', 2000, () => {
    const cipher = crypto.createCipheriv('aes-256-cbc', data.subarray(0, 32), data.subarray(0, 16));
    return cipher.update(text, 'utf8', 'base64') + cipher.final('base64');
  });
  measure('uuid', 5000, () => crypto.randomUUID());
  measure('randomBytes', 5000, () => crypto.randomBytes(16));
  measure('rsa sign with a text', 200, () => crypto.createSign('RSA-SHA256').update(text).sign(pem, 'base64'));
  measure('rsa verify with a key', 1000, () => crypto.verify('sha256', data, publicKey, signature));
  return out;
};
