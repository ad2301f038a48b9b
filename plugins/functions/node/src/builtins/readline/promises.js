// Node.js's `readline/promises`.
'use strict';
const readline = require('readline');

class Interface extends readline.Interface {
  question(query, options = {}) {
    return new Promise((resolve) => super.question(query, options, resolve));
  }
}

module.exports = { Interface, createInterface: (...args) => new Interface(...args) };
