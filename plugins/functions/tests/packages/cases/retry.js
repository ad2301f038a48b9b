// Timeouts by rule, an operation with real timers, its errors, wrapped methods.
const retry = require('retry');

module.exports = async (ctx) => {
  const run = (fails) => new Promise((resolve) => {
    const operation = retry.operation({ retries: 3, minTimeout: 1, factor: 1 });
    operation.attempt((count) => {
      const error = count <= fails ? new Error(count % 2 ? 'odd' : 'even') : null;
      if (operation.retry(error)) return;
      resolve([count, operation.attempts(), error && operation.mainError().message, operation.errors().length]);
    });
  });
  const api = { calls: 0, get(done) { this.calls += 1; setImmediate(done, this.calls < 3 ? new Error('again') : null, this.calls); } };
  retry.wrap(api, { retries: 5, minTimeout: 1, factor: 1 }, ['get']);
  return {
    timeouts: retry.timeouts({ retries: 5, minTimeout: 100, factor: 2, maxTimeout: 1000 }),
    one: retry.createTimeout(3, { minTimeout: 10, maxTimeout: 500, factor: 3 }), good: await run(2), failed: await run(9),
    wrapped: await new Promise((resolve) => api.get((error, value) => resolve(value))),
    bad: (() => { try { return retry.timeouts({ minTimeout: 2, maxTimeout: 1 }); } catch (error) { return error.message; } })(),
  };
};
