'use strict';

var PARAMETERS = require('./apis').PARAMETERS;

function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function assign(target, source) {
  Object.keys(source).forEach(function (name) {
    target[name] = source[name];
  });
  return target;
}

/** Options of a call over those that `init` was given. */
function over(defaults, options) {
  if (options === undefined || options === null) return defaults;
  // The server says what is wrong with it.
  if (!isObject(options)) return options;
  var merged = assign(assign({}, defaults), options);
  if (isObject(defaults.notify) && isObject(options.notify)) merged.notify = assign(assign({}, defaults.notify), options.notify);
  return merged;
}

/**
 * The arguments of a call together with the options that `init` was given. Arguments that came one by one get their
 * names, since options are told from them by an object of arguments only.
 */
exports.withDefaults = function (api, args, defaults) {
  if (!defaults) return args;
  if (isObject(args[0])) return [args[0], over(defaults, args[1])].concat(args.slice(2));
  var names = PARAMETERS[api];
  if (!names || args.length > names.length + 1) return args;
  var params = {};
  names.slice(0, args.length).forEach(function (name, i) {
    params[name] = args[i];
  });
  return [params, over(defaults, args[names.length])];
};

exports.isObject = isObject;
