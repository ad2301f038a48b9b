// What undici's fetch uses of crypto: boundaries of multipart bodies, and integrity metadata. It asks for it while it loads.
'use strict';

module.exports = {
  getHashes: () => ['sha256', 'sha384', 'sha512'],
  randomInt: (least, most) => least + Math.floor(Math.random() * (most - least)),
  createHash: (...args) => require('crypto').createHash(...args),
};
