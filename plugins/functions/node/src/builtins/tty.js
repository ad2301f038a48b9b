// Node.js's `tty`: nothing is a terminal.
'use strict';
const { absent } = require('internal/errors');
module.exports = { isatty: () => false, ReadStream: absent('tty.ReadStream'), WriteStream: absent('tty.WriteStream') };
