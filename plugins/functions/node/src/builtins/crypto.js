// node:crypto. Each topic is in a file of its own, which is loaded when something of it is first used.

const TOPICS = {
  hash: ['Hash', 'Hmac', 'hash'],
  random: ['checkPrime', 'checkPrimeSync', 'generatePrime', 'generatePrimeSync', 'randomBytes', 'randomFill', 'randomFillSync', 'randomInt', 'randomUUID', 'timingSafeEqual'],
  kdf: ['hkdf', 'hkdfSync', 'pbkdf2', 'pbkdf2Sync', 'scrypt', 'scryptSync'],
  cipher: ['Cipher', 'Cipheriv', 'Decipher', 'Decipheriv', 'getCipherInfo', 'privateDecrypt', 'privateEncrypt', 'publicDecrypt', 'publicEncrypt'],
  keys: ['createPrivateKey', 'createPublicKey', 'createSecretKey', 'KeyObject'],
  keygen: ['generateKey', 'generateKeyPair', 'generateKeyPairSync', 'generateKeySync'],
  sign: ['Sign', 'Verify', 'sign', 'verify'],
  dh: ['DiffieHellman', 'DiffieHellmanGroup', 'ECDH', 'diffieHellman'],
  x509: ['Certificate', 'X509Certificate'],
  names: ['constants', 'getCiphers', 'getCurves', 'getHashes'],
};

// Constructors that are functions as well.
const CREATED = {
  createCipher: 'Cipher',
  createCipheriv: 'Cipheriv',
  createDecipher: 'Decipher',
  createDecipheriv: 'Decipheriv',
  createDiffieHellman: 'DiffieHellman',
  createDiffieHellmanGroup: 'DiffieHellmanGroup',
  createECDH: 'ECDH',
  createHash: 'Hash',
  createHmac: 'Hmac',
  createSign: 'Sign',
  createVerify: 'Verify',
  getDiffieHellman: 'DiffieHellmanGroup',
};

function lazy(name, make, enumerable = true) {
  const settle = (value) => Object.defineProperty(exports, name, { value, writable: true, configurable: true, enumerable });
  Object.defineProperty(exports, name, {
    get() {
      const value = make();
      settle(value);
      return value;
    },
    set: settle,
    configurable: true,
    enumerable,
  });
}

for (const [topic, names] of Object.entries(TOPICS)) {
  for (const name of names) lazy(name, () => require(`internal/crypto/${topic}`)[name]);
}

for (const [name, type] of Object.entries(CREATED)) {
  const deprecated = name === 'createCipher' || name === 'createDecipher';
  lazy(
    name,
    () => {
      const Type = exports[type];
      return { [name]: (a, b, c, d) => new Type(a, b, c, d) }[name];
    },
    !deprecated,
  );
}

for (const name of ['webcrypto', 'subtle', 'getRandomValues']) {
  Object.defineProperty(exports, name, {
    get() {
      const { webcrypto } = require('internal/crypto/webcrypto');
      if (name === 'webcrypto') return webcrypto;
      return name === 'subtle' ? webcrypto.subtle : require('internal/crypto/random').getRandomValues;
    },
    set: undefined,
    configurable: true,
    enumerable: true,
  });
}

for (const name of ['prng', 'pseudoRandomBytes', 'rng']) lazy(name, () => exports.randomBytes, false);

const unavailable = (what) => {
  throw Object.assign(new Error(`${what} is not available in cloud functions`), { code: 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM' });
};

exports.getFips = () => 0;
exports.setFips = (fips) => {
  if (fips) unavailable('FIPS mode');
};
exports.setEngine = () => unavailable('crypto.setEngine');
exports.secureHeapUsed = () => ({ total: 0, min: 0, used: 0, utilization: 0 });
Object.defineProperty(exports, 'fips', { get: () => 0, set: exports.setFips, configurable: true, enumerable: false });
