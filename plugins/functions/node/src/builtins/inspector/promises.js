// Node.js's `inspector/promises`.
module.exports = require('inspector');
