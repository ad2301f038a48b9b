// Errors with Node.js's codes.

exports.nodeError = (Type, code, message, fields) => {
  const error = new Type(message);
  error.code = code;
  Object.defineProperty(error, 'stack', { value: `${error.name} [${code}]: ${`${error.stack}`.replace(/^[^:]*: /, '')}`, writable: true, configurable: true, enumerable: false });
  return Object.assign(error, fields);
};

// What a builtin has in Node.js and cannot have here.
exports.unavailable = (what) => exports.nodeError(Error, 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM', `${what} is not available in cloud functions`);

exports.invalidType = (name, expected, value) => {
  const got = value === null || value === undefined ? ` Received ${value}` : typeof value === 'function' ? ` Received function ${value.name}` : typeof value === 'object' ? ` Received an instance of ${value.constructor?.name ?? 'Object'}` : ` Received type ${typeof value} (${typeof value === 'string' ? `'${value.slice(0, 25)}'` : String(value)})`;
  const kind = name.includes('.') ? 'property' : 'argument';
  return exports.nodeError(TypeError, 'ERR_INVALID_ARG_TYPE', `The "${name}" ${kind} must be ${expected}.${got}`);
};
