// Eviction by count and by size, times to live, disposal, asynchronous fetching.
const { LRUCache } = require('lru-cache');

module.exports = async (ctx) => {
  const gone = [];
  const cache = new LRUCache({ max: 2, dispose: (value, key, why) => gone.push([key, why]) });
  cache.set('a', 1);
  cache.set('b', 2);
  cache.get('a');
  cache.set('c', 3);
  cache.set('a', 9);
  cache.delete('c');
  const timed = new LRUCache({ max: 10, ttl: 150, ttlResolution: 0 });
  timed.set('x', 1);
  timed.set('y', 2, { ttl: 60_000 });
  const before = timed.get('x');
  await new Promise((resolve) => setTimeout(resolve, 200));
  const sized = new LRUCache({ maxSize: 10, sizeCalculation: (text) => text.length });
  sized.set('1', 'aaaa').set('2', 'bbbb').set('3', 'cccc');
  let fetched = 0;
  const lazy = new LRUCache({ max: 5, fetchMethod: async (key) => {
    fetched += 1;
    await new Promise((resolve) => setTimeout(resolve, 2));
    return key.toUpperCase();
  } });
  return {
    keys: [...cache.keys()], gone, before, after: timed.get('x') ?? null, left: timed.getRemainingTTL('y') > 50_000,
    sized: [[...sized.keys()], sized.calculatedSize], lazy: await Promise.all([lazy.fetch('k'), lazy.fetch('k')]), fetched,
    peek: cache.peek('a'), dumped: cache.dump().map(([key, { value }]) => [key, value]), found: cache.find((value) => value === 9),
  };
};
