// Buffer of npm `buffer`.
module.exports = require('npm:buffer/');
