// Limits, waterfalls, dependency graphs, queues, retries, time limits and iteration over callbacks.
const async = require('async');

module.exports = async (ctx) => {
  const order = [];
  const queue = async.queue(async (task) => { await new Promise((resolve) => setTimeout(resolve, task.ms)); order.push(task.name); }, 2);
  queue.push([{ name: 'slow', ms: 40 }, { name: 'quick', ms: 1 }, { name: 'next', ms: 1 }]);
  await queue.drain();
  let tries = 0;
  return {
    order, mapped: await async.mapLimit([1, 2, 3], 2, async (n) => n * n),
    waterfall: await async.waterfall([(done) => done(null, 2), (n, done) => setImmediate(done, null, n + 3)]),
    auto: await async.auto({ user: async () => ({ id: 1 }), orders: ['user', async ({ user }) => [user.id, 9]] }),
    retried: await async.retry({ times: 3, interval: 1 }, async () => { tries += 1; if (tries < 3) throw new Error('again'); return tries; }),
    parallel: await async.parallel({ a: (done) => setTimeout(done, 2, null, 1), b: (done) => done(null, 2) }),
    timeout: await new Promise((resolve) => async.timeout((done) => setTimeout(done, 500), 5)((error) => resolve(error.code))),
    grouped: await async.groupBy(['ab', 'c', 'de'], async (word) => word.length), sorted: await async.sortBy([3, 1, 2], async (n) => -n),
    until: await new Promise((resolve) => {
      let n = 0;
      async.until((test) => test(null, n >= 3), (next) => next(null, n += 1), (error, value) => resolve(value));
    }),
    failed: await async.series([async () => 1, async () => { throw new Error('stop'); }]).catch((error) => error.message),
    detect: await async.detect([1, 4, 6], async (n) => n > 3),
    reflect: (await async.parallel(async.reflectAll([async () => 1, async () => { throw new Error('x'); }]))).map((one) => Boolean(one.error)),
  };
};
