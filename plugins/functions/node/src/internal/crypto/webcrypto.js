// The web's `crypto`: SubtleCrypto over the algorithms of internal/crypto/web_algorithms.
const { base64url, isBuffer, view } = require('internal/crypto/bytes');
const { failure } = require('internal/crypto/validate');
const { exception, getRandomValues, randomUUID } = require('internal/crypto/random');
const { heldBy, keyObject, share } = require('internal/crypto/keys');

const kMake = Symbol('kMake');

const illegal = () => failure(TypeError, 'ERR_ILLEGAL_CONSTRUCTOR', 'Illegal constructor');

class CryptoKey {
  #extractable;
  #algorithm;
  #usages;
  constructor(make, held, algorithm, extractable, usages) {
    if (make !== kMake) throw illegal();
    share(this, held);
    this.#extractable = extractable;
    this.#algorithm = algorithm;
    this.#usages = usages;
  }
  get type() {
    return heldBy(this).kind;
  }
  get extractable() {
    return this.#extractable;
  }
  get algorithm() {
    return this.#algorithm;
  }
  get usages() {
    return this.#usages;
  }
  get [Symbol.toStringTag]() {
    return 'CryptoKey';
  }
}

const USAGES = ['encrypt', 'decrypt', 'sign', 'verify', 'deriveKey', 'deriveBits', 'wrapKey', 'unwrapKey'];

function makeKey(held, algorithm, extractable, usages) {
  return new CryptoKey(kMake, held, algorithm, extractable, [...new Set(usages)]);
}

function checkUsages(usages, allowed) {
  const list = [...usages];
  for (const usage of list) {
    if (!USAGES.includes(usage)) throw failure(TypeError, 'ERR_INVALID_ARG_VALUE', `'${usage}' is not a valid enum value of type KeyUsage.`);
    if (!allowed.includes(usage)) throw exception('Unsupported key usage for the requested algorithm', 'SyntaxError', 12);
  }
  return list;
}

function bytesOf(data, name) {
  if (ArrayBuffer.isView(data) || isBuffer(data)) return view(data).slice();
  throw failure(TypeError, 'ERR_INVALID_ARG_TYPE', `${name} is not instance of ArrayBuffer, Buffer, TypedArray, or DataView.`);
}

const toArrayBuffer = (bytes) =>
  bytes.byteOffset === 0 && bytes.byteLength === bytes.buffer.byteLength ? bytes.buffer : bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);

// An algorithm for an operation: {name, …parameters, impl}.
function normalize(algorithm, op) {
  const { algorithms } = require('internal/crypto/web_algorithms');
  const given = typeof algorithm === 'string' ? { name: algorithm } : algorithm;
  if (typeof given !== 'object' || given === null || given.name === undefined) {
    throw failure(TypeError, 'ERR_MISSING_OPTION', 'AlgorithmIdentifier must have a name.');
  }
  const name = Object.keys(algorithms).find((known) => known.toLowerCase() === String(given.name).toLowerCase());
  if (name === undefined || typeof algorithms[name][op] !== 'function') throw exception('Unrecognized algorithm name', 'NotSupportedError', 9);
  const normal = { ...given, name, impl: algorithms[name] };
  if (normal.hash !== undefined) normal.hash = normalize(normal.hash, 'digest').name;
  for (const member of ['iv', 'counter', 'additionalData', 'label', 'salt', 'info', 'publicExponent']) {
    if (normal[member] !== undefined) normal[member] = bytesOf(normal[member], `algorithm.${member}`);
  }
  return normal;
}

function checkKey(key, usage, algorithm) {
  if (!(key instanceof CryptoKey)) throw failure(TypeError, 'ERR_INVALID_ARG_TYPE', 'The "key" argument must be an instance of CryptoKey.');
  if (algorithm !== undefined && key.algorithm.name !== algorithm.name) throw exception('Key algorithm mismatch', 'InvalidAccessError', 15);
  if (usage !== undefined && !key.usages.includes(usage)) {
    throw exception(`Unable to use this key to ${usage}`, 'InvalidAccessError', 15);
  }
}

// What a failure of the native side is on the web. What is computed wrong tells nothing.
async function operation(run, name = 'OperationError') {
  try {
    return await run();
  } catch (error) {
    if (typeof error?.code !== 'string') {
      if (error instanceof TypeError || (error?.name && error.name !== 'Error' && error.name !== 'RangeError')) throw error;
    } else if (error.code === 'ERR_INVALID_ARG_TYPE' || error.code === 'ERR_MISSING_OPTION' || error.code === 'ERR_OUT_OF_RANGE') {
      throw error;
    }
    const wrapped = exception('The operation failed for an operation-specific reason', name, 0);
    try {
      Object.defineProperty(wrapped, 'cause', { value: error, configurable: true, writable: true });
    } catch {
      // It stays without a cause.
    }
    throw wrapped;
  }
}

class SubtleCrypto {
  constructor(make) {
    if (make !== kMake) throw illegal();
  }
  async digest(algorithm, data) {
    const normal = normalize(algorithm, 'digest');
    return toArrayBuffer(normal.impl.digest(bytesOf(data, 'data')));
  }
  async generateKey(algorithm, extractable, usages) {
    const normal = normalize(algorithm, 'generateKey');
    const { impl } = normal;
    const wanted = checkUsages(usages, [...(impl.usages.secret ?? []), ...(impl.usages.private ?? []), ...(impl.usages.public ?? [])]);
    const made = await operation(() => impl.generateKey(normal));
    const needed = impl.usages.secret ?? impl.usages.private;
    if (!needed.some((usage) => wanted.includes(usage))) throw exception('Usages cannot be empty when creating a key.', 'SyntaxError', 12);
    if (impl.usages.secret) return makeKey(made.held, made.algorithm, Boolean(extractable), wanted);
    const [own, open] = made.pair;
    return {
      publicKey: makeKey(open, made.algorithm, true, wanted.filter((usage) => impl.usages.public.includes(usage))),
      privateKey: makeKey(own, made.algorithm, Boolean(extractable), wanted.filter((usage) => impl.usages.private.includes(usage))),
    };
  }
  async importKey(format, data, algorithm, extractable, usages) {
    const normal = normalize(algorithm, 'importKey');
    if (!['raw', 'pkcs8', 'spki', 'jwk'].includes(format)) {
      throw failure(TypeError, 'ERR_INVALID_ARG_VALUE', `'${format}' is not a valid enum value of type KeyFormat.`);
    }
    if (format === 'jwk') {
      if (typeof data !== 'object' || data === null || ArrayBuffer.isView(data) || isBuffer(data)) {
        throw failure(TypeError, 'ERR_INVALID_ARG_TYPE', 'keyData must be a JsonWebKey.');
      }
      data = { ...data };
    } else {
      data = bytesOf(data, 'keyData');
    }
    const { impl } = normal;
    const made = await operation(() => impl.importKey(format, data, normal, usages), 'DataError');
    const kind = made.held.kind;
    const wanted = checkUsages(usages, impl.usages[kind] ?? []);
    if (format === 'jwk') {
      if (data.ext === false && extractable) throw exception('JWK "ext" Parameter and extractable mismatch', 'DataError', 0);
      if (data.key_ops !== undefined && !wanted.every((usage) => data.key_ops.includes(usage))) {
        throw exception('Key operations and usage mismatch', 'DataError', 0);
      }
    }
    if (kind !== 'public' && wanted.length === 0) throw exception(`Usages cannot be empty when importing a ${kind} key.`, 'SyntaxError', 12);
    if (impl.neverExtractable && extractable) throw exception(`${normal.name} keys are not extractable`, 'SyntaxError', 12);
    return makeKey(made.held, made.algorithm, Boolean(extractable), wanted);
  }
  async exportKey(format, key) {
    checkKey(key);
    if (!key.extractable) throw exception('key is not extractable', 'InvalidAccessException', 15);
    return exportKey(format, key);
  }
  async sign(algorithm, key, data) {
    const normal = normalize(algorithm, 'sign');
    checkKey(key, 'sign', normal);
    const bytes = bytesOf(data, 'data');
    return toArrayBuffer(await operation(() => normal.impl.sign(heldBy(key), normal, bytes, key)));
  }
  async verify(algorithm, key, signature, data) {
    const normal = normalize(algorithm, 'verify');
    checkKey(key, 'verify', normal);
    const [given, bytes] = [bytesOf(signature, 'signature'), bytesOf(data, 'data')];
    return operation(() => normal.impl.verify(heldBy(key), normal, given, bytes, key));
  }
  async encrypt(algorithm, key, data) {
    const normal = normalize(algorithm, 'encrypt');
    checkKey(key, 'encrypt', normal);
    return toArrayBuffer(await operation(() => normal.impl.encrypt(heldBy(key), normal, bytesOf(data, 'data'), key)));
  }
  async decrypt(algorithm, key, data) {
    const normal = normalize(algorithm, 'decrypt');
    checkKey(key, 'decrypt', normal);
    return toArrayBuffer(await operation(() => normal.impl.decrypt(heldBy(key), normal, bytesOf(data, 'data'), key)));
  }
  async deriveBits(algorithm, key, length) {
    const normal = normalize(algorithm, 'deriveBits');
    checkKey(key, 'deriveBits', normal);
    return deriveBits(normal, key, length ?? null);
  }
  async deriveKey(algorithm, key, derived, extractable, usages) {
    const normal = normalize(algorithm, 'deriveBits');
    checkKey(key, 'deriveKey', normal);
    const target = normalize(derived, 'importKey');
    const length = target.impl.keyLength?.(target) ?? null;
    const bits = await deriveBits(normal, key, length);
    return this.importKey('raw', bits, derived, extractable, usages);
  }
  async wrapKey(format, key, wrapping, algorithm) {
    checkKey(key);
    const normal = normalizeEither(algorithm, 'wrapKey', 'encrypt');
    checkKey(wrapping, 'wrapKey', normal);
    if (!key.extractable) throw exception('key is not extractable', 'InvalidAccessException', 15);
    const exported = exportKey(format, key);
    const bytes = format === 'jwk' ? new Uint8Array(require('buffer').Buffer.from(JSON.stringify(exported), 'utf8')) : new Uint8Array(exported);
    const run = normal.impl.wrapKey ?? normal.impl.encrypt;
    return toArrayBuffer(await operation(() => run.call(normal.impl, heldBy(wrapping), normal, bytes, wrapping)));
  }
  async unwrapKey(format, wrapped, unwrapping, algorithm, keyAlgorithm, extractable, usages) {
    const normal = normalizeEither(algorithm, 'unwrapKey', 'decrypt');
    checkKey(unwrapping, 'unwrapKey', normal);
    const run = normal.impl.unwrapKey ?? normal.impl.decrypt;
    const bytes = await operation(() => run.call(normal.impl, heldBy(unwrapping), normal, bytesOf(wrapped, 'wrappedKey'), unwrapping));
    let data = bytes;
    if (format === 'jwk') {
      try {
        data = JSON.parse(require('buffer').Buffer.from(bytes).toString('utf8'));
      } catch {
        throw exception('Invalid wrapped JWK key', 'DataError', 0);
      }
    }
    return this.importKey(format, data, keyAlgorithm, extractable, usages);
  }
  get [Symbol.toStringTag]() {
    return 'SubtleCrypto';
  }
}

function normalizeEither(algorithm, first, second) {
  const { algorithms } = require('internal/crypto/web_algorithms');
  const name = String(typeof algorithm === 'string' ? algorithm : algorithm?.name).toLowerCase();
  const known = Object.keys(algorithms).find((other) => other.toLowerCase() === name);
  return normalize(algorithm, known !== undefined && typeof algorithms[known][first] === 'function' ? first : second);
}

async function deriveBits(normal, key, length) {
  if (length !== null && (typeof length !== 'number' || !Number.isInteger(length) || length < 0 || length > 2 ** 32)) {
    throw failure(TypeError, 'ERR_INVALID_ARG_TYPE', 'length must be a whole number');
  }
  return toArrayBuffer(await operation(() => normal.impl.deriveBits(heldBy(key), normal, length, key)));
}

function exportKey(format, key) {
  const { algorithms } = require('internal/crypto/web_algorithms');
  const held = heldBy(key);
  const { name } = key.algorithm;
  const unsupported = () => exception(`Unable to export a raw ${name} ${held.kind} key`, 'InvalidAccessError', 15);
  switch (format) {
    case 'jwk': {
      const members = held.kind === 'secret' ? { kty: 'oct', k: base64url(held.bytes) } : keyObject(held).export({ format: 'jwk' });
      const alg = algorithms[name].jwkName?.(key, held);
      return { ...members, ...(alg === undefined ? {} : { alg }), key_ops: [...key.usages], ext: key.extractable };
    }
    case 'raw':
      if (held.kind === 'secret') return held.bytes.slice().buffer;
      if (held.kind !== 'public' || !algorithms[name].raw) throw unsupported();
      return toArrayBuffer(internal.native['crypto.key.export_raw'](held.kind, held.der));
    case 'spki':
    case 'pkcs8':
      if (held.kind !== (format === 'spki' ? 'public' : 'private')) throw exception(`Unable to export a ${name} ${held.kind} key as ${format}`, 'InvalidAccessError', 15);
      return held.der.slice().buffer;
    default:
      throw failure(TypeError, 'ERR_INVALID_ARG_VALUE', `'${format}' is not a valid enum value of type KeyFormat.`);
  }
}

class Crypto {
  constructor(make) {
    if (make !== kMake) throw illegal();
  }
  get subtle() {
    return subtle;
  }
  getRandomValues(array) {
    return getRandomValues(array);
  }
  randomUUID() {
    return randomUUID();
  }
  get CryptoKey() {
    return CryptoKey;
  }
  get [Symbol.toStringTag]() {
    return 'Crypto';
  }
}

const subtle = new SubtleCrypto(kMake);
const webcrypto = new Crypto(kMake);

module.exports = { webcrypto, Crypto, CryptoKey, SubtleCrypto };
