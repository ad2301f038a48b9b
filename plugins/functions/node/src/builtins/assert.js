// npm `assert`.
module.exports = require('npm:assert/');
