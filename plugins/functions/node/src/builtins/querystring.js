// npm `querystring-es3`.
module.exports = require('querystring-es3');
