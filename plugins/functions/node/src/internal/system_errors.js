// The errors of the operating system: numbers, names and messages of Linux.
'use strict';
const errors = {
  E2BIG: [7, 'argument list too long'], EACCES: [13, 'permission denied'], EADDRINUSE: [98, 'address already in use'],
  EADDRNOTAVAIL: [99, 'address not available'], EAGAIN: [11, 'resource temporarily unavailable'], EBADF: [9, 'bad file descriptor'],
  EBUSY: [16, 'resource busy or locked'], ECANCELED: [125, 'operation canceled'], ECONNABORTED: [103, 'software caused connection abort'],
  ECONNREFUSED: [111, 'connection refused'], ECONNRESET: [104, 'connection reset by peer'], EEXIST: [17, 'file already exists'],
  EFAULT: [14, 'bad address in system call argument'], EFBIG: [27, 'file too large'], EHOSTUNREACH: [113, 'host is unreachable'],
  EINTR: [4, 'interrupted system call'], EINVAL: [22, 'invalid argument'], EIO: [5, 'i/o error'], EISCONN: [106, 'socket is already connected'],
  EISDIR: [21, 'illegal operation on a directory'], ELOOP: [40, 'too many symbolic links encountered'], EMFILE: [24, 'too many open files'],
  EMSGSIZE: [90, 'message too long'], ENAMETOOLONG: [36, 'name too long'], ENETDOWN: [100, 'network is down'],
  ENETUNREACH: [101, 'network is unreachable'], ENFILE: [23, 'file table overflow'], ENOBUFS: [105, 'no buffer space available'],
  ENODEV: [19, 'no such device'], ENOENT: [2, 'no such file or directory'], ENOMEM: [12, 'not enough memory'],
  ENOSPC: [28, 'no space left on device'], ENOSYS: [38, 'function not implemented'], ENOTCONN: [107, 'socket is not connected'],
  ENOTDIR: [20, 'not a directory'], ENOTEMPTY: [39, 'directory not empty'], ENOTSUP: [95, 'operation not supported on socket'],
  EPERM: [1, 'operation not permitted'], EPIPE: [32, 'broken pipe'], EPROTO: [71, 'protocol error'], ERANGE: [34, 'result too large'],
  EROFS: [30, 'read-only file system'], ESPIPE: [29, 'invalid seek'], ESRCH: [3, 'no such process'], ETIMEDOUT: [110, 'connection timed out'],
  ETXTBSY: [26, 'text file is busy'], EXDEV: [18, 'cross-device link not permitted'], EOF: [4095, 'end of file'],
  ENXIO: [6, 'no such device or address'], EMLINK: [31, 'too many links'], ENOTFOUND: [3008, 'unknown node or service'],
};

// An error of a call, with its path or paths, as libuv's calls give them.
function systemError(code, syscall, path, dest) {
  const [errno, text] = errors[code] ?? [0, 'unknown error'];
  let message = `${code}: ${text}, ${syscall}`;
  if (path !== undefined) message += ` '${path}'`;
  if (dest !== undefined) message += ` -> '${dest}'`;
  const error = Object.assign(new Error(message), { errno: -errno, code, syscall });
  if (path !== undefined) error.path = path;
  if (dest !== undefined) error.dest = dest;
  return error;
}

module.exports = {
  errors,
  systemError,
  nameOf: (number) => Object.keys(errors).find((name) => errors[name][0] === -number) ?? `Unknown system error ${number}`,
  map: () => new Map(Object.entries(errors).map(([name, [number, text]]) => [-number, [name, text]])),
};
