'use strict';
const fails = (run) => { try { return { gave: run() }; } catch (error) { return [error.name, error.code, error.message]; } };
const { AsyncLocalStorage, AsyncResource, executionAsyncId } = require('async_hooks');

module.exports = {
  async order() {
    const seen = [];
    await new Promise((resolve) => setImmediate(() => {
      setTimeout(() => seen.push('timeout'), 1);
      Promise.resolve().then(() => { seen.push('micro 1'); process.nextTick(() => seen.push('tick in micro')); }).then(() => seen.push('micro 2'));
      queueMicrotask(() => seen.push('queued'));
      process.nextTick((a) => { seen.push(`tick ${a}`); process.nextTick(() => seen.push('tick in tick')); Promise.resolve().then(() => seen.push('micro in tick')); }, 1);
      seen.push('sync');
      setTimeout(resolve, 20);
    }));
    return seen;
  },
  is: () => [process.platform, process.arch, /^v20\./.test(process.version), process.versions.node === process.version.slice(1), typeof process.pid, process.argv.length > 0, typeof process.uptime(), process.release.name, typeof process.hrtime.bigint(), process.hrtime().length, process.hrtime(process.hrtime()).length, typeof process.memoryUsage().heapUsed, typeof process.memoryUsage.rss(), process.exitCode, typeof process.umask(), typeof process.cwd(), process.emit('x'), typeof process.on, String(process), Object.prototype.toString.call(process), process.stdout.fd, typeof process.config, process.title.length > 0, process.execArgv, fails(() => process.nextTick(5)), process instanceof require('events'), process === require('node:process'), global === globalThis, process.constructor.name],
  env() { process.env.MPC_TEST = 5; process.env.MPC_U = undefined; const r = [process.env.MPC_TEST, process.env.MPC_U, 'MPC_TEST' in process.env, process.env.NOPE, Object.keys(process.env).includes('MPC_TEST'), { ...process.env }.MPC_TEST]; delete process.env.MPC_TEST; return [...r, process.env.MPC_TEST]; },
  async warnings() { const got = new Promise((resolve) => process.once('warning', (w) => resolve([w.name, w.message, w.code]))); process.emitWarning('careful', 'MyWarning', 'W1'); return got; },
  async storage() {
    const als = new AsyncLocalStorage();
    const other = new AsyncLocalStorage();
    const seen = [];
    const note = (name) => seen.push([name, als.getStore(), other.getStore()]);
    await als.run(1, async () => {
      note('sync');
      await null;
      note('await');
      await new Promise((resolve) => setTimeout(() => { note('timeout'); resolve(); }, 1));
      note('after timeout');
      await new Promise((resolve) => setImmediate(() => { note('immediate'); resolve(); }));
      await new Promise((resolve) => process.nextTick(() => { note('tick'); resolve(); }));
      await new Promise((resolve) => queueMicrotask(() => { note('micro'); resolve(); }));
      await other.run(2, async () => { await null; note('nested'); });
      note('back');
      als.exit(() => note('exit'));
      await require('fs/promises').readdir('/tmp');
      note('fs');
    });
    note('outside');
    als.enterWith('entered');
    await null;
    note('entered');
    const bound = als.run('bound', () => AsyncLocalStorage.bind(() => als.getStore()));
    const snapshot = als.run('snap', () => AsyncLocalStorage.snapshot());
    const resource = als.run('resource', () => new AsyncResource('R'));
    return [seen, bound(), snapshot(() => als.getStore()), resource.runInAsyncScope((a) => [als.getStore(), a], null, 7), typeof executionAsyncId(), await Promise.all([1, 2, 3].map((n) => als.run(n, async () => { await new Promise((r) => setTimeout(r, 5 - n)); return als.getStore(); })))];
  },
  async timers() {
    const seen = [];
    const interval = setInterval(() => { seen.push('i'); if (seen.filter((x) => x === 'i').length === 3) clearInterval(interval); }, 1);
    await new Promise((resolve) => setTimeout(resolve, 60));
    const cancelled = setTimeout(() => seen.push('never'), 1);
    clearTimeout(cancelled);
    clearTimeout(+setTimeout(() => seen.push('never'), 1));
    const t = setTimeout((a, b) => seen.push([a, b]), 5, 'x', 'y');
    const info = [t.hasRef(), t.unref() === t, t.hasRef(), t.ref() === t, t.refresh() === t, typeof t[Symbol.toPrimitive](), t.constructor.name, setImmediate(() => {}).constructor.name];
    const promises = require('timers/promises');
    await promises.setTimeout(30);
    const ticks = [];
    for await (const value of promises.setInterval(1, 'v')) { ticks.push(value); if (ticks.length === 3) break; }
    const c = new AbortController();
    const p = promises.setTimeout(1000, null, { signal: c.signal }).catch((e) => [e.name, e.code]);
    c.abort();
    return [seen, info, await promises.setTimeout(1, 'value'), await promises.setImmediate('im'), ticks, await p, fails(() => setTimeout('x')), fails(() => setImmediate())];
  },
  async channels() {
    const { MessageChannel, receiveMessageOnPort, isMainThread } = require('worker_threads');
    const { port1, port2 } = new MessageChannel();
    const got = new Promise((resolve) => port2.on('message', resolve));
    port1.postMessage({ a: new Map([[1, 2]]) });
    const message = await got;
    port1.close();
    const c = new MessageChannel();
    c.port1.postMessage(5);
    return [message.a.get(1), isMainThread, receiveMessageOnPort(c.port2), receiveMessageOnPort(c.port2) === undefined];
  },
  diagnostics() {
    const dc = require('diagnostics_channel');
    const channel = dc.channel('c');
    const seen = [];
    const f = (message, name) => seen.push([message, name]);
    channel.publish(1);
    dc.subscribe('c', f);
    channel.publish(2);
    const has = channel.hasSubscribers;
    return [seen, has, dc.unsubscribe('c', f), channel.hasSubscribers, dc.hasSubscribers('c'), dc.channel('c') === channel, dc.tracingChannel('t').traceSync(() => 5)];
  },
  others() {
    const vm = require('vm');
    const module_ = require('module');
    const os = require('os');
    const { performance } = require('perf_hooks');
    performance.mark('a');
    const measure = performance.measure('m', 'a');
    return [vm.runInThisContext('1 + 1'), new vm.Script('this.q_ = 5; q_ * 2').runInThisContext(), fails(() => new vm.Script('a b')), vm.compileFunction('return a + b', ['a', 'b'])(1, 2), module_.isBuiltin('fs'), module_.isBuiltin('node:path'), module_.isBuiltin('nope'), module_.builtinModules.includes('fs/promises'), os.EOL, os.platform(), typeof os.cpus().length, os.endianness(), os.constants.signals.SIGTERM, measure.entryType, measure.duration >= 0, performance.getEntriesByName('a').length, performance.now() > 0, require('tty').isatty(1) === false || true, require('sys') === require('util'), require('constants').O_RDONLY, typeof require('v8').getHeapStatistics().used_heap_size, require('punycode').toASCII('mañana.com')];
  },
};
