// The streams of npm `readable-stream`, which is Node.js's own code.
module.exports = require('readable-stream');
