// dns with promises.
module.exports = require('dns').promises;
