// Deep comparison: npm `assert`, which is Node.js's own code.
'use strict';
module.exports = require('npm:assert/build/internal/util/comparisons.js');
