// The paths of Windows; ours.
'use strict';
const { validateString } = require('internal/validators');

// The device (`C:` or `\\server\share`), and whether the path begins at its root.
function split(path) {
  validateString(path, 'path');
  const unc = /^[\\/]{2}([^\\/]+)[\\/]+([^\\/]+)(?:[\\/]+|$)/.exec(path);
  if (unc) return { device: `\\\\${unc[1]}\\${unc[2]}`, absolute: true, rest: path.slice(unc[0].length), root: unc[0].replace(/([\\/])[\\/]+$/, '$1') };
  const drive = /^([a-zA-Z]:)([\\/]*)/.exec(path);
  if (drive) return { device: drive[1], absolute: drive[2] !== '', rest: path.slice(drive[0].length), root: drive[2] === '' ? drive[1] : path.slice(0, 3) };
  const slashes = /^[\\/]*/.exec(path)[0];
  return { device: '', absolute: slashes !== '', rest: path.slice(slashes.length), root: slashes.slice(0, 1) };
}

function plain(rest, absolute) {
  const segments = [];
  for (const segment of rest.split(/[\\/]+/)) {
    if (segment === '' || segment === '.') continue;
    if (segment === '..') {
      if (segments.length > 0 && segments[segments.length - 1] !== '..') segments.pop();
      else if (!absolute) segments.push('..');
    } else segments.push(segment);
  }
  return segments.join('\\');
}

function normalize(path) {
  if (path === '') return '.';
  const { device, absolute, rest } = split(path);
  let tail = plain(rest, absolute);
  if (tail === '' && !absolute) tail = '.';
  if (tail !== '' && /[\\/]$/.test(rest)) tail += '\\';
  // What was no device must not become one.
  if (!absolute && device === '' && (/^[a-zA-Z]:/.test(tail) || /:(?:[\\/]|$)/.test(path))) return `.\\${tail}`;
  return device + (absolute ? '\\' : '') + tail;
}

function resolve(...paths) {
  let device = '';
  let tail = '';
  let absolute = false;
  for (const path of ['\\code', ...paths].reverse()) {
    const part = split(path);
    if (path === '') continue;
    if (part.device !== '') {
      if (device === '') device = part.device;
      else if (device.toLowerCase() !== part.device.toLowerCase()) continue;
    }
    if (absolute) {
      if (device !== '') break;
      continue;
    }
    tail = `${part.rest}\\${tail}`;
    absolute = part.absolute;
    if (absolute && device !== '') break;
  }
  return `${device}${absolute ? '\\' : ''}${plain(tail, absolute)}` || '.';
}

function relative(from, to) {
  const [a, b] = [resolve(from), resolve(to)];
  if (a.toLowerCase() === b.toLowerCase()) return '';
  const [left, right] = [a, b].map((path) => path.split('\\').filter((segment, index) => segment !== '' || index === 0));
  let same = 0;
  while (same < left.length && same < right.length && left[same].toLowerCase() === right[same].toLowerCase()) same++;
  if (same === 0) return b;
  return [...left.slice(same).map(() => '..'), ...right.slice(same)].join('\\');
}

function parse(path) {
  const { root } = split(path);
  const end = Math.max(path.length - /[\\/]*$/.exec(path)[0].length, root.length);
  const start = Math.max(path.lastIndexOf('\\', end - 1), path.lastIndexOf('/', end - 1), root.length - 1) + 1;
  const base = path.slice(start, end);
  const dot = base.lastIndexOf('.');
  const ext = dot > 0 && base !== '..' ? base.slice(dot) : '';
  return { root, dir: start - 1 >= root.length ? path.slice(0, start - 1) : root, base, ext, name: base.slice(0, base.length - ext.length) };
}

function lastSegment(path) {
  validateString(path, 'path');
  return /[^\\/]*(?=[\\/]*$)/.exec(path.replace(/^[a-zA-Z]:/, ''))[0];
}

function extname(path) {
  const base = lastSegment(path);
  const dot = base.lastIndexOf('.');
  return dot > 0 && base !== '..' ? base.slice(dot) : '';
}

function basename(path, suffix) {
  const base = lastSegment(path);
  return suffix !== undefined && base !== suffix && base.endsWith(suffix) ? base.slice(0, -suffix.length) : base;
}

function format(parts) {
  const dir = parts.dir || parts.root;
  const base = parts.base || `${parts.name || ''}${parts.ext ? `${parts.ext[0] === '.' ? '' : '.'}${parts.ext}` : ''}`;
  if (!dir) return base;
  return dir === parts.root ? dir + base : `${dir}\\${base}`;
}

module.exports = {
  sep: '\\',
  delimiter: ';',
  isAbsolute: (path) => split(path).absolute && (/^[\\/]/.test(path) || /^[a-zA-Z]:[\\/]/.test(path)),
  join: (...paths) => {
    paths.forEach((path) => validateString(path, 'path'));
    const joined = paths.filter((path) => path !== '').join('\\');
    // Two leading slashes are a server only if the first path says so.
    return joined === '' ? '.' : normalize(/^[\\/]{2}[^\\/]/.test(paths.find((path) => path !== '')) ? joined : joined.replace(/^[\\/]{2,}/, '\\'));
  },
  dirname: (path) => parse(path).dir || '.',
  toNamespacedPath: (path) => path,
  normalize, resolve, relative, parse, basename, extname, format,
};
module.exports.win32 = module.exports;
