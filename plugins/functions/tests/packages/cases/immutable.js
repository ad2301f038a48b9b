// Maps, lists, records, ordered and sorted collections, sequences, equality, nested updates.
const { Map, List, Set, Record, OrderedMap, Seq, Range, fromJS, is, merge } = require('immutable');

module.exports = async (ctx) => {
  const User = Record({ name: '', tags: List() });
  const state = fromJS({ users: { 1: { name: 'a', scores: [1, 2] } }, on: true });
  const next = state.updateIn(['users', '1', 'scores'], (list) => list.push(3)).setIn(['users', '2', 'name'], 'b');
  return {
    next, untouched: state.getIn(['users', '1', 'scores']).size, shared: next.get('on') === state.get('on'),
    equal: is(Map({ a: List([1]) }), Map({ a: List([1]) })), hash: Map({ a: 1 }).hashCode() === Map({ a: 1 }).hashCode(),
    record: new User({ name: '小明' }).update('tags', (tags) => tags.push('x')).toJS(),
    ordered: [...OrderedMap([['z', 1], ['a', 2]]).set('m', 3).keys()], set: Set([1, 2]).union([2, 3]).intersect([2, 3]).toArray(),
    lazy: Seq(Range(1, Infinity)).filter((n) => n % 7 === 0).map((n) => n * n).take(3).toArray(),
    grouped: List(['ab', 'c', 'de']).groupBy((word) => word.length).toJS(), sorted: List([3, 1, 2]).sortBy((n) => -n).toArray(),
    text: String(Map({ a: List([1, 2]) })), merged: merge(Map({ a: 1 }), { b: 2 }).toObject(),
    mutated: Map().withMutations((map) => { for (let n = 0; n < 1000; n += 1) map.set(`k${n}`, n); }).reduce((sum, n) => sum + n, 0),
  };
};
