// Keys from passwords and other keys.
const { answer, toBuffer, toBytes } = require('internal/crypto/bytes');
const { callback: checkCallback, failure, int32, string, uint32, outOfRange } = require('internal/crypto/validate');
const { infoOf } = require('internal/crypto/hash');

const { native } = internal;

function checkDigest(digest) {
  if (infoOf(digest) === null) throw failure(TypeError, 'ERR_CRYPTO_INVALID_DIGEST', `Invalid digest: ${digest}`);
}

function pbkdf2Args(password, salt, iterations, keylen, digest) {
  string(digest, 'digest');
  password = toBytes(password, 'password');
  salt = toBytes(salt, 'salt');
  int32(iterations, 'iterations', 1);
  int32(keylen, 'keylen', 0);
  checkDigest(digest);
  return [password, salt, iterations, keylen, digest];
}

function pbkdf2(password, salt, iterations, keylen, digest, callback) {
  if (typeof digest === 'function') {
    callback = digest;
    digest = undefined;
  }
  const args = pbkdf2Args(password, salt, iterations, keylen, digest);
  checkCallback(callback);
  answer(native['crypto.pbkdf2.later'](...args), callback, toBuffer);
}

const pbkdf2Sync = (password, salt, iterations, keylen, digest) => toBuffer(native['crypto.pbkdf2'](...pbkdf2Args(password, salt, iterations, keylen, digest)));

const DEFAULTS = { N: 16384, r: 8, p: 1, maxmem: 32 << 20 };

function scryptArgs(password, salt, keylen, options) {
  password = toBytes(password, 'password');
  salt = toBytes(salt, 'salt');
  int32(keylen, 'keylen', 0);
  let { N, r, p, maxmem } = DEFAULTS;
  if (options && options !== DEFAULTS) {
    const conflict = () => failure(Error, 'ERR_CRYPTO_SCRYPT_INVALID_PARAMETER', 'Invalid scrypt parameter');
    const either = (short, long, otherwise) => {
      const [has, hasLong] = [options[short] !== undefined, options[long] !== undefined];
      if (has) uint32(options[short], short);
      if (hasLong) {
        if (has) throw conflict();
        uint32(options[long], long);
      }
      return has ? options[short] : hasLong ? options[long] : otherwise;
    };
    N = either('N', 'cost', N) || DEFAULTS.N;
    r = either('r', 'blockSize', r) || DEFAULTS.r;
    p = either('p', 'parallelization', p) || DEFAULTS.p;
    if (options.maxmem !== undefined) {
      maxmem = options.maxmem;
      require('internal/crypto/validate').integer(maxmem, 'maxmem', 0);
      if (maxmem === 0) maxmem = DEFAULTS.maxmem;
    }
  }
  return [password, salt, keylen, N, r, p, maxmem];
}

function scrypt(password, salt, keylen, options, callback = options) {
  if (callback === options) options = DEFAULTS;
  const args = scryptArgs(password, salt, keylen, options);
  checkCallback(callback);
  answer(native['crypto.scrypt.later'](...args), callback, toBuffer);
}

const scryptSync = (password, salt, keylen, options = DEFAULTS) => toBuffer(native['crypto.scrypt'](...scryptArgs(password, salt, keylen, options)));

function hkdfArgs(digest, key, salt, info, length) {
  string(digest, 'digest');
  if (typeof key === 'object' && key !== null && !ArrayBuffer.isView(key)) key = require('internal/crypto/keys').secretBytes(key) ?? key;
  key = toBytes(key, 'ikm', undefined, true, 'of type string or an instance of SecretKeyObject, ArrayBuffer, Buffer, TypedArray, or DataView');
  salt = toBytes(salt, 'salt');
  info = toBytes(info, 'info');
  int32(length, 'length', 0);
  if (info.byteLength > 1024) throw outOfRange('info', 'must not contain more than 1024 bytes', info.byteLength);
  checkDigest(digest);
  return [digest, key, salt, info, length];
}

const toArrayBuffer = (bytes) => bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);

const hkdfSync = (digest, key, salt, info, length) => toArrayBuffer(native['crypto.hkdf'](...hkdfArgs(digest, key, salt, info, length)));

function hkdf(digest, key, salt, info, length, callback) {
  const args = hkdfArgs(digest, key, salt, info, length);
  checkCallback(callback);
  let result;
  try {
    result = native['crypto.hkdf'](...args);
  } catch (error) {
    if (error.code !== '' && error.code !== undefined) throw error;
    process.nextTick(callback, error);
    return;
  }
  process.nextTick(callback, null, toArrayBuffer(result));
}

module.exports = { pbkdf2, pbkdf2Sync, scrypt, scryptSync, hkdf, hkdfSync };
