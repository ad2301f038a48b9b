// npm `string_decoder`.
module.exports = require('npm:string_decoder/');
