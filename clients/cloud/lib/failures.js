'use strict';

/** An error with a code. Its message is shown by `JSON.stringify` too, which many mini programs log errors with. */
function failure(code, message) {
  var error = new Error(message);
  error.name = 'CloudError';
  error.code = code;
  Object.defineProperty(error, 'message', { value: message, enumerable: true, writable: true, configurable: true });
  return error;
}

/** What a call is rejected with for what the SDK was rejected with, which for errors of the server is a plain object. */
function rejection(api, reason) {
  if (reason && reason.code === 'InvalidMethod.Format') {
    return failure('FEATURE_NOT_SUPPORT', 'cloud.' + api + ' needs a plugin for cloud calls, and the server has none');
  }
  // Errors of the SDK may come from another realm.
  var isError = Object.prototype.toString.call(reason) === '[object Error]';
  if (isError || !reason || typeof reason.code !== 'string') return reason;
  return failure(reason.code, typeof reason.message === 'string' ? reason.message : '');
}

exports.failure = failure;
exports.rejection = rejection;
