// New keys and pairs of keys.
const { answer } = require('internal/crypto/bytes');
const { exported, keyObject, privateEncoding, publicEncoding, secretKey } = require('internal/crypto/keys');
const { callback: checkCallback, failure, integer, invalidType, invalidValue, object, oneOf, string, uint32 } = require('internal/crypto/validate');

const { native } = internal;

const TYPES = ['rsa', 'rsa-pss', 'dsa', 'ec', 'ed25519', 'ed448', 'x25519', 'x448', 'dh'];

function plan(type, options) {
  string(type, 'type');
  if (!TYPES.includes(type)) throw failure(TypeError, 'ERR_INVALID_ARG_VALUE', `The argument 'type' must be a supported key type. Received '${type}'`);
  const asked = {};
  if (options !== undefined) object(options, 'options');
  else if (!['ed25519', 'ed448', 'x25519', 'x448'].includes(type)) throw invalidType('options', 'of type object', options);
  switch (type) {
    case 'rsa':
    case 'rsa-pss': {
      uint32(options.modulusLength, 'options.modulusLength');
      asked.modulusLength = options.modulusLength;
      if (options.publicExponent !== undefined) uint32(options.publicExponent, 'options.publicExponent');
      asked.publicExponent = options.publicExponent ?? 65537;
      if (type === 'rsa-pss' && (options.hashAlgorithm ?? options.mgf1HashAlgorithm ?? options.hash ?? options.saltLength) !== undefined) {
        throw failure(Error, 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM', 'new RSA-PSS keys with restrictions are not available in cloud functions');
      }
      break;
    }
    case 'dsa':
      uint32(options.modulusLength, 'options.modulusLength');
      asked.modulusLength = options.modulusLength;
      break;
    case 'ec':
      string(options.namedCurve, 'options.namedCurve');
      asked.namedCurve = options.namedCurve;
      if (options.paramEncoding !== undefined && options.paramEncoding !== null) {
        if (options.paramEncoding !== 'named' && options.paramEncoding !== 'explicit') throw invalidValue('options.paramEncoding', options.paramEncoding);
        asked.paramEncoding = options.paramEncoding;
      }
      break;
    case 'dh':
      if (options.group !== undefined) {
        string(options.group, 'options.group');
        asked.group = options.group;
      } else if (options.prime !== undefined) {
        if (!ArrayBuffer.isView(options.prime)) throw invalidType('options.prime', 'an instance of Buffer, TypedArray, or DataView', options.prime);
        asked.prime = options.prime;
      } else if (options.primeLength === undefined) {
        throw failure(TypeError, 'ERR_MISSING_ARGS', 'At least one of the group, prime, or primeLength options is required');
      }
      if (options.generator !== undefined) uint32(options.generator, 'options.generator');
      asked.generator = options.generator ?? 2;
      break;
    default:
  }
  const { publicKeyEncoding, privateKeyEncoding } = options ?? {};
  const encode = (encoding, parse, name) => {
    if (encoding === undefined || encoding === null) return keyObject;
    if (typeof encoding !== 'object') throw invalidValue(`options.${name}`, encoding);
    if (encoding.format === 'jwk') return (held) => keyObject(held).export({ format: 'jwk' });
    const parsed = parse(encoding, type, `options.${name}`);
    return (held) => exported(held, parsed);
  };
  const toPublic = encode(publicKeyEncoding, publicEncoding, 'publicKeyEncoding');
  const toPrivate = encode(privateKeyEncoding, privateEncoding, 'privateKeyEncoding');
  return { asked, finish: ([priv, pub]) => ({ publicKey: toPublic(pub), privateKey: toPrivate(priv) }) };
}

function generateKeyPairSync(type, options) {
  const { asked, finish } = plan(type, options);
  return finish(native['crypto.generate'](type, asked));
}

function generateKeyPair(type, options, callback) {
  if (typeof options === 'function') {
    callback = options;
    options = undefined;
  }
  checkCallback(callback);
  const { asked, finish } = plan(type, options);
  native['crypto.generate.later'](type, asked).then(
    (pair) => {
      const { publicKey, privateKey } = finish(pair);
      process.nextTick(callback, null, publicKey, privateKey);
    },
  ).catch((error) => process.nextTick(callback, error));
}

Object.defineProperty(generateKeyPair, Symbol.for('nodejs.util.promisify.custom'), {
  value: (type, options) =>
    new Promise((resolve, reject) => {
      generateKeyPair(type, options, (error, publicKey, privateKey) => (error ? reject(error) : resolve({ publicKey, privateKey })));
    }),
  configurable: true,
});

function secretLength(type, options) {
  string(type, 'type');
  object(options, 'options');
  const { length } = options;
  if (type === 'hmac') integer(length, 'options.length', 8, 2147483647);
  else if (type === 'aes') {
    if (![128, 192, 256].includes(length)) oneOf(length, 'options.length', [128, 192, 256]);
  } else throw failure(TypeError, 'ERR_INVALID_ARG_VALUE', `The argument 'type' must be a supported key type. Received '${type}'`);
  return Math.floor(length / 8);
}

const generateKeySync = (type, options) => secretKey(new Uint8Array(require('internal/crypto/random').randomBytes(secretLength(type, options))));

function generateKey(type, options, callback) {
  checkCallback(callback);
  const key = generateKeySync(type, options);
  answer(Promise.resolve(key), callback);
}

module.exports = { generateKeyPair, generateKeyPairSync, generateKey, generateKeySync };
