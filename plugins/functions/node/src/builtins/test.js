// Node.js's `node:test`: functions run no tests.
'use strict';
const { absent } = require('internal/errors');
module.exports = absent('node:test');
for (const name of ['test', 'it', 'describe', 'suite', 'before', 'after', 'beforeEach', 'afterEach', 'run', 'skip', 'todo', 'only']) module.exports[name] = absent('node:test');
module.exports.mock = {};
