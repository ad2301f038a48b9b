// Grouping, sorting, paths, deep comparison, debounce, chains and a compiled template.
const _ = require('lodash');

module.exports = async (ctx) => {
  const orders = [
    { id: 1, user: 'b', total: 30, tags: ['x', 'y'] },
    { id: 2, user: 'a', total: 10, tags: ['y'] },
    { id: 3, user: 'b', total: 20, tags: [] },
  ];
  let calls = 0;
  const later = _.debounce(() => { calls += 1; }, 5);
  later();
  later();
  later();
  await new Promise((resolve) => _.delay(resolve, 40));
  return {
    totals: _(orders).groupBy('user').mapValues((list) => _.sumBy(list, 'total')).value(),
    sorted: _.map(_.orderBy(orders, ['user', 'total'], ['asc', 'desc']), 'id'), path: _.get(orders, '[0].tags[1]'),
    set: _.set({}, 'a.b[1].c', 5), union: _.union(..._.map(orders, 'tags')), merged: _.merge({ a: [{ b: 1 }] }, { a: [{ c: 2 }] }),
    equal: _.isEqual(_.cloneDeep(orders), orders),
    clone: _.cloneDeep({ at: new Date(0), set: new Set([1]), re: /x/gi, bytes: Buffer.from('ab') }).bytes.toString('hex'), calls,
    chunk: _.chunk(_.range(7), 3), words: _.startCase('fooBar-baz qux'), deburr: _.deburr('déjà vu'),
    template: _.template('<% users.forEach(u => { %><li><%- u %></li><% }) %>')({ users: ['<a>', 'b'] }),
    unicode: _.toArray('a👨‍👩‍👧b').length, isPlain: [_.isPlainObject({}), _.isPlainObject(new Date()), _.isBuffer(Buffer.alloc(1))],
    diff: _.differenceWith([{ x: 1 }, { x: 2 }], [{ x: 1 }], _.isEqual), curry: _.curry((a, b, c) => a + b + c)(1)(2)(3),
  };
};
