// Strings, binary strings, buffers and arrays against RFC 1321's vectors.
const md5 = require('md5');

module.exports = async (ctx) => ({
  empty: md5(''), abc: md5('abc'), alphabet: md5('abcdefghijklmnopqrstuvwxyz'), chinese: md5('中文'), buffer: md5(Buffer.from('abc')),
  array: md5([97, 98, 99]), bytes: md5('abc', { asBytes: true }).slice(0, 4), binary: md5('ÿ', { encoding: 'binary' }),
  typed: md5(new Uint8Array([97, 98, 99])),
  sign: md5(['appid=wx1', 'nonce_str=abc', 'key=192006250b4c09247ec02edce69f6a2d'].join('&')).toUpperCase(),
  bad: (() => { try { return md5(undefined); } catch (error) { return error.message; } })(),
});
