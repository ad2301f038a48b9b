// Checks of arguments, with the errors and messages of Node.js 20.

function failure(Base, code, message) {
  const error = new Base(message);
  // The stack says the code, and the name does not, as in Node.js.
  Object.defineProperty(error, 'name', { value: `${error.name} [${code}]`, writable: true, configurable: true });
  void error.stack;
  delete error.name;
  const toString = () => `${error.name} [${code}]: ${error.message}`;
  Object.defineProperty(error, 'toString', { value: toString, writable: true, configurable: true });
  error.code = code;
  return error;
}

function shown(value) {
  if (value === null || value === undefined) return ` Received ${value}`;
  if (typeof value === 'function') return ` Received function ${value.name}`;
  if (typeof value === 'object') {
    const name = value.constructor?.name;
    return name ? ` Received an instance of ${name}` : ` Received ${Object.prototype.toString.call(value)}`;
  }
  let text = typeof value === 'string' ? (value.length > 28 ? `'${value.slice(0, 25)}'...` : `'${value}'`) : String(value);
  if (typeof value === 'bigint') text += 'n';
  return ` Received type ${typeof value} (${text})`;
}

const subject = (name) => `The "${name}" ${name.includes('.') ? 'property' : 'argument'}`;

const invalidType = (name, expected, value) => failure(TypeError, 'ERR_INVALID_ARG_TYPE', `${subject(name)} must be ${expected}.${shown(value)}`);

function inspected(value) {
  return typeof value === 'string' ? `'${value}'` : typeof value === 'object' && value !== null ? require('util').inspect(value) : String(value);
}

function invalidValue(name, value, reason = 'is invalid') {
  const kind = name.includes('.') ? 'property' : 'argument';
  return failure(TypeError, 'ERR_INVALID_ARG_VALUE', `The ${kind} '${name}' ${reason}. Received ${inspected(value)}`);
}

// Long whole numbers have their digits in groups.
function grouped(value) {
  const text = String(value);
  return Number.isInteger(value) && Math.abs(value) > 2 ** 32 ? text.replace(/\B(?=(\d{3})+(?!\d))/g, '_') : text;
}

const outOfRange = (name, range, value) =>
  failure(RangeError, 'ERR_OUT_OF_RANGE', `The value of "${name}" is out of range. It must be ${range}. Received ${typeof value === 'number' ? grouped(value) : inspected(value)}`);

function string(value, name) {
  if (typeof value !== 'string') throw invalidType(name, 'of type string', value);
}

function callback(value, name = 'callback') {
  if (typeof value !== 'function') throw invalidType(name, 'of type function', value);
}

function object(value, name) {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) throw invalidType(name, 'of type object', value);
}

function boolean(value, name) {
  if (typeof value !== 'boolean') throw invalidType(name, 'of type boolean', value);
}

function integer(value, name, min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER) {
  if (typeof value !== 'number') throw invalidType(name, 'of type number', value);
  if (!Number.isInteger(value)) {
    throw Number.isNaN(value) ? outOfRange(name, `>= ${min} && <= ${max}`, value) : outOfRange(name, 'an integer', value);
  }
  if (value < min || value > max) throw outOfRange(name, `>= ${min} && <= ${max}`, value);
}

const int32 = (value, name, min = -2147483648, max = 2147483647) => integer(value, name, min, max);

const uint32 = (value, name, positive = false) => integer(value, name, positive ? 1 : 0, 4294967295);

function oneOf(value, name, allowed) {
  if (!allowed.includes(value)) {
    throw invalidValue(name, value, `must be one of: ${allowed.map((item) => `'${item}'`).join(', ')}`);
  }
}

module.exports = { failure, invalidType, invalidValue, outOfRange, string, callback, object, boolean, integer, int32, uint32, oneOf };
