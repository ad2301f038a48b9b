// npm `events`.
module.exports = require('npm:events/');
