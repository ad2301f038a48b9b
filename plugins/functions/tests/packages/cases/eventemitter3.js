// Listeners, once, contexts, removal, names and counts.
const EventEmitter = require('eventemitter3');

module.exports = async (ctx) => {
  const seen = [];
  class Shop extends EventEmitter { sell(what) { return this.emit('sold', what, 2); } }
  const shop = new Shop();
  const listener = function (what, count) { seen.push([this.tag, what, count]); };
  shop.on('sold', listener, { tag: 'on' }).once('sold', listener, { tag: 'once' });
  const first = shop.sell('apple');
  const counts = [shop.listenerCount('sold'), shop.eventNames()];
  shop.off('sold', listener);
  return {
    first, second: shop.sell('pear'), seen, counts, prefixed: EventEmitter.prefixed,
    symbols: new EventEmitter().on(Symbol.for('s'), () => 1).eventNames().map(String),
    cleared: shop.on('a', listener).removeAllListeners().eventNames(),
  };
};
