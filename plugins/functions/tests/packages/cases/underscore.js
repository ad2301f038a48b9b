// Collections, functions, templates and chains.
const _ = require('underscore');

module.exports = async (ctx) => {
  const people = [{ name: 'moe', age: 40 }, { name: 'larry', age: 50 }, { name: 'curly', age: 40 }];
  let calls = 0;
  const once = _.once(() => { calls += 1; return 'x'; });
  once();
  once();
  const throttled = _.throttle(() => { calls += 10; }, 5, { leading: true, trailing: false });
  throttled();
  throttled();
  await new Promise((resolve) => _.defer(resolve));
  return {
    grouped: _.mapObject(_.groupBy(people, 'age'), (list) => _.pluck(list, 'name')), sorted: _.pluck(_.sortBy(people, 'name'), 'name'),
    counted: _.countBy([1.3, 2.1, 2.4], Math.floor), chained: _.chain([1, 2, 3, 200]).filter((n) => n % 2 === 0).map((n) => n * n).value(),
    where: _.findWhere(people, { age: 50 }), calls,
    template: _.template('hello <%= name %><% if (vip) { %> *<% } %> <%- "<b>" %>')({ name: '小明', vip: true }),
    zip: _.object(_.zip(['a', 'b'], [1, 2])), flat: _.flatten([1, [2, [3]]], true),
    equal: _.isEqual({ a: [new Date(0)] }, { a: [new Date(0)] }), partial: _.partial((a, b) => a - b, _, 1)(5),
    memo: _.memoize((n) => n * 2)(4), escape: _.escape('<a>&"'), diff: _.difference([1, 2, 3], [2]), range: _.range(0, 10, 3),
    kinds: [_.isArguments([]), _.isRegExp(/x/), _.isTypedArray(new Uint8Array(1)), _.isDataView(new DataView(new ArrayBuffer(1)))],
  };
};
