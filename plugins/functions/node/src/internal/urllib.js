// ctx.httpclient: npm `urllib`, as the hosted cloud has it.
const urllib = require('urllib/lib/index.js');

module.exports = urllib;
