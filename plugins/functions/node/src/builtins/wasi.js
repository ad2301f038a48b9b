// Node.js's `wasi`: functions have no system calls.
'use strict';
const { absent } = require('internal/errors');
module.exports = { WASI: absent('wasi') };
