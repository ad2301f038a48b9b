// Its own scheduler: map with concurrency, reduce, props, promisify, time limits, cancellation, disposal, coroutines.
const Promise = require('bluebird');
Promise.config({ cancellation: true });

module.exports = async (ctx) => {
  let running = 0;
  let most = 0;
  let closed = false;
  let cancelled = false;
  const mapped = await Promise.map([30, 20, 10], async (ms) => {
    most = Math.max(most, ++running);
    await Promise.delay(ms / 3);
    running -= 1;
    return ms;
  }, { concurrency: 2 });
  const api = Promise.promisifyAll({ add(a, b, done) { setImmediate(() => (a < 0 ? done(new Error('negative')) : done(null, a + b))); } });
  const slow = new Promise((resolve, reject, onCancel) => onCancel(() => { cancelled = true; }));
  slow.cancel();
  return {
    mapped, most, reduced: await Promise.reduce([1, 2, 3], (sum, n) => sum + n, 0),
    props: await Promise.props({ a: Promise.resolve(1), b: 2 }), series: await Promise.mapSeries([1, 2], (n) => n * 2),
    added: await api.addAsync(1, 2), failed: await api.addAsync(-1, 0).catch({ message: 'negative' }, (error) => `caught ${error.message}`),
    timeout: await Promise.delay(500).timeout(5).catch(Promise.TimeoutError, (error) => error.name),
    using: await Promise.using(Promise.resolve('file').disposer(() => { closed = true; }), (file) => file.toUpperCase()), closed, cancelled,
    some: (await Promise.some([1, Promise.delay(50), 2], 2)).length,
    coroutine: await Promise.coroutine(function* () { const x = yield Promise.resolve(20); return x + (yield Promise.delay(1, 1)); })(),
    any: await Promise.any([Promise.reject(new Error('x')), 7]), spread: await Promise.all([1, 2]).spread((a, b) => a - b),
    reflect: (await Promise.all([Promise.resolve(1).reflect(), Promise.reject(new Error('n')).reflect()])).map((one) => one.isFulfilled()),
    nodeify: await new global.Promise((resolve) => Promise.resolve(5).asCallback((error, value) => resolve(value))),
    tap: await Promise.resolve(3).tap(() => 9),
  };
};
