'use strict';

const log = require('./log');
const VERSION = require('./version');

const METHOD = 'analytics.collect';
/** The wait after a failure in milliseconds. It doubles with each, and up to a half of it is left to chance. */
const FIRST_WAIT = 30000;
const LONGEST_WAIT = 300000;

const ADVICE = {
  'InvalidAppKey.NotFound': (appKey) => `The server has no analytics app with the AppKey ${appKey}: nothing is sent. Check MPAnalyse.init`,
  'InvalidMethod.Format': () => 'The server has no analytics: add its plugin. Visits are kept and sent later',
};

/** Sends what waits: one batch at a time, each until it was answered. */
class Delivery {
  constructor(appKey, platform, store, queue) {
    this.appKey = appKey;
    this.platform = platform;
    this.store = store;
    this.queue = queue;
    this.connection = null;
    this.sending = false;
    /** Set for the rest of the run once the server does not know the app. */
    this.ended = false;
    this.failures = 0;
    this.throttled = false;
    /** Whether the clock was just corrected, so that another correction is a failure. */
    this.corrected = false;
    /** Whether the mini program is in front. */
    this.awake = false;
    this.timer = null;
    this.advised = {};
  }

  connect(connection) {
    this.connection = connection;
  }

  /** Sends in a while, in the place of an earlier plan; after a refusal for too many calls not before its wait. */
  plan(delay) {
    this.cancel();
    if (!this.awake || this.ended) return;
    this.timer = setTimeout(() => this.flush(), this.throttled ? this.wait() : delay);
  }

  cancel() {
    clearTimeout(this.timer);
    this.timer = null;
  }

  /** The mini program goes to the background, where timers do not run. */
  sleep() {
    this.awake = false;
    this.cancel();
    if (!this.throttled) this.flush();
  }

  /** Sends unless there is a plan to. */
  nudge() {
    if (this.timer === null) this.flush();
  }

  wait() {
    const wait = Math.min(FIRST_WAIT * Math.pow(2, this.failures - 1), LONGEST_WAIT);
    return wait * (0.5 + Math.random() / 2);
  }

  flush() {
    this.cancel();
    if (this.ended || this.sending || !this.connection || !this.store.open()) return;
    const batch = this.queue.next();
    if (!batch) return;
    this.store.save();
    this.sending = true;
    this.connection
      .send(METHOD, this.params(batch))
      .then((answer) => this.answered(answer))
      .catch((reason) => this.failed(reason))
      .then((again) => {
        this.sending = false;
        if (again) this.flush();
      });
  }

  params(batch) {
    const device = this.store.device;
    const events = batch.events.map((event) => {
      const sent = { start: event.start, duration: event.duration };
      if (device.channel) sent.channel = device.channel;
      return sent;
    });
    return {
      appKey: this.appKey,
      batch: batch.id,
      device: device.id,
      platform: this.platform,
      sdk: VERSION,
      sentAt: Math.round(Date.now() + this.queue.offset),
      events: events,
    };
  }

  /** Tells whether to go on at once. */
  answered(answer) {
    if (!Number.isFinite(answer.serverTime)) throw new Error('no answer of analytics');
    if (answer.clockOff === true) {
      this.queue.dissolve();
      this.queue.correct(Math.round(answer.serverTime - Date.now()));
      this.store.save();
      if (this.corrected) throw new Error('the clock does not come right');
      this.corrected = true;
      return true;
    }
    if (!Number.isFinite(answer.accepted)) throw new Error('no answer of analytics');
    const rejected = Array.isArray(answer.rejected) ? answer.rejected : [];
    this.queue.settle(rejected.map((one) => one && one.index));
    this.store.save();
    this.failures = 0;
    this.throttled = false;
    this.corrected = false;
    return this.queue.waits();
  }

  /** Tells whether to go on at once. */
  failed(reason) {
    const code = (reason && reason.code) || '';
    this.advise(code);
    if (code === 'InvalidAppKey.NotFound') {
      this.ended = true;
      this.cancel();
      return false;
    }
    if (code === 'InvalidParams.Format') {
      this.queue.split();
      this.store.save();
    }
    this.failures += 1;
    this.throttled = code === 'Throttling.Api';
    this.corrected = false;
    this.plan(this.wait());
    return false;
  }

  advise(code) {
    const advice = Object.prototype.hasOwnProperty.call(ADVICE, code) ? ADVICE[code] : null;
    if (!advice || this.advised[code]) return;
    this.advised[code] = true;
    log.error(advice(this.appKey));
  }
}

module.exports = Delivery;
