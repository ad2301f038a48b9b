// Node.js's `repl`: there is no terminal.
'use strict';
const { absent } = require('internal/errors');
module.exports = { start: absent('repl'), REPLServer: absent('repl'), Recoverable: SyntaxError, REPL_MODE_SLOPPY: Symbol('repl-sloppy'), REPL_MODE_STRICT: Symbol('repl-strict'), builtinModules: [] };
