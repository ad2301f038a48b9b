'use strict';

// The syntax is ES5, and nothing newer than promises is needed, since mini programs run on old phones without a build.

var apis = require('./lib/apis');
var failures = require('./lib/failures');
var options = require('./lib/options');
var transport = require('./lib/transport');
var tree = require('./lib/tree');

var METHOD = 'serverless.cloudcall.invoke';

/** What `init` was given: how to send, and options for every call. */
var connection = null;

function init(mpserverless, given) {
  var send = transport.sender(mpserverless);
  if (!send) throw failures.failure('INVALID_PARAM', 'cloud.init needs an object of @alicloud/mpserverless-sdk');
  connection = { send: send, options: options.isObject(given) ? given : null };
}

function invoke(path, given) {
  var api = Object.prototype.hasOwnProperty.call(apis.ALIASES, path) ? apis.ALIASES[path] : path;
  if (!connection) return Promise.reject(failures.failure('SYS_INIT', 'cloud.init was not called'));
  var to = connection;
  var args;
  try {
    // As the server will see them.
    args = options.withDefaults(api, JSON.parse(JSON.stringify(given)), to.options);
  } catch (error) {
    return Promise.reject(failures.failure('INVALID_PARAM', 'the arguments of cloud.' + api + ' are no JSON: ' + error.message));
  }
  return Promise.resolve()
    .then(function () {
      return to.send(METHOD, { api: api, args: args });
    })
    .then(answer, function (reason) {
      throw failures.rejection(api, reason);
    });
}

/** The SDK puts what a method answers under `result`, unless it looks like an answer of the database. */
function answer(body) {
  return options.isObject(body) && options.isObject(body.result) && typeof body.affectedDocs !== 'number' ? body.result : body;
}

var cloud = { init: init };
var exported = tree.grow(cloud, Object.keys(apis.PARAMETERS).concat(Object.keys(apis.ALIASES)), function (path) {
  return function () {
    return invoke(path, Array.prototype.slice.call(arguments));
  };
});
// For compilers that turn `import cloud from` into `require`.
Object.defineProperty(cloud, '__esModule', { value: true });
Object.defineProperty(cloud, 'default', { value: exported });

module.exports = exported;
