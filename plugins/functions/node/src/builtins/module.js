// Node.js's `module`; ours.
'use strict';
const { invalidArgValue, unavailable } = require('internal/errors');

function Module(id = '', parent) {
  this.id = id;
  this.path = require('path').dirname(id);
  this.exports = {};
  this.filename = null;
  this.loaded = false;
  this.children = [];
  this.parent = parent;
}

function createRequire(from) {
  let filename = from;
  if (filename instanceof URL || (typeof filename === 'string' && filename.startsWith('file:'))) filename = require('url').fileURLToPath(filename);
  if (typeof filename !== 'string' || !filename.startsWith('/')) throw invalidArgValue('filename', from, 'must be a file URL object, file URL string, or absolute path string');
  const folder = filename.endsWith('/') ? filename.slice(0, -1) || '/' : require('path').dirname(filename);
  return internal.requireFrom(folder);
}

const isBuiltin = (name) => typeof name === 'string' && internal.isBuiltin(name.replace(/^node:/, ''));
const absent = (name) => () => {
  throw unavailable(`module.${name}()`);
};

module.exports = Object.assign(Module, {
  Module,
  createRequire,
  isBuiltin,
  builtinModules: internal.builtinNames().filter((name) => name !== 'test').sort(),
  globalPaths: [],
  _extensions: { '.js': absent('_extensions'), '.json': absent('_extensions') },
  _cache: {},
  _pathCache: {},
  _nodeModulePaths(from) {
    const paths = [];
    for (let folder = require('path').resolve(from); ; folder = require('path').dirname(folder)) {
      if (!folder.endsWith('/node_modules')) paths.push(`${folder === '/' ? '' : folder}/node_modules`);
      if (folder === '/') return paths;
    }
  },
  _resolveFilename: (request, parent) => internal.requireFrom(parent?.filename ? require('path').dirname(parent.filename) : '/code').resolve(request),
  _load: (request, parent) => internal.requireFrom(parent?.filename ? require('path').dirname(parent.filename) : '/code')(request),
  wrap: (script) => `(function (exports, require, module, __filename, __dirname) { ${script}\n});`,
  register: absent('register'),
  syncBuiltinESMExports() {},
  findSourceMap: () => undefined,
  SourceMap: class SourceMap {
    constructor() {
      throw unavailable('module.SourceMap');
    }
  },
});
Module.prototype.require = function (request) {
  return Module._load(request, this);
};
Module.prototype._compile = absent('_compile');
