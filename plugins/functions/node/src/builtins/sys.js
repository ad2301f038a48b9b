// Node.js's old name of `util`.
module.exports = require('util');
