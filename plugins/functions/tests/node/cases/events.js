'use strict';
const EventEmitter = require('events');
const { once, on, errorMonitor, getEventListeners, addAbortListener, EventEmitterAsyncResource } = EventEmitter;
const fails = (run) => { try { return { gave: run() }; } catch (error) { return [error.name, error.code, error.message]; } };

module.exports = {
  basics() {
    const e = new EventEmitter();
    const seen = [];
    const a = (...args) => seen.push(['a', ...args]);
    e.on('newListener', (name) => seen.push(['new', String(name)]));
    e.on('removeListener', (name) => seen.push(['gone', String(name)]));
    e.on('x', a).prependListener('x', () => seen.push('first')).once('x', () => seen.push('once')).prependOnceListener('x', () => seen.push('zero'));
    const gave = [e.emit('x', 1, 2), e.emit('x', 3), e.emit('none'), e.listenerCount('x'), e.eventNames(), e.listeners('x').includes(a)];
    e.off('x', a);
    e.removeAllListeners('x');
    e.once('y', a);
    return [gave, e.rawListeners('y')[0] === a, e.rawListeners('y')[0].listener === a, e.listenerCount('x'), e.removeAllListeners() === e, e.eventNames(), seen];
  },
  errors: () => [fails(() => new EventEmitter().emit('error', new TypeError('mine'))), fails(() => new EventEmitter().emit('error', { a: 1 })), fails(() => new EventEmitter().emit('error')), fails(() => new EventEmitter().on('x', 5)), fails(() => new EventEmitter().setMaxListeners(-1)), fails(() => new EventEmitter().once('x'))],
  monitor() { const seen = []; const e = new EventEmitter(); e.on(errorMonitor, (x) => seen.push(x.message)); e.on('error', () => seen.push('handled')); e.emit('error', new Error('m')); return seen; },
  async once() {
    const e = new EventEmitter();
    const target = new EventTarget();
    setImmediate(() => { e.emit('x', 1, 2); target.dispatchEvent(new Event('foo')); });
    const [a, [event]] = await Promise.all([once(e, 'x'), once(target, 'foo')]);
    const failed = once(e, 'y').catch((error) => error.message);
    e.emit('error', new Error('oops'));
    const controller = new AbortController();
    const aborted = once(e, 'z', { signal: controller.signal }).catch((error) => [error.name, error.code, error.message]);
    controller.abort();
    return [a, event.type, await failed, await aborted, e.listenerCount('error'), e.listenerCount('z')];
  },
  async on() {
    const e = new EventEmitter();
    const got = [];
    setImmediate(() => { e.emit('x', 1); e.emit('x', 2); setImmediate(() => e.emit('end')); });
    for await (const values of on(e, 'x', { close: ['end'] })) got.push(values);
    setImmediate(() => e.emit('error', new Error('bad')));
    try { for await (const values of on(e, 'x')) got.push(values); } catch (error) { got.push(error.message); }
    return [got, e.listenerCount('x')];
  },
  async rejections() {
    const e = new EventEmitter({ captureRejections: true });
    e.on('x', async () => { throw new Error('async'); });
    const seen = once(e, 'never').catch((error) => error.message);
    e.emit('x');
    return seen;
  },
  statics: () => [EventEmitter.defaultMaxListeners, EventEmitter.EventEmitter === EventEmitter, typeof EventEmitter.init, EventEmitter.listenerCount(new EventEmitter(), 'x'), EventEmitter.getMaxListeners(new EventEmitter()), typeof EventEmitter.captureRejectionSymbol, EventEmitter.usingDomains, new EventEmitter().setMaxListeners(3).getMaxListeners(), fails(() => { EventEmitter.defaultMaxListeners = -1; })],
  inherited() { function Old() { EventEmitter.call(this); } Object.setPrototypeOf(Old.prototype, EventEmitter.prototype); const o = new Old(); let n = 0; o.on('a', () => n++); o.emit('a'); const plain = Object.assign(Object.create(null), EventEmitter.prototype); plain.on('b', () => n++); plain.emit('b'); return [n, o instanceof EventEmitter]; },
  listeners() { const t = new EventTarget(); const f = () => {}; t.addEventListener('a', f); return [getEventListeners(t, 'a').length, getEventListeners(new EventEmitter().on('q', f), 'q')[0] === f, new EventEmitterAsyncResource({ name: 'N' }) instanceof EventEmitter]; },
  abortListener() { const c = new AbortController(); let n = 0; addAbortListener(c.signal, () => n++); c.abort(); return n; },
  targets() {
    const seen = [];
    const t = new EventTarget();
    const object = { handleEvent(event) { seen.push(['object', event.type, this === object]); } };
    t.addEventListener('a', object);
    t.addEventListener('a', object);
    t.addEventListener('a', (event) => { seen.push(event.target === t); event.preventDefault(); }, { once: true });
    const event = new CustomEvent('a', { detail: { x: 1 }, cancelable: true });
    const results = [t.dispatchEvent(event), event.defaultPrevented, event.detail, event.target === t, event.currentTarget, event.composedPath().length];
    t.dispatchEvent(new Event('a'));
    t.removeEventListener('a', object);
    t.dispatchEvent(new Event('a'));
    t.addEventListener('b', (e) => { e.stopImmediatePropagation(); seen.push('b1'); });
    t.addEventListener('b', () => seen.push('b2'));
    t.dispatchEvent(new Event('b'));
    return [seen, results, fails(() => t.dispatchEvent({})), fails(() => new Event()), String(new Event('x')), fails(() => t.addEventListener('x'))];
  },
  async aborting() {
    const c = new AbortController();
    const seen = [];
    c.signal.onabort = (event) => seen.push(event.type);
    c.signal.addEventListener('abort', () => seen.push('listener'));
    c.abort();
    c.abort('again');
    const any = new AbortController();
    const combined = AbortSignal.any([any.signal, new AbortController().signal]);
    any.abort('why');
    const timeout = AbortSignal.timeout(5);
    const kept = setTimeout(() => {}, 2000);
    await new Promise((resolve) => timeout.addEventListener('abort', resolve));
    clearTimeout(kept);
    return [seen, c.signal.aborted, c.signal.reason.name, c.signal.reason.code, c.signal.reason.message, combined.aborted, combined.reason, timeout.reason.name, timeout.reason.message, fails(() => timeout.throwIfAborted()), AbortSignal.abort(5).reason, fails(() => new AbortSignal()), String(c), String(c.signal), c.signal.reason instanceof DOMException];
  },
};
