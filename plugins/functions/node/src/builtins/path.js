// Paths: those of POSIX by npm `path-browserify`, which is Node.js's own code; those of Windows are ours.
'use strict';
const posix = require('path-browserify');
const { validateString } = require('internal/validators');

// The package was written before these errors had their codes.
for (const name of ['normalize', 'isAbsolute', 'dirname', 'extname', 'parse']) {
  const run = posix[name];
  posix[name] = (path) => {
    validateString(path, 'path');
    return run(path);
  };
}
for (const name of ['join', 'resolve']) {
  const run = posix[name];
  posix[name] = (...paths) => {
    for (let i = 0; i < paths.length; i++) validateString(paths[i], name === 'resolve' ? `paths[${i}]` : 'path');
    return run(...paths);
  };
}
const { basename, relative, format } = posix;
posix.basename = (path, suffix) => {
  validateString(path, 'path');
  if (suffix !== undefined) validateString(suffix, 'ext');
  return basename(path, suffix);
};
posix.relative = (from, to) => {
  validateString(from, 'from');
  validateString(to, 'to');
  return relative(from, to);
};
posix.format = (parts) => {
  if (parts !== null && typeof parts === 'object' && !parts.base && parts.ext && !parts.ext.startsWith('.')) parts = { ...parts, ext: `.${parts.ext}` };
  return format(parts);
};
posix.toNamespacedPath = (path) => path;
delete posix._makeLong;

let win32;
Object.defineProperty(posix, 'win32', { get: () => (win32 ??= Object.assign(require('internal/win32_path'), { posix })), enumerable: true, configurable: true });
posix.posix = posix;
module.exports = posix;
