// Node.js's `url`: the old interface of npm `url`, the new one of `internal/url`.
'use strict';
const legacy = require('npm:url/');
const { URL, URLSearchParams, isURL } = require('internal/url');
const { make, invalidArgType } = require('internal/errors');
const { native } = internal;

function parse(url, parseQuery, slashes) {
  if (url instanceof legacy.Url) return url;
  if (typeof url !== 'string') throw invalidArgType('url', 'string', url);
  return legacy.parse(url, parseQuery, slashes);
}

function format(url, options) {
  if (isURL(url)) {
    const { fragment = true, unicode = false, search = true, auth = true } = options ?? {};
    if (options !== undefined && (options === null || typeof options !== 'object')) throw invalidArgType('options', 'Object', options);
    if (fragment && !unicode && search && auth) return url.href;
    const copy = new URL(url.href);
    if (!fragment) copy.hash = '';
    if (!search) copy.search = '';
    if (!auth) copy.username = copy.password = '';
    return unicode && copy.hostname ? copy.href.replace(copy.hostname, domainToUnicode(copy.hostname)) : copy.href;
  }
  if (typeof url === 'string') return parse(url).format();
  if (url === null || typeof url !== 'object') throw invalidArgType('urlObject', ['Object', 'string'], url);
  return legacy.format(url);
}

function fileURLToPath(url) {
  if (typeof url === 'string') url = new URL(url);
  else if (!isURL(url)) throw invalidArgType('path', ['string', 'URL'], url);
  if (url.protocol !== 'file:') throw make(TypeError, 'ERR_INVALID_URL_SCHEME', 'The URL must be of scheme file');
  if (url.hostname !== '') throw make(TypeError, 'ERR_INVALID_FILE_URL_HOST', 'File URL host must be "localhost" or empty on linux');
  if (/%2f/i.test(url.pathname)) throw make(TypeError, 'ERR_INVALID_FILE_URL_PATH', 'File URL path must not include encoded / characters');
  return decodeURIComponent(url.pathname);
}

function pathToFileURL(path) {
  if (typeof path !== 'string') throw invalidArgType('path', 'string', path);
  let resolved = require('path').posix.resolve(path);
  if (path.endsWith('/') && !resolved.endsWith('/')) resolved += '/';
  const encoded = resolved.replace(/[%\\\n\r\t?#]/g, (found) => `%${found.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);
  return new URL(`file://${encoded}`);
}

const domainToASCII = (domain) => native['url.domainToASCII'](`${domain}`);
const domainToUnicode = (domain) => native['url.domainToUnicode'](`${domain}`);

function urlToHttpOptions(url) {
  const { hostname, pathname, port, username, password, search } = url;
  const options = {
    __proto__: null,
    ...url,
    protocol: url.protocol,
    hostname: hostname && hostname[0] === '[' ? hostname.slice(1, -1) : hostname,
    hash: url.hash,
    search,
    pathname,
    path: `${pathname || ''}${search || ''}`,
    href: url.href,
  };
  if (port !== '') options.port = Number(port);
  if (username || password) options.auth = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return options;
}

module.exports = {
  Url: legacy.Url, parse, format, URL, URLSearchParams, domainToASCII, domainToUnicode, fileURLToPath, pathToFileURL, urlToHttpOptions,
  resolve: (from, to) => parse(from, false, true).resolve(to),
  resolveObject: (from, to) => (from ? parse(from, false, true).resolveObject(to) : to),
};
