// Node.js's `os`: what does not tell of the host; ours.
'use strict';
const { errors } = require('internal/system_errors');

const signals = ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGILL', 'SIGTRAP', 'SIGABRT', 'SIGBUS', 'SIGFPE', 'SIGKILL', 'SIGUSR1', 'SIGSEGV', 'SIGUSR2', 'SIGPIPE', 'SIGALRM', 'SIGTERM', 'SIGSTKFLT', 'SIGCHLD', 'SIGCONT', 'SIGSTOP', 'SIGTSTP', 'SIGTTIN', 'SIGTTOU', 'SIGURG', 'SIGXCPU', 'SIGXFSZ', 'SIGVTALRM', 'SIGPROF', 'SIGWINCH', 'SIGIO', 'SIGPWR', 'SIGSYS'];

// A function of no arguments whose text is its result, as in Node.js.
function fixed(value) {
  const get = () => value;
  Object.defineProperty(get, Symbol.toPrimitive, { value: () => value });
  return get;
}

module.exports = {
  EOL: '\n',
  devNull: '/dev/null',
  arch: fixed('x64'),
  platform: fixed('linux'),
  type: fixed('Linux'),
  release: fixed('5.10.0'),
  version: fixed('#1 SMP'),
  machine: fixed('x86_64'),
  hostname: fixed('localhost'),
  homedir: fixed('/tmp'),
  tmpdir: fixed('/tmp'),
  endianness: fixed('LE'),
  uptime: () => process.uptime(),
  loadavg: () => [0, 0, 0],
  totalmem: () => ops.heap()[2],
  freemem: () => Math.max(ops.heap()[2] - ops.heap()[0], 0),
  availableParallelism: () => 1,
  cpus: () => [{ model: 'virtual', speed: 0, times: { user: 0, nice: 0, sys: 0, idle: 0, irq: 0 } }],
  networkInterfaces: () => ({}),
  getPriority: () => 0,
  setPriority() {},
  userInfo: () => ({ uid: 1000, gid: 1000, username: 'function', homedir: '/tmp', shell: null }),
  constants: {
    UV_UDP_REUSEADDR: 4,
    dlopen: {},
    errno: Object.fromEntries(Object.entries(errors).filter(([, [number]]) => number < 200).map(([name, [number]]) => [name, number])),
    signals: Object.fromEntries(signals.map((name, index) => [name, index + 1])),
    priority: { PRIORITY_LOW: 19, PRIORITY_BELOW_NORMAL: 10, PRIORITY_NORMAL: 0, PRIORITY_ABOVE_NORMAL: -7, PRIORITY_HIGH: -14, PRIORITY_HIGHEST: -20 },
  },
};
