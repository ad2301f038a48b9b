// npm `path-browserify`: the paths of POSIX.
module.exports = require('path-browserify');
