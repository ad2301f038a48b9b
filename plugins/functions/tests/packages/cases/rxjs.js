// Operators, subjects, schedulers with real timers, errors and retries, promises both ways.
const {
  of, from, interval, Subject, ReplaySubject, BehaviorSubject, throwError, defer, merge, forkJoin, lastValueFrom, firstValueFrom, timer,
  asyncScheduler, queueScheduler, asapScheduler, fromEvent, EmptyError,
} = require('rxjs');
const {
  map, filter, toArray, scan, mergeMap, concatMap, switchMap, take, retry, catchError, debounceTime, bufferCount, groupBy, reduce, timeout,
  observeOn, distinctUntilChanged, finalize,
} = require('rxjs/operators');
const { EventEmitter } = require('events');

module.exports = async (ctx) => {
  const all = (source) => lastValueFrom(source.pipe(toArray()));
  const seen = [];
  let tries = 0;
  const subject = new Subject();
  const replay = new ReplaySubject(2);
  const state = new BehaviorSubject(1);
  const debounced = all(subject.pipe(debounceTime(10)));
  [1, 2, 3].forEach((n) => { subject.next(n); replay.next(n); state.next(n); });
  setTimeout(() => subject.complete(), 30);
  const emitter = new EventEmitter();
  const once = firstValueFrom(fromEvent(emitter, 'tick'));
  emitter.emit('tick', 'tock');
  queueScheduler.schedule(() => { queueScheduler.schedule(() => seen.push('inner')); seen.push('outer'); });
  return {
    piped: await all(from([1, 2, 3, 4]).pipe(filter((n) => n % 2), map((n) => n * 10), scan((sum, n) => sum + n))),
    timed: await all(interval(1).pipe(take(3))),
    flat: await all(of(1, 2).pipe(mergeMap((n) => Promise.resolve(n * 2)), concatMap((n) => timer(1).pipe(map(() => n))))),
    switched: await all(of(1, 2, 3).pipe(switchMap((n) => timer(2).pipe(map(() => n))))), debounced: await debounced,
    replay: await all(merge(replay.pipe(take(2)))), state: state.value,
    retried: await lastValueFrom(defer(() => (tries++ < 2 ? throwError(() => new Error('no')) : of(tries))).pipe(retry(3))),
    caught: await lastValueFrom(throwError(() => new Error('x')).pipe(catchError((error) => of(error.message)))), once: await once, seen,
    joined: await lastValueFrom(forkJoin({ a: of(1), b: Promise.resolve(2) })), buffered: await all(from('abcde').pipe(bufferCount(2))),
    grouped: await all(from(['ab', 'c', 'de']).pipe(groupBy((word) => word.length), mergeMap((group) => group.pipe(reduce((list, word) => [...list, word], [group.key]))))),
    late: await lastValueFrom(timer(500).pipe(timeout(5))).catch((error) => error.name),
    empty: await firstValueFrom(of()).catch((error) => error instanceof EmptyError),
    scheduled: await all(of(1, 1, 2).pipe(observeOn(asapScheduler), observeOn(asyncScheduler), distinctUntilChanged(), finalize(() => seen.push('done')))),
  };
};
