// Node.js's `inspector`: functions are not debugged from within.
'use strict';
const { absent } = require('internal/errors');
module.exports = { Session: absent('inspector'), open: absent('inspector'), close() {}, url: () => undefined, waitForDebugger: absent('inspector'), console: globalThis.console, Network: {} };
