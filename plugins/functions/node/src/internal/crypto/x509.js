// X509Certificate.
const { isBuffer, toBuffer, toBytes } = require('internal/crypto/bytes');
const { failure, invalidType, invalidValue, object, string } = require('internal/crypto/validate');
const { heldBy, isKeyObject, keyObject } = require('internal/crypto/keys');

const { native } = internal;

// The parts of a host name, in lower case; `undefined` for what is none.
const labels = (name) => name.replace(/\.$/, '').toLowerCase().split('.');

function matches(pattern, host, { wildcards, partialWildcards }) {
  const [want, have] = [labels(pattern), labels(host)];
  if (want.length !== have.length || have.some((label) => label === '')) return false;
  for (let index = want.length - 1; index > 0; index--) if (want[index] !== have[index]) return false;
  if (want[0] === have[0]) return true;
  if (!wildcards || want.length < 3 || !want[0].includes('*')) return false;
  if (want[0] === '*') return true;
  const [before, after, more] = want[0].split('*');
  // A star is at one end of the label.
  if (!partialWildcards || more !== undefined || (before !== '' && after !== '') || want[0].startsWith('xn--') || have[0].startsWith('xn--')) return false;
  return have[0].length >= before.length + after.length && have[0].startsWith(before) && have[0].endsWith(after);
}

function alternatives(text, kind) {
  if (text === undefined) return [];
  const found = [];
  for (const [, name, quoted, plain] of text.matchAll(/(DNS|IP Address|email|URI|DirName):(?:("(?:[^"\\]|\\.)*")|([^,]*))/g)) {
    if (name === kind) found.push(quoted === undefined ? plain : JSON.parse(quoted));
  }
  return found;
}

// An address as whole numbers, to compare what is written in two ways.
function address(text) {
  if (/^\d{1,3}(\.\d{1,3}){3}$/.test(text)) return text.split('.').map(Number).join('.');
  if (!text.includes(':')) return undefined;
  const [left, right] = text.split('::');
  const groups = (part) => (part ? part.split(':') : []);
  const [a, b] = [groups(left), groups(right)];
  const all = right === undefined ? a : [...a, ...Array(Math.max(0, 8 - a.length - b.length)).fill('0'), ...b];
  return all.length === 8 && all.every((group) => /^[0-9a-f]{1,4}$/i.test(group)) ? all.map((group) => parseInt(group, 16)).join(':') : undefined;
}

function legacy(fields) {
  const out = { __proto__: null };
  for (const [name, value] of fields) {
    if (out[name] === undefined) out[name] = value;
    else out[name] = Array.isArray(out[name]) ? [...out[name], value] : [out[name], value];
  }
  return out;
}

class X509Certificate {
  #facts;
  #publicKey;
  constructor(buffer) {
    if (typeof buffer !== 'string' && !ArrayBuffer.isView(buffer) && !isBuffer(buffer)) {
      throw invalidType('buffer', 'of type string or an instance of Buffer, TypedArray, or DataView', buffer);
    }
    this.#facts = native['crypto.x509.read'](toBytes(buffer, 'buffer'));
  }
  get subject() {
    return this.#facts.subject || undefined;
  }
  get issuer() {
    return this.#facts.issuer || undefined;
  }
  get subjectAltName() {
    return this.#facts.subjectAltName;
  }
  get infoAccess() {
    return this.#facts.infoAccess;
  }
  get issuerCertificate() {
    return undefined;
  }
  get validFrom() {
    return this.#facts.validFrom;
  }
  get validTo() {
    return this.#facts.validTo;
  }
  get fingerprint() {
    return this.#facts.fingerprint;
  }
  get fingerprint256() {
    return this.#facts.fingerprint256;
  }
  get fingerprint512() {
    return this.#facts.fingerprint512;
  }
  get keyUsage() {
    return this.#facts.keyUsage;
  }
  get serialNumber() {
    return this.#facts.serialNumber;
  }
  get raw() {
    return toBuffer(this.#facts.raw);
  }
  get ca() {
    return this.#facts.ca;
  }
  get publicKey() {
    this.#publicKey ??= keyObject(this.#facts.publicKey);
    return this.#publicKey;
  }
  toString() {
    return this.#facts.pem;
  }
  toJSON() {
    return this.toString();
  }
  verify(key) {
    if (!isKeyObject(key)) throw invalidType('pkey', 'an instance of KeyObject', key);
    if (key.type !== 'public') throw invalidValue('pkey', key);
    return native['crypto.x509.verify'](this.#facts.raw, heldBy(key).der);
  }
  checkPrivateKey(key) {
    if (!isKeyObject(key)) throw invalidType('pkey', 'an instance of KeyObject', key);
    if (key.type !== 'private') throw invalidValue('pkey', key);
    return native['crypto.equal'](native['crypto.key.public'](heldBy(key).der).der, this.#facts.publicKey.der);
  }
  checkIssued(other) {
    if (!(other instanceof X509Certificate)) throw invalidType('otherCert', 'an instance of X509Certificate', other);
    return native['crypto.x509.issued'](this.#facts.raw, other.#facts.raw);
  }
  checkHost(name, options = {}) {
    string(name, 'name');
    object(options, 'options');
    const { subject = 'default', wildcards = true, partialWildcards = true } = options;
    const names = alternatives(this.#facts.subjectAltName, 'DNS');
    let found = names.find((pattern) => matches(pattern, name, { wildcards, partialWildcards }));
    if (found === undefined && (subject === 'always' || (subject === 'default' && names.length === 0))) {
      const common = this.#facts.subjectFields.filter(([key]) => key === 'CN').map(([, value]) => value);
      found = common.find((pattern) => matches(pattern, name, { wildcards, partialWildcards }));
    }
    return found;
  }
  checkEmail(email, options = {}) {
    string(email, 'email');
    object(options, 'options');
    const { subject = 'default' } = options;
    const normal = (text) => text.replace(/@.*/, (domain) => domain.toLowerCase());
    const names = alternatives(this.#facts.subjectAltName, 'email');
    if (names.some((name) => normal(name) === normal(email))) return email;
    if (subject === 'always' || (subject === 'default' && names.length === 0)) {
      if (this.#facts.subjectFields.some(([key, value]) => key === 'emailAddress' && normal(value) === normal(email))) return email;
    }
    return undefined;
  }
  checkIP(ip) {
    string(ip, 'ip');
    const wanted = address(ip);
    if (wanted === undefined) throw failure(TypeError, 'ERR_INVALID_ARG_VALUE', 'Invalid IP');
    return alternatives(this.#facts.subjectAltName, 'IP Address').some((name) => address(name) === wanted) ? ip : undefined;
  }
  toLegacyObject() {
    const facts = this.#facts;
    const details = this.publicKey.asymmetricKeyDetails;
    const out = {
      subject: legacy(facts.subjectFields),
      issuer: legacy(facts.issuerFields),
      subjectaltname: facts.subjectAltName,
      infoAccess: facts.infoAccess,
      ca: facts.ca,
      bits: details.modulusLength,
      valid_from: facts.validFrom,
      valid_to: facts.validTo,
      fingerprint: facts.fingerprint,
      fingerprint256: facts.fingerprint256,
      fingerprint512: facts.fingerprint512,
      ext_key_usage: facts.keyUsage,
      serialNumber: facts.serialNumber,
      raw: this.raw,
    };
    for (const [name, value] of Object.entries(out)) if (value === undefined) delete out[name];
    return out;
  }
}

// SPKAC, a format of browsers of the past.
class Certificate {
  static #unavailable() {
    throw failure(Error, 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM', 'SPKAC is not available in cloud functions');
  }
  static exportChallenge() {
    Certificate.#unavailable();
  }
  static exportPublicKey() {
    Certificate.#unavailable();
  }
  static verifySpkac() {
    Certificate.#unavailable();
  }
  exportChallenge() {
    Certificate.#unavailable();
  }
  exportPublicKey() {
    Certificate.#unavailable();
  }
  verifySpkac() {
    Certificate.#unavailable();
  }
}

module.exports = { X509Certificate, Certificate };
