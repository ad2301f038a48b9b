// Node.js's `querystring`; ours.
'use strict';
const { make } = require('internal/errors');

const hexValue = (code) => (code >= 48 && code <= 57 ? code - 48 : code >= 65 && code <= 70 ? code - 55 : code >= 97 && code <= 102 ? code - 87 : -1);

// The bytes of a text, as far as its escapes are whole.
function unescapeBuffer(text, decodeSpaces) {
  const bytes = require('buffer').Buffer.allocUnsafe(text.length);
  let length = 0;
  for (let i = 0; i < text.length; i++) {
    let code = text.charCodeAt(i);
    if (code === 43 && decodeSpaces) code = 32;
    else if (code === 37 && i + 2 < text.length) {
      const high = hexValue(text.charCodeAt(i + 1));
      const low = hexValue(text.charCodeAt(i + 2));
      if (high >= 0 && low >= 0) {
        code = high * 16 + low;
        i += 2;
      }
    }
    bytes[length++] = code;
  }
  return bytes.subarray(0, length);
}

function unescape(text, decodeSpaces) {
  try {
    return decodeURIComponent(text);
  } catch {
    return unescapeBuffer(text, decodeSpaces).toString();
  }
}

function escape(value) {
  if (typeof value !== 'string') value = typeof value === 'object' ? String(value) : `${value}`;
  try {
    return encodeURIComponent(value);
  } catch {
    throw make(URIError, 'ERR_INVALID_URI', 'URI malformed');
  }
}

function primitive(value) {
  switch (typeof value) {
    case 'string':
      return value;
    case 'number':
      return Number.isFinite(value) ? `${value}` : '';
    case 'bigint':
    case 'boolean':
      return `${value}`;
    default:
      return '';
  }
}

function stringify(object, separator, equals, options) {
  const sep = separator || '&';
  const eq = equals || '=';
  const encode = typeof options?.encodeURIComponent === 'function' ? options.encodeURIComponent : module.exports.escape;
  const encoded = (value) => (value === '' ? '' : encode(value));
  if (object === null || typeof object !== 'object') return '';
  const fields = [];
  for (const key of Object.keys(object)) {
    const name = encoded(primitive(key)) + eq;
    const value = object[key];
    if (Array.isArray(value)) for (const item of value) fields.push(name + encoded(primitive(item)));
    else fields.push(name + encoded(primitive(value)));
  }
  return fields.join(sep);
}

const escaped = /%[0-9a-f]{2}/i;

function decoded(text, decode) {
  try {
    return decode(text);
  } catch {
    return module.exports.unescape(text, true);
  }
}

function parse(query, separator, equals, options) {
  const result = { __proto__: null };
  if (typeof query !== 'string' || query.length === 0) return result;
  const sep = separator ? `${separator}` : '&';
  const eq = equals ? `${equals}` : '=';
  const most = typeof options?.maxKeys === 'number' ? options.maxKeys : 1000;
  const decode = typeof options?.decodeURIComponent === 'function' ? options.decodeURIComponent : module.exports.unescape;
  const part = (text) => {
    text = text.replaceAll('+', decode === unescape ? ' ' : '%20');
    return decode !== unescape || escaped.test(text) ? decoded(text, decode) : text;
  };
  let count = 0;
  for (const field of query.split(sep)) {
    if (field === '') continue;
    if (most > 0 && count++ >= most) break;
    const at = field.indexOf(eq);
    const name = part(at < 0 ? field : field.slice(0, at));
    const value = at < 0 ? '' : part(field.slice(at + eq.length));
    const known = result[name];
    if (known === undefined) result[name] = value;
    else if (Array.isArray(known)) known.push(value);
    else result[name] = [known, value];
  }
  return result;
}

module.exports = { unescapeBuffer, unescape, escape, stringify, encode: stringify, parse, decode: parse };
