// Node.js's `dgram`: functions have no sockets for datagrams.
'use strict';
const { absent } = require('internal/errors');
module.exports = { createSocket: absent('dgram'), Socket: absent('dgram') };
