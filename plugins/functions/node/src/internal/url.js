// URL and URLSearchParams of the URL Standard, over native ops.
'use strict';
const { make, invalidArgType } = require('internal/errors');
const { native } = internal;
const customInspect = Symbol.for('nodejs.util.inspect.custom');

const missing = (...names) => make(TypeError, 'ERR_MISSING_ARGS', `The ${names.map((name) => `"${name}"`).join(' and ')} argument${names.length > 1 ? 's' : ''} must be specified`);
const wellFormed = (value) => `${value}`.toWellFormed?.() ?? `${value}`;

// Percent-decoding of forms: `+` is a space, and what is not UTF-8 is replaced.
function decodePart(text) {
  if (text.includes('+')) text = text.replaceAll('+', ' ');
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    const { Buffer } = require('buffer');
    const bytes = Buffer.from(text);
    let length = 0;
    for (let i = 0; i < bytes.length; i++) {
      const hex = bytes[i] === 0x25 ? bytes.latin1Slice(i + 1, i + 3) : '';
      if (/^[0-9a-f]{2}$/i.test(hex)) {
        bytes[length++] = parseInt(hex, 16);
        i += 2;
      } else bytes[length++] = bytes[i];
    }
    return bytes.toString('utf8', 0, length);
  }
}

function encodePart(text) {
  return encodeURIComponent(text).replace(/[!'()~]|%20/g, (found) => (found === '%20' ? '+' : `%${found.charCodeAt(0).toString(16).toUpperCase()}`));
}

function parseQuery(query) {
  const pairs = [];
  for (const part of query.split('&')) {
    if (part === '') continue;
    const at = part.indexOf('=');
    pairs.push(at < 0 ? [decodePart(part), ''] : [decodePart(part.slice(0, at)), decodePart(part.slice(at + 1))]);
  }
  return pairs;
}

let iteratorOf;
let listOf;
let bindTo;
let replaceAll;

class URLSearchParams {
  #pairs = [];
  #url;

  constructor(init = undefined) {
    if (init === undefined || init === null) return;
    if (typeof init !== 'object' && typeof init !== 'function') {
      init = wellFormed(init);
      this.#pairs = parseQuery(init[0] === '?' ? init.slice(1) : init);
      return;
    }
    const method = init[Symbol.iterator];
    if (method !== null && method !== undefined) {
      if (typeof method !== 'function') throw make(TypeError, 'ERR_ARG_NOT_ITERABLE', 'Query pairs must be iterable');
      for (const pair of init) {
        if (pair === null || typeof pair !== 'object' || typeof pair[Symbol.iterator] !== 'function') throw make(TypeError, 'ERR_INVALID_TUPLE', 'Each query pair must be an iterable [name, value] tuple');
        const both = [...pair];
        if (both.length !== 2) throw make(TypeError, 'ERR_INVALID_TUPLE', 'Each query pair must be an iterable [name, value] tuple');
        this.#pairs.push([wellFormed(both[0]), wellFormed(both[1])]);
      }
      return;
    }
    const seen = new Map();
    for (const key of Reflect.ownKeys(init)) {
      if (!Object.getOwnPropertyDescriptor(init, key)?.enumerable) continue;
      seen.set(wellFormed(key), wellFormed(init[key]));
    }
    this.#pairs = [...seen];
  }

  static {
    listOf = (params) => params.#pairs;
    bindTo = (params, url) => { params.#url = url; };
    replaceAll = (params, query) => { params.#pairs = parseQuery(query); };
  }

  #changed() {
    if (this.#url) this.#url.search = this.toString();
  }
  get size() {
    return this.#pairs.length;
  }
  append(name, value) {
    if (arguments.length < 2) throw missing('name', 'value');
    this.#pairs.push([wellFormed(name), wellFormed(value)]);
    this.#changed();
  }
  delete(name, value = undefined) {
    if (arguments.length < 1) throw missing('name');
    name = wellFormed(name);
    if (value !== undefined) value = wellFormed(value);
    this.#pairs = this.#pairs.filter(([key, own]) => key !== name || (value !== undefined && own !== value));
    this.#changed();
  }
  get(name) {
    if (arguments.length < 1) throw missing('name');
    name = wellFormed(name);
    return this.#pairs.find(([key]) => key === name)?.[1] ?? null;
  }
  getAll(name) {
    if (arguments.length < 1) throw missing('name');
    name = wellFormed(name);
    return this.#pairs.filter(([key]) => key === name).map(([, value]) => value);
  }
  has(name, value = undefined) {
    if (arguments.length < 1) throw missing('name');
    name = wellFormed(name);
    if (value !== undefined) value = wellFormed(value);
    return this.#pairs.some(([key, own]) => key === name && (value === undefined || own === value));
  }
  set(name, value) {
    if (arguments.length < 2) throw missing('name', 'value');
    name = wellFormed(name);
    value = wellFormed(value);
    const first = this.#pairs.find(([key]) => key === name);
    if (first === undefined) this.#pairs.push([name, value]);
    else {
      first[1] = value;
      this.#pairs = this.#pairs.filter((pair) => pair === first || pair[0] !== name);
    }
    this.#changed();
  }
  sort() {
    this.#pairs.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    this.#changed();
  }
  forEach(callback, self = undefined) {
    if (typeof callback !== 'function') throw invalidArgType('callback', 'function', callback);
    for (let i = 0; i < this.#pairs.length; i++) Reflect.apply(callback, self, [this.#pairs[i][1], this.#pairs[i][0], this]);
  }
  entries() {
    return iteratorOf(this, (pair) => [pair[0], pair[1]]);
  }
  keys() {
    return iteratorOf(this, (pair) => pair[0]);
  }
  values() {
    return iteratorOf(this, (pair) => pair[1]);
  }
  toString() {
    return this.#pairs.map(([name, value]) => `${encodePart(name)}=${encodePart(value)}`).join('&');
  }
  [customInspect](depth, options, inspect) {
    if (depth < 0) return '[Object]';
    if (this.#pairs.length === 0) return 'URLSearchParams {}';
    const shown = this.#pairs.map(([name, value]) => `${inspect(name, options)} => ${inspect(value, options)}`);
    const length = shown.reduce((sum, text) => sum + text.length + 2, 0);
    return length > (options.breakLength ?? 80) - 1 ? `URLSearchParams {\n  ${shown.join(',\n  ')} }` : `URLSearchParams { ${shown.join(', ')} }`;
  }
}

const iteratorPrototype = Object.create(Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]())), {
  [Symbol.toStringTag]: { value: 'URLSearchParams Iterator', configurable: true },
});
const positions = new WeakMap();
Object.defineProperty(iteratorPrototype, 'next', {
  value() {
    const own = positions.get(this);
    if (own === undefined) throw make(TypeError, 'ERR_INVALID_THIS', 'Value of "this" must be of type URLSearchParamsIterator');
    const pairs = listOf(own.params);
    return own.at < pairs.length ? { value: own.pick(pairs[own.at++]), done: false } : { value: undefined, done: true };
  },
  enumerable: true,
  writable: true,
  configurable: true,
});
iteratorOf = (params, pick) => {
  const iterator = Object.create(iteratorPrototype);
  positions.set(iterator, { params, pick, at: 0 });
  return iterator;
};
Object.defineProperty(URLSearchParams.prototype, Symbol.iterator, { value: URLSearchParams.prototype.entries, writable: true, configurable: true });

function invalid(input, base) {
  const error = make(TypeError, 'ERR_INVALID_URL', 'Invalid URL');
  error.input = input;
  if (base !== undefined) error.base = base;
  return error;
}

let isURL;

class URL {
  #href;
  // Where the parts begin and end: see `native/url.rs`.
  #at;
  #params;

  constructor(input, base = undefined) {
    if (arguments.length === 0) throw missing('url');
    input = wellFormed(input);
    if (base !== undefined) base = wellFormed(base);
    const parts = native['url.parse'](input, base);
    if (parts === undefined) throw invalid(input, base);
    this.#take(parts);
  }

  static {
    isURL = (value) => value !== null && typeof value === 'object' && #href in value;
  }
  static canParse(input, base = undefined) {
    if (arguments.length === 0) throw missing('url');
    return native['url.parse'](wellFormed(input), base === undefined ? undefined : wellFormed(base)) !== undefined;
  }
  static createObjectURL(blob) {
    return require('internal/blob').createObjectURL(blob);
  }
  static revokeObjectURL(url) {
    require('internal/blob').revokeObjectURL(url);
  }

  #take(parts) {
    this.#href = parts[0];
    this.#at = parts;
  }
  #set(part, value) {
    this.#take(native['url.set'](this.#href, part, wellFormed(value)));
  }
  #slice(from, to) {
    return this.#href.slice(this.#at[from], to === undefined ? undefined : this.#at[to]);
  }
  get href() {
    return this.#href;
  }
  set href(value) {
    value = wellFormed(value);
    const parts = native['url.parse'](value);
    if (parts === undefined) throw invalid(value);
    this.#take(parts);
    if (this.#params) replaceAll(this.#params, this.search.slice(1));
  }
  get origin() {
    switch (this.protocol) {
      case 'http:':
      case 'https:':
      case 'ws:':
      case 'wss:':
      case 'ftp:':
        return `${this.protocol}//${this.host}`;
      case 'blob:':
        try {
          const inner = new URL(this.pathname);
          return inner.protocol === 'http:' || inner.protocol === 'https:' ? inner.origin : 'null';
        } catch {
          return 'null';
        }
      default:
        return 'null';
    }
  }
  get protocol() {
    return this.#href.slice(0, this.#at[1]);
  }
  set protocol(value) {
    this.#set('protocol', value);
  }
  get username() {
    return this.#slice(2, 3);
  }
  set username(value) {
    this.#set('username', value);
  }
  get password() {
    return this.#slice(4, 5);
  }
  set password(value) {
    this.#set('password', value);
  }
  get host() {
    const port = this.#at[8];
    return port < 0 ? this.hostname : `${this.hostname}:${port}`;
  }
  set host(value) {
    this.#set('host', value);
  }
  get hostname() {
    return this.#slice(6, 7);
  }
  set hostname(value) {
    this.#set('hostname', value);
  }
  get port() {
    return this.#at[8] < 0 ? '' : `${this.#at[8]}`;
  }
  set port(value) {
    this.#set('port', value);
  }
  get pathname() {
    return this.#slice(9, 10);
  }
  set pathname(value) {
    this.#set('pathname', value);
  }
  get search() {
    const search = this.#slice(10, 11);
    return search === '?' ? '' : search;
  }
  set search(value) {
    this.#set('search', value);
    if (this.#params) replaceAll(this.#params, this.search.slice(1));
  }
  get searchParams() {
    if (this.#params === undefined) {
      this.#params = new URLSearchParams(this.search);
      bindTo(this.#params, this);
    }
    return this.#params;
  }
  get hash() {
    const hash = this.#slice(11);
    return hash === '#' ? '' : hash;
  }
  set hash(value) {
    this.#set('hash', value);
  }
  toString() {
    return this.#href;
  }
  toJSON() {
    return this.#href;
  }
  [customInspect](depth, options, inspect) {
    if (depth < 0) return this;
    const { href, origin, protocol, username, password, host, hostname, port, pathname, search, searchParams, hash } = this;
    const shown = { href, origin, protocol, username, password, host, hostname, port, pathname, search, searchParams, hash };
    return `${this.constructor.name} ${inspect(shown, options)}`;
  }
}

require('internal/web_classes')({ URL, URLSearchParams });
for (const name of ['canParse', 'createObjectURL', 'revokeObjectURL']) Object.defineProperty(URL, name, { enumerable: true });

module.exports = { URL, URLSearchParams, isURL };
