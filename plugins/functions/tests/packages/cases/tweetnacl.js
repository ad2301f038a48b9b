// Boxes, secret boxes, Ed25519 signatures from a fixed seed, hashes, random bytes.
const nacl = require('tweetnacl');

module.exports = async (ctx) => {
  const hex = (bytes) => Buffer.from(bytes).toString('hex');
  const seed = Buffer.from('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60', 'hex');
  const pair = nacl.sign.keyPair.fromSeed(Uint8Array.from(seed));
  const alice = nacl.box.keyPair.fromSecretKey(new Uint8Array(32).fill(1));
  const bob = nacl.box.keyPair.fromSecretKey(new Uint8Array(32).fill(2));
  const nonce = new Uint8Array(24).fill(3);
  const text = new TextEncoder().encode('小程序');
  const box = nacl.box(text, nonce, bob.publicKey, alice.secretKey);
  const secret = nacl.secretbox(text, nonce, new Uint8Array(32).fill(4));
  return {
    publicKey: hex(pair.publicKey), signature: hex(nacl.sign.detached(new Uint8Array(0), pair.secretKey)),
    verified: nacl.sign.detached.verify(text, nacl.sign.detached(text, pair.secretKey), pair.publicKey),
    opened: Buffer.from(nacl.sign.open(nacl.sign(text, pair.secretKey), pair.publicKey)).toString(), box: hex(box),
    unboxed: Buffer.from(nacl.box.open(box, nonce, alice.publicKey, bob.secretKey)).toString(), secret: hex(secret),
    wrong: nacl.secretbox.open(secret, nonce, new Uint8Array(32)), hash: hex(nacl.hash(new TextEncoder().encode('abc'))).slice(0, 32),
    random: nacl.randomBytes(16).length, scalar: hex(nacl.scalarMult.base(new Uint8Array(32).fill(1))), equal: nacl.verify(box, box),
  };
};
