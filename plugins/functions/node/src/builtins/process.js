// `process`, as far as a function in an isolate has one.
module.exports = { env: {}, nextTick: (callback, ...args) => queueMicrotask(() => callback(...args)), version: 'v20.0.0', versions: { node: '20.0.0' }, platform: 'linux', argv: [], cwd: () => '/code' };
