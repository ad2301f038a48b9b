// Text, bytes, URL-safe forms, validation.
const { Base64 } = require('js-base64');

module.exports = async (ctx) => ({
  encoded: Base64.encode('小飼弾'), url: Base64.encodeURI('小飼弾'), decoded: [Base64.decode('5bCP6aO85by+'), Base64.decode('5bCP6aO85by-')],
  bytes: Base64.fromUint8Array(new Uint8Array([100, 97, 110, 255]), true), back: Array.from(Base64.toUint8Array('ZGFu_w')),
  emoji: Base64.decode(Base64.encode('👨‍👩‍👧')), valid: [Base64.isValid('5bCP'), Base64.isValid('!!')],
  atob: Base64.atob(Base64.btoa('binary\xff')), utob: Base64.utob('é').length, version: typeof Base64.VERSION,
});
