// A phone with a mini program on it: a clock and timers that only tests move, storage, life-cycle calls, and a server.
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const vm = require('node:vm');

const PACKAGE = path.join(__dirname, '..');
const DAY = 86400000;

/** The package in a realm of its own, as a new run of the mini program has it. */
function load(globals, prepare = '') {
  const context = vm.createContext(globals);
  vm.runInContext(`Date.now = () => clock(); ${prepare}`, context);
  const loaded = {};
  const require = (file) => {
    if (loaded[file]) return loaded[file].exports;
    const module = (loaded[file] = { exports: {} });
    const text = fs.readFileSync(file, 'utf8');
    vm.runInContext(`(function (module, exports, require) {${text}\n})`, context, { filename: file })(module, module.exports, (name) =>
      require(path.join(path.dirname(file), `${name}.js`)),
    );
    return module.exports;
  };
  return require(path.join(PACKAGE, 'index.js'));
}

class Phone {
  /** `kind` is `alipay` or `wechat`, `now` its clock, `members` what its runtime has beside storage. */
  constructor({ kind = 'alipay', now = 1790000000000, members = {} } = {}) {
    this.kind = kind;
    this.now = now;
    this.disk = new Map();
    /** What storage does instead, by `read` and `write`. */
    this.faults = {};
    this.writes = 0;
    this.timers = new Map();
    this.lastTimer = 0;
    /** Waits for what happens outside of the phone. */
    this.outside = () => turns(20);
    const read = (key) => (this.faults.read ? this.faults.read(key) : this.disk.get(key));
    const write = (key, data) => {
      this.writes += 1;
      if (this.faults.write) return this.faults.write(key, data);
      this.disk.set(key, structuredClone(data));
      return undefined;
    };
    this.runtime =
      kind === 'alipay'
        ? {
            getAuthCode() {},
            getStorageSync: ({ key }) => {
              const found = read(key);
              return found && found.error ? found : { data: found === undefined ? null : found };
            },
            setStorageSync: ({ key, data }) => write(key, data) || { success: true },
            ...members,
          }
        : { login() {}, getStorageSync: (key) => (read(key) === undefined ? '' : read(key)), setStorageSync: write, ...members };
  }

  /** A new run: the code is loaded, nothing is called. */
  open({ prepare = '', globals } = {}) {
    const run = { alive: true, logs: [], warnings: [], errors: [] };
    const own = globals || { [this.kind === 'alipay' ? 'my' : 'wx']: this.runtime };
    const start = (fire, delay, every) => {
      this.lastTimer += 1;
      this.timers.set(this.lastTimer, { run, fire, at: this.now + delay, every });
      return this.lastTimer;
    };
    run.MPAnalyse = load(
      {
        clock: () => this.now,
        console: {
          log: (text) => run.logs.push(text),
          warn: (text) => run.warnings.push(text),
          error: (text) => run.errors.push(text),
        },
        setTimeout: (fire, delay) => start(fire, delay),
        setInterval: (fire, delay) => start(fire, delay, delay),
        clearTimeout: (id) => this.timers.delete(id),
        clearInterval: (id) => this.timers.delete(id),
        ...own,
      },
      prepare,
    );
    /** Onlaunch and onShow, as the manual has them. */
    run.launch = (mpServerless, platformParam, appKey = 'app') => {
      const options = { mpServerless, platformParam };
      if (this.kind === 'alipay') run.MPAnalyse.init(appKey, this.runtime, options);
      else run.MPAnalyse.init(appKey, options);
      run.MPAnalyse.resume();
      return run;
    };
    /** The system ends the mini program without telling it: nothing of it runs any more. */
    run.kill = () => {
      run.alive = false;
      for (const [id, timer] of this.timers) if (timer.run === run) this.timers.delete(id);
    };
    return run;
  }

  async pass(milliseconds) {
    const end = this.now + milliseconds;
    await this.outside();
    for (;;) {
      const [id, timer] = [...this.timers].sort(([, a], [, b]) => a.at - b.at)[0] || [];
      if (!timer || timer.at > end) break;
      this.now = Math.max(this.now, timer.at);
      if (timer.every) timer.at += timer.every;
      else this.timers.delete(id);
      timer.fire();
      await this.outside();
    }
    this.now = end;
    await this.outside();
  }

  /** Sets the clock. Timers go by the time that passes, not by the clock. */
  setClock(now) {
    for (const timer of this.timers.values()) timer.at += now - this.now;
    this.now = now;
  }

  stored(name, appKey = 'app') {
    return JSON.parse(this.disk.get(`mpanalyse.${appKey}.${name}`));
  }
}

async function turns(count) {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** An analytics server, with the rules of the service, and faults. */
class Server {
  constructor(phone) {
    this.clock = () => phone.now;
    this.sessions = new Map();
    this.heard = [];
    /** Empty batches, which only ask for the time, and what happens to the next ones instead. */
    this.asked = [];
    this.askedFaults = [];
    /** For each of the next requests what happens instead: see `forward`. */
    this.faults = [];
    this.down = false;
    this.inFlight = 0;
    this.mostInFlight = 0;
    const forward = (method, params) => this.forward(method, params);
    this.sdk = { network: { forward } };
  }

  /** `fault(reply)` is called with what the server would answer; `lost` and `refuse` make some. */
  async forward(method, params) {
    const sent = JSON.parse(JSON.stringify(params));
    this.inFlight += 1;
    this.mostInFlight = Math.max(this.mostInFlight, this.inFlight);
    try {
      await turns(2);
      if (this.down) throw new Error('request:fail');
      const asks = sent.events.length === 0;
      (asks ? this.asked : this.heard).push({ method, ...sent });
      const fault = (asks ? this.askedFaults : this.faults).shift();
      const reply = () => ({ success: true, result: this.collect(sent) });
      return fault ? await fault(reply) : reply();
    } finally {
      this.inFlight -= 1;
    }
  }

  collect({ sentAt, device, events }) {
    const serverTime = this.clock();
    if (Math.abs(sentAt - serverTime) > 300000) return { serverTime, accepted: 0, rejected: [], clockOff: true };
    const rejected = [];
    events.forEach(({ start, duration, channel }, index) => {
      if (start < serverTime - 30 * DAY) rejected.push({ index, reason: 'tooOld' });
      else if (start > serverTime + 600000) rejected.push({ index, reason: 'inFuture' });
      else {
        const key = `${device} ${start}`;
        const before = this.sessions.get(key) || { start, duration: 0, channel };
        this.sessions.set(key, { ...before, duration: Math.max(before.duration, duration) });
      }
    });
    return { serverTime, accepted: events.length - rejected.length, rejected };
  }

  /** The time in front of all sessions, in order of their starts. */
  durations() {
    return [...this.sessions.values()].sort((a, b) => a.start - b.start).map((session) => session.duration);
  }

  starts() {
    return [...this.sessions.values()].map((session) => session.start).sort((a, b) => a - b);
  }
}

/** The server takes it, and its answer is lost. */
const lost = async (reply) => {
  reply();
  throw new Error('request:fail');
};

/** A refusal, as the SDK rejects with it. */
const refuse = (code) => () => Promise.reject({ code, message: 'refused' });

module.exports = { DAY, Phone, Server, lost, refuse, turns };
