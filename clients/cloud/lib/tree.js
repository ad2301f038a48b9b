'use strict';

/**
 * Hangs `call(path)` under each path's names: `a.b.c` as `root.a.b.c`. Where the engine has proxies, paths that are not
 * listed can be called too, so that the server can have more APIs than this package knows; elsewhere they are undefined.
 */
exports.grow = function (root, paths, call) {
  paths.forEach(function (path) {
    var names = path.split('.');
    var last = names.pop();
    var node = names.reduce(function (parent, name) {
      if (!Object.prototype.hasOwnProperty.call(parent, name)) parent[name] = {};
      return parent[name];
    }, root);
    node[last] = call(path);
  });
  return typeof Proxy === 'function' ? open(root, '', call) : root;
};

/** Names that the language and its tools look for by themselves. A call of them would be one that nobody asked for. */
var LOOKED_FOR = ['then', 'toJSON', 'inspect', 'nodeType', '$$typeof', '__esModule', 'default', 'prototype'];

function open(node, path, call) {
  var begin = path === '' ? '' : path + '.';
  Object.keys(node).forEach(function (name) {
    if (typeof node[name] === 'object') node[name] = open(node[name], begin + name, call);
  });
  return new Proxy(node, {
    get: function (target, name) {
      if (name in target || typeof name !== 'string' || LOOKED_FOR.indexOf(name) >= 0) return target[name];
      return open(call(begin + name), begin + name, call);
    }
  });
}
