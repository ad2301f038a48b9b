// Hashes, HMAC, key derivation, AES in several modes, DES, RC4 against published vectors.
const CryptoJS = require('crypto-js');

module.exports = async (ctx) => {
  const { enc, mode, pad } = CryptoJS;
  const key = enc.Hex.parse('2b7e151628aed2a6abf7158809cf4f3c');
  const block = enc.Hex.parse('6bc1bee22e409f96e93d7e117393172a');
  const iv = enc.Hex.parse('000102030405060708090a0b0c0d0e0f');
  const text = CryptoJS.AES.encrypt('小程序', 'secret').toString();
  return {
    md5: CryptoJS.MD5('abc').toString(), sha1: CryptoJS.SHA1('abc').toString(), sha256: CryptoJS.SHA256('abc').toString(),
    sha512: CryptoJS.SHA512('abc').toString().slice(0, 32), sha3: CryptoJS.SHA3('abc', { outputLength: 256 }).toString(),
    ripemd: CryptoJS.RIPEMD160('abc').toString(), hmac: CryptoJS.HmacSHA256('what do ya want for nothing?', 'Jefe').toString(),
    pbkdf2: CryptoJS.PBKDF2('password', 'salt', { keySize: 5, iterations: 2, hasher: CryptoJS.algo.SHA1 }).toString(),
    ecb: CryptoJS.AES.encrypt(block, key, { mode: mode.ECB, padding: pad.NoPadding }).ciphertext.toString(),
    cbc: CryptoJS.AES.encrypt(block, key, { iv, padding: pad.NoPadding }).ciphertext.toString(),
    ctr: CryptoJS.AES.encrypt('counter', key, { iv, mode: mode.CTR, padding: pad.NoPadding }).toString(),
    des: CryptoJS.TripleDES.encrypt('x', enc.Utf8.parse('0123456789abcdef01234567'), { mode: mode.ECB }).toString(),
    passphrase: [CryptoJS.AES.decrypt(text, 'secret').toString(enc.Utf8), enc.Base64.parse(text).toString(enc.Latin1).slice(0, 8)],
    random: CryptoJS.lib.WordArray.random(16).sigBytes, base64url: enc.Base64url.stringify(enc.Utf8.parse('>>>???')),
  };
};
