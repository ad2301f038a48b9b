// Queries for npm `url`, which would bring a parser of its own.
'use strict';
const querystring = require('querystring');
module.exports = { parse: (query) => querystring.parse(query), stringify: (query) => querystring.stringify(query) };
