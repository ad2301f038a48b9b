// npm `util`, with the formatting of `console`.
module.exports = require('npm:util/');
