// The synchronous calls of `fs`, over the native ops: paths, flags, statistics and errors as in Node.js.
'use strict';
const { Buffer } = require('buffer');
const { make, invalidArgType, invalidArgValue, outOfRange } = require('internal/errors');
const { validateInteger } = require('internal/validators');
const { systemError } = require('internal/system_errors');
const { native } = internal;

// Plain absolute paths, as the ops want them; `/code` is the folder that relative ones begin at.
function plainPath(path) {
  const segments = [];
  for (const segment of (path.startsWith('/') ? path : `/code/${path}`).split('/')) {
    if (segment === '..') segments.pop();
    else if (segment !== '' && segment !== '.') segments.push(segment);
  }
  return `/${segments.join('/')}`;
}

// A path as the caller gave it, as text.
function getPath(path, name = 'path') {
  if (typeof path !== 'string') {
    if (path instanceof Uint8Array) path = Buffer.from(path).toString();
    else if (path !== null && typeof path === 'object' && path.href !== undefined && path.protocol !== undefined) path = require('url').fileURLToPath(path);
    else throw invalidArgType(name, ['string', 'Buffer', 'URL'], path);
  }
  if (path.includes('\0')) throw invalidArgValue(name, path, 'must be a string, Uint8Array, or URL without null bytes');
  return path;
}

// Runs an op, and gives its error the call and its paths.
function call(syscall, op, path, dest, run) {
  try {
    return run();
  } catch (error) {
    if (error !== null && typeof error === 'object' && typeof error.code === 'string' && /^E[A-Z0-9]+$/.test(error.code)) throw systemError(error.code, syscall, path, dest);
    throw error;
  }
}

function onPath(syscall, op, path, ...args) {
  // An empty path names nothing.
  if (path === '') throw systemError('ENOENT', syscall, path);
  return call(syscall, op, path, undefined, () => native[op](plainPath(path), ...args));
}

const onFile = (syscall, op, ...args) => call(syscall, op, undefined, undefined, () => native[op](...args));

// Numbers of files begin at 3, as those of a process do.
const FIRST = 2;
function getFd(fd) {
  validateInteger(fd, 'fd', 0, 2147483647);
  return fd - FIRST;
}
function usable(fd, syscall) {
  const id = getFd(fd);
  if (id <= 0) throw systemError('EBADF', syscall);
  return id;
}

const constants = Object.freeze({
  __proto__: null,
  UV_FS_SYMLINK_DIR: 1, UV_FS_SYMLINK_JUNCTION: 2, O_RDONLY: 0, O_WRONLY: 1, O_RDWR: 2, UV_DIRENT_UNKNOWN: 0, UV_DIRENT_FILE: 1, UV_DIRENT_DIR: 2,
  UV_DIRENT_LINK: 3, UV_DIRENT_FIFO: 4, UV_DIRENT_SOCKET: 5, UV_DIRENT_CHAR: 6, UV_DIRENT_BLOCK: 7, S_IFMT: 61440, S_IFREG: 32768, S_IFDIR: 16384,
  S_IFCHR: 8192, S_IFBLK: 24576, S_IFIFO: 4096, S_IFLNK: 40960, S_IFSOCK: 49152, O_CREAT: 64, O_EXCL: 128, UV_FS_O_FILEMAP: 0, O_NOCTTY: 256,
  O_TRUNC: 512, O_APPEND: 1024, O_DIRECTORY: 65536, O_NOATIME: 262144, O_NOFOLLOW: 131072, O_SYNC: 1052672, O_DSYNC: 4096, O_DIRECT: 16384,
  O_NONBLOCK: 2048, S_IRWXU: 448, S_IRUSR: 256, S_IWUSR: 128, S_IXUSR: 64, S_IRWXG: 56, S_IRGRP: 32, S_IWGRP: 16, S_IXGRP: 8, S_IRWXO: 7,
  S_IROTH: 4, S_IWOTH: 2, S_IXOTH: 1, F_OK: 0, R_OK: 4, W_OK: 2, X_OK: 1, UV_FS_COPYFILE_EXCL: 1, COPYFILE_EXCL: 1, UV_FS_COPYFILE_FICLONE: 2,
  COPYFILE_FICLONE: 2, UV_FS_COPYFILE_FICLONE_FORCE: 4, COPYFILE_FICLONE_FORCE: 4,
});

const flagNames = new Set(['r', 'rs', 'sr', 'r+', 'rs+', 'sr+', 'w', 'wx', 'xw', 'w+', 'wx+', 'xw+', 'a', 'ax', 'xa', 'as', 'sa', 'a+', 'ax+', 'xa+', 'as+', 'sa+']);

// The flags of an open as the op wants them: letters.
function getFlags(flags) {
  if (flags === undefined || flags === null) return 'r';
  if (typeof flags === 'string') {
    if (!flagNames.has(flags)) throw invalidArgValue('flags', flags);
    return flags;
  }
  validateInteger(flags, 'flags', -2147483648, 2147483647);
  const access = flags & 3;
  const exclusive = flags & constants.O_EXCL && flags & constants.O_CREAT ? 'x' : '';
  if (flags & constants.O_APPEND) return `a${exclusive}${access === 2 ? '+' : ''}`;
  if (flags & constants.O_TRUNC) return `w${exclusive}${access === 2 ? '+' : ''}`;
  if (flags & constants.O_CREAT) return `c${exclusive}${access === 0 ? 'r' : access === 2 ? '+' : ''}`;
  return access === 0 ? 'r' : 'r+';
}

function getMode(mode, missing) {
  if (mode === undefined || mode === null) return missing;
  if (typeof mode === 'string') {
    if (!/^[0-7]+$/.test(mode)) throw invalidArgValue('mode', mode, 'must be a 32-bit unsigned integer or an octal string');
    return parseInt(mode, 8);
  }
  validateInteger(mode, 'mode', 0, 2 ** 32 - 1);
  return mode;
}

class StatsBase {
  isDirectory() { return (Number(this.mode) & constants.S_IFMT) === constants.S_IFDIR; }
  isFile() { return (Number(this.mode) & constants.S_IFMT) === constants.S_IFREG; }
  isBlockDevice() { return false; }
  isCharacterDevice() { return false; }
  isSymbolicLink() { return false; }
  isFIFO() { return false; }
  isSocket() { return false; }
}
class Stats extends StatsBase {}
class BigIntStats extends StatsBase {}

function makeStats([folder, size, changed, read, made, mode, number], big) {
  const fields = {
    dev: 1, mode: mode | (folder ? constants.S_IFDIR : constants.S_IFREG), nlink: folder ? 2 : 1, uid: 1000, gid: 1000, rdev: 0,
    blksize: 4096, ino: number, size, blocks: Math.ceil(size / 512), atimeMs: read, mtimeMs: changed, ctimeMs: changed, birthtimeMs: made,
  };
  const stats = big ? new BigIntStats() : new Stats();
  for (const [name, value] of Object.entries(fields)) stats[name] = big ? BigInt(Math.floor(value)) : value;
  if (big) for (const name of ['atime', 'mtime', 'ctime', 'birthtime']) stats[`${name}Ns`] = stats[`${name}Ms`] * 1000000n;
  for (const name of ['atime', 'mtime', 'ctime', 'birthtime']) stats[name] = new Date(fields[`${name}Ms`]);
  return stats;
}

class Dirent {
  constructor(name, parent, folder) {
    this.name = name;
    this.parentPath = parent;
    this.path = parent;
    Object.defineProperty(this, 'folder', { value: folder, enumerable: false });
  }
  isDirectory() { return this.folder; }
  isFile() { return !this.folder; }
  isBlockDevice() { return false; }
  isCharacterDevice() { return false; }
  isSymbolicLink() { return false; }
  isFIFO() { return false; }
  isSocket() { return false; }
}

function getOptions(options, missing = {}) {
  if (options === undefined || options === null || typeof options === 'function') return missing;
  if (typeof options === 'string') options = { encoding: options };
  else if (typeof options !== 'object') throw invalidArgType('options', ['string', 'Object'], options);
  const { encoding } = options;
  if (encoding && encoding !== 'buffer' && !Buffer.isEncoding(encoding)) throw invalidArgValue('encoding', encoding, 'is invalid encoding');
  return { ...missing, ...options };
}

const encoded = (text, encoding) => (encoding === 'buffer' ? Buffer.from(text) : encoding && encoding !== 'utf8' ? Buffer.from(text).toString(encoding) : text);

function bytesOf(data, encoding, name = 'data') {
  if (typeof data === 'string') return Buffer.from(data, encoding ?? 'utf8');
  if (ArrayBuffer.isView(data)) return data;
  throw invalidArgType(name, ['string', 'Buffer', 'TypedArray', 'DataView'], data);
}

// What is at a path, or undefined.
function lstatIfAny(path) {
  try {
    return sync.lstat(path);
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

const joined = (folder, name) => (folder.endsWith('/') ? folder + name : `${folder}/${name}`);

const sync = {
  open(path, flags, mode) {
    path = getPath(path);
    return onPath('open', 'files.open', path, getFlags(flags), getMode(mode, 0o666) & ~0o22) + FIRST;
  },
  close(fd) {
    onFile('close', 'files.close', usable(fd, 'close'));
  },
  // A part of an open file, as bytes.
  readBytes(fd, length, position) {
    return onFile('read', 'files.readAt', usable(fd, 'read'), length, typeof position === 'bigint' ? Number(position) : position ?? undefined);
  },
  read(fd, buffer, offset, length, position) {
    getFd(fd);
    if (!ArrayBuffer.isView(buffer)) {
      ({ buffer = Buffer.alloc(16384), offset, length, position } = buffer ?? {});
    } else if (offset !== null && typeof offset === 'object') ({ offset, length, position } = offset);
    if (!ArrayBuffer.isView(buffer)) throw invalidArgType('buffer', ['Buffer', 'TypedArray', 'DataView'], buffer);
    offset ??= 0;
    validateInteger(offset, 'offset', 0);
    length ??= buffer.byteLength - offset;
    if (length === 0) return 0;
    if (buffer.byteLength === 0) throw invalidArgValue('buffer', buffer, 'is empty and cannot be written');
    if (offset > buffer.byteLength) throw outOfRange('offset', `<= ${buffer.byteLength}`, offset);
    if (!(length >= 0 && offset + length <= buffer.byteLength)) throw outOfRange('length', `>= 0 && <= ${buffer.byteLength - offset}`, length);
    if (typeof position === 'number' && position < 0) position = undefined;
    const bytes = sync.readBytes(fd, length, position);
    new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength).set(bytes, offset);
    return bytes.length;
  },
  readv(fd, buffers, position) {
    let total = 0;
    for (const buffer of buffers) {
      const count = sync.read(fd, buffer, 0, buffer.byteLength, typeof position === 'number' ? position + total : null);
      total += count;
      if (count < buffer.byteLength) break;
    }
    return total;
  },
  write(fd, data, offset, length, position) {
    getFd(fd);
    let bytes;
    if (typeof data === 'string') {
      bytes = Buffer.from(data, typeof length === 'string' ? length : 'utf8');
      position = offset;
    } else {
      if (!ArrayBuffer.isView(data)) throw invalidArgType('buffer', ['string', 'Buffer', 'TypedArray', 'DataView'], data);
      if (offset !== null && typeof offset === 'object') ({ offset, length, position } = offset);
      offset ??= 0;
      validateInteger(offset, 'offset', 0);
      if (offset > data.byteLength) throw outOfRange('offset', `<= ${data.byteLength}`, offset);
      length ??= data.byteLength - offset;
      if (!(length >= 0 && offset + length <= data.byteLength)) throw outOfRange('length', `>= 0 && <= ${data.byteLength - offset}`, length);
      bytes = new Uint8Array(data.buffer, data.byteOffset + offset, length);
    }
    return onFile('write', 'files.writeAt', usable(fd, 'write'), bytes, typeof position === 'number' && position >= 0 ? position : undefined);
  },
  writev(fd, buffers, position) {
    let total = 0;
    for (const buffer of buffers) total += sync.write(fd, buffer, 0, buffer.byteLength, typeof position === 'number' ? position + total : null);
    return total;
  },
  readFile(path, options) {
    const { encoding, flag } = getOptions(options, { encoding: null, flag: 'r' });
    let bytes;
    if (Number.isInteger(path)) bytes = sync.readBytes(path, 2 ** 32);
    else {
      path = getPath(path);
      if (getFlags(flag) !== 'r') sync.close(sync.open(path, flag));
      try {
        bytes = onPath('open', 'files.read', path);
      } catch (error) {
        // A folder can be opened, and only reading it fails.
        if (error.code === 'EISDIR') throw systemError('EISDIR', 'read');
        throw error;
      }
    }
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    return encoding && encoding !== 'buffer' ? buffer.toString(encoding) : buffer;
  },
  writeFile(path, data, options) {
    const { encoding, mode, flag } = getOptions(options, { encoding: 'utf8', mode: 0o666, flag: 'w' });
    const bytes = bytesOf(data, encoding);
    if (typeof path === 'number') {
      sync.write(path, bytes);
      return;
    }
    const fd = sync.open(path, flag, mode);
    try {
      sync.write(fd, bytes);
    } finally {
      sync.close(fd);
    }
  },
  appendFile(path, data, options) {
    sync.writeFile(path, data, { ...getOptions(options, { encoding: 'utf8', mode: 0o666 }), flag: options?.flag ?? 'a' });
  },
  stat(path, options = {}) {
    path = getPath(path);
    try {
      return makeStats(onPath('stat', 'files.stat', path), options?.bigint);
    } catch (error) {
      if (options?.throwIfNoEntry === false && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return undefined;
      throw error;
    }
  },
  lstat(path, options = {}) {
    path = getPath(path);
    try {
      return makeStats(onPath('lstat', 'files.stat', path), options?.bigint);
    } catch (error) {
      if (options?.throwIfNoEntry === false && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return undefined;
      throw error;
    }
  },
  fstat: (fd, options) => makeStats(onFile('fstat', 'files.fstat', usable(fd, 'fstat')), options?.bigint),
  statfs(path) {
    sync.stat(path);
    return { type: 0, bsize: 4096, blocks: 16384, bfree: 16384, bavail: 16384, files: 16384, ffree: 16384 };
  },
  exists(path) {
    try {
      native['files.stat'](plainPath(getPath(path)));
      return path !== '';
    } catch {
      return false;
    }
  },
  access(path, mode = 0) {
    path = getPath(path);
    validateInteger(mode, 'mode', 0, 7);
    const stat = onPath('access', 'files.stat', path);
    if (mode & constants.W_OK && !/^\/tmp(\/|$)/.test(plainPath(path))) throw systemError('EROFS', 'access', path);
    if (mode & constants.X_OK && !stat[0] && !(stat[5] & 0o111)) throw systemError('EACCES', 'access', path);
  },
  readdir(path, options) {
    path = getPath(path);
    const { encoding, withFileTypes, recursive } = getOptions(options);
    const entries = [];
    const visit = (folder, prefix) => {
      for (const [name, isFolder] of onPath('scandir', 'files.list', folder)) {
        const inner = prefix === '' ? name : `${prefix}/${name}`;
        entries.push(withFileTypes ? new Dirent(encoded(name, encoding), folder, isFolder) : encoded(inner, encoding));
        if (recursive && isFolder) visit(joined(folder, name), inner);
      }
    };
    visit(path, '');
    return entries;
  },
  mkdir(path, options) {
    path = getPath(path);
    const { recursive = false, mode } = typeof options === 'number' || typeof options === 'string' ? { mode: options } : options ?? {};
    if (typeof recursive !== 'boolean') throw invalidArgType('options.recursive', 'boolean', recursive);
    const bits = getMode(mode, 0o777) & ~0o22;
    if (!recursive) {
      onPath('mkdir', 'files.mkdir', path, bits);
      return undefined;
    }
    let first;
    let built = '';
    for (const segment of plainPath(path).split('/').slice(1)) {
      built += `/${segment}`;
      try {
        native['files.mkdir'](built, bits);
        first ??= built;
      } catch (error) {
        if (error.code !== 'EEXIST') throw systemError(error.code, 'mkdir', path);
        if (!native['files.stat'](built)[0]) throw systemError(built === plainPath(path) ? 'EEXIST' : 'ENOTDIR', 'mkdir', path);
      }
    }
    return first;
  },
  mkdtemp(prefix, options) {
    prefix = getPath(prefix, 'prefix');
    const { encoding } = getOptions(options);
    const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
    for (;;) {
      const path = prefix + Array.from({ length: 6 }, () => letters[Math.floor(Math.random() * letters.length)]).join('');
      try {
        native['files.mkdir'](plainPath(path), 0o700);
        return encoded(path, encoding);
      } catch (error) {
        if (error.code !== 'EEXIST') throw systemError(error.code, 'mkdtemp', `${prefix}XXXXXX`);
      }
    }
  },
  rmdir(path, options) {
    path = getPath(path);
    if (options?.recursive) {
      sync.rm(path, { recursive: true });
      return;
    }
    onPath('rmdir', 'files.remove', path, true);
  },
  unlink(path) {
    path = getPath(path);
    onPath('unlink', 'files.remove', path, false);
  },
  rm(path, options = {}) {
    path = getPath(path);
    const { force = false, recursive = false } = options ?? {};
    let folder;
    try {
      [folder] = onPath('lstat', 'files.stat', path);
    } catch (error) {
      if (force && error.code === 'ENOENT') return;
      throw force && error.code === 'ENOTDIR' ? systemError('ENOTDIR', 'unlink', path) : error;
    }
    if (!folder) {
      onPath('unlink', 'files.remove', path, false);
      return;
    }
    if (!recursive) {
      throw Object.assign(make(Error, 'ERR_FS_EISDIR', `Path is a directory: rm returned EISDIR (is a directory) ${path}`), { name: 'SystemError', errno: 21, syscall: 'rm', path });
    }
    for (const [name] of onPath('scandir', 'files.list', path)) sync.rm(joined(path, name), options);
    onPath('rmdir', 'files.remove', path, true);
  },
  rename(from, to) {
    from = getPath(from, 'oldPath');
    to = getPath(to, 'newPath');
    call('rename', 'files.rename', from, to, () => native['files.rename'](plainPath(from), plainPath(to)));
  },
  copyFile(from, to, mode = 0) {
    from = getPath(from, 'src');
    to = getPath(to, 'dest');
    validateInteger(mode, 'mode', 0, 7);
    call('copyfile', '', from, to, () => {
      const dest = plainPath(to);
      // A folder can be opened, and only reading it fails, after the target was looked for.
      if (native['files.stat'](plainPath(from))[0] && !native['files.stat'](dest.replace(/\/[^/]*$/, '') || '/')[0]) throw systemError('ENOTDIR', 'copyfile', from, to);
      const bytes = native['files.read'](plainPath(from));
      const file = native['files.open'](dest, mode & constants.COPYFILE_EXCL ? 'wx' : 'w', 0o644);
      try {
        native['files.writeAt'](file, bytes);
      } finally {
        native['files.close'](file);
      }
    });
  },
  cp(from, to, options = {}) {
    from = getPath(from, 'src');
    to = getPath(to, 'dest');
    const { recursive = false, force = true, errorOnExist = false, filter } = options ?? {};
    const refuse = (code, name, message, errno) => Object.assign(make(Error, code, `${message}: cp returned ${name}`), { errno, syscall: 'cp', path: to });
    if (filter && !filter(from, to)) return;
    const folder = sync.lstat(from).isDirectory();
    const target = lstatIfAny(to);
    const [source, dest] = [plainPath(from), plainPath(to)];
    if (source === dest) throw refuse('ERR_FS_CP_EINVAL', `EINVAL (src and dest cannot be the same) ${to}`, 'Invalid src or dest', 22);
    if (target !== undefined && folder && !target.isDirectory()) throw refuse('ERR_FS_CP_DIR_TO_NON_DIR', `EISDIR (cannot overwrite non-directory ${to} with directory ${from}) ${to}`, 'Cannot overwrite non-directory with directory', 21);
    if (target?.isDirectory() && !folder) throw refuse('ERR_FS_CP_NON_DIR_TO_DIR', `ENOTDIR (cannot overwrite directory ${to} with non-directory ${from}) ${to}`, 'Cannot overwrite directory with non-directory', 20);
    if (folder && dest.startsWith(`${source}/`)) throw refuse('ERR_FS_CP_EINVAL', `EINVAL (cannot copy ${from} to a subdirectory of self ${to}) ${to}`, 'Invalid src or dest', 22);
    if (folder) {
      if (!recursive) throw Object.assign(make(Error, 'ERR_FS_EISDIR', `Recursive option not enabled, cannot copy a directory: cp returned EISDIR (${from} is a directory (not copied)) ${from}`), { errno: 21, syscall: 'cp', path: from });
      sync.mkdir(to, { recursive: true });
      for (const name of sync.readdir(from)) sync.cp(joined(from, name), joined(to, name), options);
      return;
    }
    if (target !== undefined && !force) {
      if (errorOnExist) throw refuse('ERR_FS_CP_EEXIST', `EEXIST (${to} already exists) ${to}`, 'Target already exists', 17);
      return;
    }
    sync.mkdir(dest.replace(/\/[^/]*$/, '') || '/', { recursive: true });
    sync.copyFile(from, to);
  },
  truncate(path, length = 0) {
    if (typeof path === 'number') {
      sync.ftruncate(path, length);
      return;
    }
    const fd = sync.open(path, 'r+');
    try {
      sync.ftruncate(fd, length);
    } finally {
      sync.close(fd);
    }
  },
  ftruncate(fd, length = 0) {
    validateInteger(length, 'len');
    onFile('ftruncate', 'files.truncate', usable(fd, 'ftruncate'), Math.max(0, length));
  },
  fsync: (fd) => void onFile('fsync', 'files.fstat', usable(fd, 'fsync')),
  fdatasync: (fd) => void onFile('fdatasync', 'files.fstat', usable(fd, 'fdatasync')),
  realpath(path, options) {
    path = getPath(path);
    onPath('lstat', 'files.stat', path);
    return encoded(plainPath(path), getOptions(options).encoding);
  },
  chmod(path, mode) {
    path = getPath(path);
    onPath('chmod', 'files.touch', path, getMode(mode));
  },
  fchmod: (fd) => void onFile('fchmod', 'files.fstat', usable(fd, 'fchmod')),
  chown(path) {
    path = getPath(path);
    onPath('chown', 'files.touch', path);
  },
  fchown: (fd) => void onFile('fchown', 'files.fstat', usable(fd, 'fchown')),
  lchown: (path) => sync.chown(path),
  utimes(path, read, changed) {
    path = getPath(path);
    const time = (value) => (value instanceof Date ? value.getTime() : Number(value) * 1000);
    onPath('utime', 'files.touch', path, undefined, time(changed), time(read));
  },
  futimes: (fd) => void onFile('futime', 'files.fstat', usable(fd, 'futime')),
  lutimes: (path, read, changed) => sync.utimes(path, read, changed),
  readlink(path) {
    path = getPath(path);
    onPath('readlink', 'files.stat', path);
    throw systemError('EINVAL', 'readlink', path);
  },
  symlink(target, path) {
    throw systemError('EPERM', 'symlink', getPath(target, 'target'), getPath(path));
  },
  link(from, to) {
    throw systemError('EPERM', 'link', getPath(from, 'existingPath'), getPath(to, 'newPath'));
  },
};

module.exports = { sync, constants, Stats, BigIntStats, Dirent, getPath, getOptions, joined };
