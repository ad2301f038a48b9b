'use strict';
const url = require('url');
const querystring = require('querystring');
const util = require('util');
const fails = (run) => { try { return { gave: run() }; } catch (error) { return [error.name, error.code, error.message]; } };
const parts = (u) => [u.href, u.origin, u.protocol, u.username, u.password, u.host, u.hostname, u.port, u.pathname, u.search, u.hash];

module.exports = {
  whatwg: () => ['https://user:pa%20ss@Example.com:8080/a/./b/../c?x=1&y=2#frag', 'http://h:80/', 'https://中文.com/路径?查=询#锚', 'file:///tmp/a b', 'mailto:a@b.c', 'data:text/plain,hi', 'http://[::1]:3000/x', 'HTTP://EXAMPLE.COM', 'http://1.2.3', 'javascript:alert(1)', 'ws://a/?', 'http://a/#', 'blob:https://a.com/id', 'http://a.com:0/', 'custom://host/path?q'].map((text) => parts(new URL(text))),
  relative: () => [['../x?y', 'http://a/b/c/d'], ['//other/p', 'https://a/b'], ['#h', 'http://a/b?c'], ['?q', 'http://a/b?c#d'], ['', 'http://a/b'], ['/abs', 'http://a/b/c']].map(([a, b]) => new URL(a, b).href),
  invalid: () => ['', 'nope', 'http://', 'http://a b', 'http://a:99999', '//x', 'http://[::1'].map((text) => fails(() => new URL(text).href)).concat([fails(() => new URL()), URL.canParse('http://a'), URL.canParse('x'), URL.canParse('x', 'http://a'), (() => { try { new URL('bad'); } catch (e) { return [e.input, e instanceof TypeError]; } })()]),
  setters() {
    const u = new URL('http://a.com/p?q=1#h');
    const out = [];
    for (const [key, value] of [['protocol', 'https'], ['host', 'b.com:81'], ['hostname', 'c.com'], ['port', '8080'], ['port', ''], ['port', 'x'], ['pathname', 'a b/ü'], ['search', 'x=y z'], ['hash', 'ha sh'], ['username', 'me'], ['password', 'p@'], ['search', ''], ['hash', ''], ['protocol', 'file'], ['href', 'http://new/']]) { u[key] = value; out.push(u.href); }
    return [out, fails(() => { u.href = 'x'; })];
  },
  params() {
    const u = new URL('http://a/?a=1&b=2&a=3&c=%E4%B8%AD+x');
    const p = u.searchParams;
    const out = [p.get('a'), p.getAll('a'), p.get('c'), p.get('z'), p.has('b'), p.has('b', '3'), [...p], p.size];
    p.append('d', 'é &='); p.delete('a'); p.set('b', '9'); p.sort();
    out.push(u.href, p.toString());
    u.search = '?n=1';
    out.push([...p.keys()], [...p.values()], [...p.entries()]);
    p.delete('n');
    out.push(u.href);
    const each = [];
    new URLSearchParams('x=1&y').forEach((value, key) => each.push([key, value]));
    out.push(each, String(new URLSearchParams({ a: '1', b: [2, 3] })), String(new URLSearchParams([['a', 'b'], ['c', 'd']])), String(new URLSearchParams(new Map([['k', 'v']]))), String(new URLSearchParams('?a=~!*()\'-._ %zz%41')), fails(() => new URLSearchParams([['a']])), fails(() => new URLSearchParams([1])), fails(() => p.get()), String(new URLSearchParams('a=b&&=c&d=&e')), new URLSearchParams('%ff=%80').get('\ufffd'));
    return out;
  },
  inspecting: () => [util.inspect(new URL('http://u:p@a.com:1/b?c=d#e')), util.inspect(new URLSearchParams('a=1&b=2')), util.inspect(new URLSearchParams()), JSON.stringify({ u: new URL('http://a') }), Object.keys(new URL('http://a')), util.inspect(new URLSearchParams('a=1').entries()).length > 5],
  legacy: () => ['http://user:pass@host.com:8080/p/a/t/h?query=string&a[]=1#hash', '/a/b?c=d', 'mailto:a@b.c', '//host/path', 'http://a.com/a b{c}', 'HTTP://中文.com/', 'javascript:alert(1)', 'host:80', '', 'http://a.com?x=1', 'https://x.y:443/?a=b c', 'a?b#c'].map((text) => { const { href, protocol, auth, host, port, hostname, hash, search, query, pathname, path, slashes } = url.parse(text); return [href, protocol, auth, host, port, hostname, hash, search, query, pathname, path, slashes]; }),
  legacyQuery: () => [url.parse('/a?b=c&b=d&e', true).query, url.parse('/x', true).query, url.parse('//h/p', false, true).host, fails(() => url.parse(5))],
  formatting: () => [url.format({ protocol: 'https', hostname: 'a.com', port: 8, pathname: 'x', query: { a: 1, b: ['c', 'd'] }, hash: 'h' }), url.format({ host: 'h', search: 'q=1', slashes: true }), url.format(new URL('http://u:p@測試.com/a?b#c'), { auth: false, fragment: false, search: false, unicode: true }), url.format('http://a.com/ x'), url.resolve('/one/two/three', 'four'), url.resolve('http://example.com/', '/one'), url.resolve('http://example.com/one', '/two'), url.resolve('http://a/b/c', '../d?x'), url.resolve('http://a.com/b', 'http://c.com/d'), fails(() => url.format(5))],
  files: () => [url.fileURLToPath('file:///tmp/a%20b'), url.pathToFileURL('/tmp/a b#?%').href, fails(() => url.fileURLToPath('http://a')), fails(() => url.fileURLToPath('file://host/a')), fails(() => url.fileURLToPath('file:///a%2fb')), url.domainToASCII('中文.com'), url.domainToUnicode('xn--fiq228c.com'), url.domainToASCII('xn--iñvalid.com'), url.urlToHttpOptions(new URL('https://a:b@x.com:8/p?q#h')), fails(() => url.fileURLToPath(5)), url.URL === URL],
  querystring: () => [querystring.parse('a=1&b=2&a=3&c=%E4%B8%AD+x&d&=e&%zz=1'), querystring.stringify({ a: 1, b: ['x', 'y'], c: true, d: null, e: undefined, f: '中 &', g: 5n, h: NaN, i: {} }), querystring.parse('a:1;b:2', ';', ':'), querystring.stringify({ a: 'b' }, ';', ':'), querystring.escape('a b&c'), querystring.unescape('a%20b%zz'), querystring.parse('a=1&b=2&c=3', null, null, { maxKeys: 2 }), querystring.parse('w=%D6%D0', null, null, { decodeURIComponent: (s) => `<${s}>` }), querystring.parse(''), querystring.parse(5), querystring.stringify('x'), querystring.parse('a=%ff'), fails(() => querystring.escape('\ud800')), querystring.stringify({ a: [] , b: '' }), querystring.parse('a==b&c=d=e'), querystring.encode === querystring.stringify],
};
