'use strict';
const path = require('path');
const fails = (run) => { try { return { gave: run() }; } catch (error) { return [error.name, error.code, error.message]; } };

module.exports = {
  posix: () => ['', '/', 'a', '/a/b/../c/./d//e/', '../a', './a.b.c', '/a/.hidden', 'a/b.', '..', '/..', 'a//', '//a'].map((p) => [path.normalize(p), path.dirname(p), path.basename(p), path.extname(p), path.isAbsolute(p), path.parse(p)]),
  joins: () => [path.join('a', '..', '..', 'b'), path.join(), path.join('', '/x'), path.resolve('/a', 'b', '../c'), path.resolve('/a', '/b'), path.relative('/a/b/c', '/a/d'), path.relative('/a', '/a'), path.basename('/x/a.html', '.html'), path.format({ dir: '/x', name: 'f', ext: '.t' }), path.format({ root: '/', base: 'b' }), path.format({ name: 'a', ext: 'b' }), path.sep, path.delimiter, path.posix === path, path.win32.posix === path.posix],
  errors: () => [fails(() => path.join('a', 5)), fails(() => path.resolve(null)), fails(() => path.basename()), fails(() => path.dirname({})), fails(() => path.relative('a')), fails(() => path.parse(1))],
  win32: () => ['C:\\a\\b.txt', 'c:/x/../y', '\\\\srv\\share\\f', 'rel\\p', '\\abs', 'C:', 'a/b\\c.d.e', 'C:\\'].map((p) => [path.win32.normalize(p), path.win32.dirname(p), path.win32.basename(p), path.win32.extname(p), path.win32.isAbsolute(p), path.win32.parse(p)]),
  win32Joins: () => [path.win32.join('a', '..', 'b', 'c'), path.win32.join('C:\\', 'x', '..\\y'), path.win32.resolve('C:\\a', '..\\b', 'c'), path.win32.resolve('C:\\a', 'D:\\b'), path.win32.relative('C:\\a\\b', 'C:\\a\\c\\d'), path.win32.relative('C:\\a', 'D:\\b'), path.win32.basename('C:\\x\\a.js', '.js'), path.win32.format({ dir: 'C:\\x', base: 'y' }), path.win32.sep, path.win32.delimiter],
};
