// Node.js's old `constants`: those of `os` and `fs` together.
'use strict';
const { errno, signals, priority, dlopen } = require('os').constants;
module.exports = Object.freeze({ ...dlopen, ...errno, ...priority, ...signals, ...require('fs').constants });
