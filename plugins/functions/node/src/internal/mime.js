// `util.MIMEType` and `util.MIMEParams`; ours.
'use strict';
const { make } = require('internal/errors');

const token = /^[!#$%&'*+\-.^_`|~A-Za-z0-9]+$/;
const invalid = (part, text) => make(TypeError, 'ERR_INVALID_MIME_SYNTAX', `The MIME syntax for a ${part} in "${text}" is invalid`);

class MIMEParams {
  #params = new Map();
  static parse(params, text) {
    for (const part of text.matchAll(/;[ \t\r\n]*([^;=]*)(?:=("(?:[^"\\]|\\.)*"?|[^;]*))?/g)) {
      const name = part[1].trim().toLowerCase();
      let value = part[2];
      if (value === undefined || !token.test(name) || params.#params.has(name)) continue;
      value = value.startsWith('"') ? value.slice(1).replace(/"$/, '').replace(/\\(.)/g, '$1') : value.trim();
      if (value !== '') params.#params.set(name, value);
    }
  }
  delete(name) { this.#params.delete(`${name}`); }
  get(name) { return this.#params.get(`${name}`) ?? null; }
  has(name) { return this.#params.has(`${name}`); }
  set(name, value) {
    name = `${name}`;
    if (!token.test(name)) throw invalid('parameter name', name);
    this.#params.set(name, `${value}`);
  }
  entries() { return this.#params.entries(); }
  keys() { return this.#params.keys(); }
  values() { return this.#params.values(); }
  [Symbol.iterator]() { return this.#params.entries(); }
  toString() {
    return [...this.#params].map(([name, value]) => `${name}=${token.test(value) ? value : `"${value.replace(/["\\]/g, '\\$&')}"`}`).join(';');
  }
  toJSON() { return this.toString(); }
}
const { parse } = MIMEParams;
delete MIMEParams.parse;

class MIMEType {
  #type;
  #subtype;
  #params = new MIMEParams();
  constructor(input) {
    const text = `${input}`.trim();
    const [, type, subtype, rest] = /^([^/]*)\/?([^;]*)(.*)$/s.exec(text);
    if (!token.test(type)) throw invalid('type', text);
    if (!token.test(subtype.trimEnd())) throw invalid('subtype', text);
    this.#type = type.toLowerCase();
    this.#subtype = subtype.trimEnd().toLowerCase();
    parse(this.#params, rest);
  }
  get type() { return this.#type; }
  set type(value) {
    if (!token.test(value)) throw invalid('type', value);
    this.#type = `${value}`.toLowerCase();
  }
  get subtype() { return this.#subtype; }
  set subtype(value) {
    if (!token.test(value)) throw invalid('subtype', value);
    this.#subtype = `${value}`.toLowerCase();
  }
  get essence() { return `${this.#type}/${this.#subtype}`; }
  get params() { return this.#params; }
  toString() {
    const params = `${this.#params}`;
    return params === '' ? this.essence : `${this.essence};${params}`;
  }
  toJSON() { return this.toString(); }
}

module.exports = { MIMEType, MIMEParams };
