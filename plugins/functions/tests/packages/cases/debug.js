// Names switched on and off, formatters, own writers, extension.
const debug = require('debug');
const util = require('util');

module.exports = async (ctx) => {
  const lines = [];
  debug.enable('app:*,-app:noisy');
  debug.formatters.h = (buffer) => buffer.toString('hex');
  const log = debug('app:db');
  const noisy = debug('app:noisy');
  for (const one of [log, noisy]) { one.useColors = false; one.log = (...args) => lines.push(util.format(...args).replace(/^\S+Z /, '')); }
  log('hello %s %d %j %o', 'world', 42, { a: 1 }, [1, 'x']);
  log('hex %h done %%', Buffer.from('hi'));
  noisy('never');
  const child = log.extend('sub');
  child.log = log.log;
  child.useColors = false;
  child(new Error('boom').message);
  const names = debug.disable();
  log('off');
  return {
    lines, names, enabled: [debug.enabled('app:db'), log.enabled], child: child.namespace, color: typeof debug.selectColor('x'),
  };
};
