// Random ids of the usual and custom alphabets, the asynchronous build and the non-secure one.
const { nanoid, customAlphabet, customRandom, urlAlphabet } = require('nanoid');
const { nanoid: later } = require('nanoid/async');
const { nanoid: weak } = require('nanoid/non-secure');

module.exports = async (ctx) => {
  const ids = Array.from({ length: 200 }, () => nanoid());
  const digits = customAlphabet('0123456789', 12)();
  const fixed = customRandom('abcdef', 10, (size) => Uint8Array.from({ length: size }, (_, index) => index * 7));
  return {
    unique: new Set(ids).size, form: ids.every((id) => /^[\w-]{21}$/.test(id)), short: nanoid(8).length, alphabet: urlAlphabet.length,
    digits: /^\d{12}$/.test(digits), fixed: fixed(), later: (await later(10)).length, weak: /^[\w-]{5}$/.test(weak(5)),
  };
};
