// Node.js's `perf_hooks`: marks and measures on a clock that never goes back; ours.
'use strict';
const { EventTarget } = require('internal/event_target');
const { unavailable, make, invalidArgType } = require('internal/errors');
const DOMException = require('internal/dom_exception');

const now = internal.native['clock.now'];
const origin = now();
const timeOrigin = Date.now();

class PerformanceEntry {
  #name; #type; #start; #duration; #detail;
  constructor(name, type, start, duration, detail) {
    this.#name = `${name}`;
    this.#type = type;
    this.#start = start;
    this.#duration = duration;
    this.#detail = detail;
  }
  get name() { return this.#name; }
  get entryType() { return this.#type; }
  get startTime() { return this.#start; }
  get duration() { return this.#duration; }
  get detail() { return this.#detail; }
  toJSON() {
    return { name: this.name, entryType: this.entryType, startTime: this.startTime, duration: this.duration, detail: this.detail };
  }
}
class PerformanceMark extends PerformanceEntry {
  constructor(name, options = {}) {
    super(name, 'mark', options?.startTime ?? performance.now(), 0, options?.detail === undefined ? null : structuredClone(options.detail));
  }
}
class PerformanceMeasure extends PerformanceEntry {}

// What is measured is kept until it is cleared, or until there is too much of it.
const MAX = 10000;
let entries = [];
const observers = new Set();

function keep(entry) {
  if (entries.length >= MAX) entries.shift();
  entries.push(entry);
  for (const observer of observers) observer.add(entry);
  return entry;
}

const byTime = (a, b) => a.startTime - b.startTime;

class Performance extends EventTarget {
  get timeOrigin() { return timeOrigin; }
  now() { return now() - origin; }
  mark(name, options) { return keep(new PerformanceMark(name, options)); }
  measure(name, start, end) {
    let detail = null;
    let duration;
    if (start !== null && typeof start === 'object') ({ start, end, duration, detail = null } = start);
    const at = (mark, missing) => {
      if (mark === undefined) return missing;
      if (typeof mark === 'number') return mark;
      const known = entries.findLast((entry) => entry.entryType === 'mark' && entry.name === `${mark}`);
      if (known === undefined) throw new DOMException(`The "${mark}" performance mark has not been set`, 'SyntaxError');
      return known.startTime;
    };
    const to = end === undefined && start !== undefined && duration !== undefined ? at(start) + duration : at(end, this.now());
    const from = start === undefined && duration !== undefined ? to - duration : at(start, 0);
    return keep(new PerformanceMeasure(name, 'measure', from, to - from, detail));
  }
  clearMarks(name) { entries = entries.filter((entry) => entry.entryType !== 'mark' || (name !== undefined && entry.name !== `${name}`)); }
  clearMeasures(name) { entries = entries.filter((entry) => entry.entryType !== 'measure' || (name !== undefined && entry.name !== `${name}`)); }
  clearResourceTimings() {}
  setResourceTimingBufferSize() {}
  markResourceTiming() {}
  getEntries() { return [...entries].sort(byTime); }
  getEntriesByName(name, type) { return this.getEntries().filter((entry) => entry.name === `${name}` && (type === undefined || entry.entryType === type)); }
  getEntriesByType(type) { return this.getEntries().filter((entry) => entry.entryType === type); }
  timerify(callback) {
    if (typeof callback !== 'function') throw invalidArgType('fn', 'function', callback);
    return function timerified(...args) {
      const start = performance.now();
      try {
        return new.target ? Reflect.construct(callback, args) : Reflect.apply(callback, this, args);
      } finally {
        keep(new PerformanceEntry(callback.name, 'function', start, performance.now() - start, args));
      }
    };
  }
  eventLoopUtilization() { return { idle: 0, active: 0, utilization: 0 }; }
  get nodeTiming() { return { name: 'node', entryType: 'node', startTime: 0, duration: this.now(), nodeStart: 0, v8Start: 0, environment: 0, loopStart: 0, loopExit: -1, bootstrapComplete: 0, idleTime: 0 }; }
  toJSON() { return { nodeTiming: this.nodeTiming, timeOrigin, eventLoopUtilization: this.eventLoopUtilization() }; }
}

class PerformanceObserver {
  #callback;
  #types = [];
  #buffer = [];
  static supportedEntryTypes = ['function', 'mark', 'measure'];
  constructor(callback) {
    if (typeof callback !== 'function') throw invalidArgType('callback', 'function', callback);
    this.#callback = callback;
  }
  observe(options) {
    if (options?.entryTypes === undefined && options?.type === undefined) throw make(TypeError, 'ERR_MISSING_ARGS', 'The "options.entryTypes" or "options.type" argument must be specified');
    this.#types = options.entryTypes ?? [...this.#types, options.type];
    observers.add(this);
    if (options.buffered) for (const entry of entries) this.add(entry);
  }
  add(entry) {
    if (!this.#types.includes(entry.entryType)) return;
    this.#buffer.push(entry);
    if (this.#buffer.length > 1) return;
    setImmediate(() => {
      const list = this.takeRecords();
      if (list.length === 0) return;
      const shown = {
        getEntries: () => list,
        getEntriesByName: (name, type) => list.filter((known) => known.name === name && (type === undefined || known.entryType === type)),
        getEntriesByType: (type) => list.filter((known) => known.entryType === type),
      };
      Reflect.apply(this.#callback, this, [shown, this]);
    });
  }
  takeRecords() {
    return this.#buffer.splice(0);
  }
  disconnect() {
    observers.delete(this);
    this.#buffer = [];
  }
}

require('internal/web_classes')({ PerformanceEntry, PerformanceMark, PerformanceMeasure, Performance }, false);
const performance = new Performance();

const absent = (name) => () => {
  throw unavailable(`perf_hooks.${name}()`);
};

module.exports = {
  performance, Performance, PerformanceEntry, PerformanceMark, PerformanceMeasure, PerformanceObserver,
  monitorEventLoopDelay: absent('monitorEventLoopDelay'),
  createHistogram: absent('createHistogram'),
  constants: Object.freeze({ NODE_PERFORMANCE_GC_MAJOR: 4, NODE_PERFORMANCE_GC_MINOR: 1, NODE_PERFORMANCE_GC_INCREMENTAL: 8, NODE_PERFORMANCE_GC_WEAKCB: 16 }),
};
