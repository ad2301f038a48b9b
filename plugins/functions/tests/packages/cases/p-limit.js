// A bound on what runs at once, order of results, the queue, errors.
const pLimit = require('p-limit');

module.exports = async (ctx) => {
  const limit = pLimit(2);
  let running = 0;
  let most = 0;
  const order = [];
  const job = (name, ms) => limit(async (given) => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setTimeout(resolve, ms));
    running -= 1;
    order.push(name);
    return `${name}${given}`;
  }, '!');
  const all = [job('slow', 40), job('a', 1), job('b', 1)];
  await Promise.resolve();
  const state = [limit.activeCount, limit.pendingCount];
  const results = await Promise.all(all);
  return {
    results, most, order, state, failed: await limit(() => { throw new Error('sync'); }).catch((error) => error.message),
    bad: (() => { try { return pLimit(0); } catch (error) { return error.name; } })(),
  };
};
