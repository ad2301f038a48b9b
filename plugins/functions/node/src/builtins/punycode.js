// npm `punycode`.
module.exports = require('npm:punycode/');
