// `util.inspect` and `util.format`: npm `node-inspect-extracted`, which is Node.js's own code; `build.mjs` has it ask the engine for
// what only that knows.
'use strict';
const { inspect, format, formatWithOptions, stripVTControlCharacters, getStringWidth } = require('node-inspect-extracted');

module.exports = { inspect, format, formatWithOptions, stripVTControlCharacters, getStringWidth };
