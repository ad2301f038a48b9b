// Node.js's `stream/promises`: of npm `readable-stream`.
'use strict';
const { promises } = require('stream');
module.exports = { finished: promises.finished, pipeline: promises.pipeline };
