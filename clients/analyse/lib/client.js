'use strict';

const channel = require('./channel');
const Connection = require('./connection');
const Delivery = require('./delivery');
const log = require('./log');
const Queue = require('./queue');
const Store = require('./store');
const Visits = require('./visits');

/** How often the time in front is kept, in milliseconds: a killed app loses at most so much. */
const TICK = 10000;
/** From a launch until it is sent, so that the app starts and signs in first. */
const START_WAIT = 1000;

/** The statistics of one app in one run of the mini program. */
class Client {
  constructor(appKey, runtime, platformParam) {
    this.appKey = appKey;
    this.runtime = runtime;
    this.visits = new Visits();
    this.queue = new Queue();
    this.store = new Store(runtime.storage, appKey, channel.of(platformParam), this.queue);
    this.delivery = new Delivery(appKey, runtime.platform, this.store, this.queue);
    this.ticker = null;
    this.store.open();
  }

  /** Takes the app's object of the SDK. */
  connect(sdk) {
    if (!Connection.usable(sdk)) {
      log.error('MPAnalyse.init needs an object of @alicloud/mpserverless-sdk as `mpServerless`; nothing is sent until it is called with one');
      return;
    }
    this.delivery.connect(new Connection(sdk, this.runtime.object));
    this.deliverSoon();
  }

  /** Calls from before `init`. Without any, the mini program is in front now. */
  replay(calls, now) {
    if (calls.length === 0) this.resume(now);
    calls.forEach((one) => this[one.call](one.at));
  }

  resume(now) {
    if (this.visits.front) return;
    const launched = this.visits.resume(now, this.queue.offset);
    if (launched) this.note(true);
    this.ticker = setInterval(() => this.tick(), TICK);
    this.delivery.awake = true;
    this.deliverSoon();
  }

  pause(now) {
    if (!this.visits.front) return;
    this.watch(this.visits.pause(now));
    clearInterval(this.ticker);
    this.note(true);
    this.delivery.sleep();
  }

  tick() {
    this.watch(this.visits.measure(Date.now()));
    this.note(false);
    this.delivery.nudge();
  }

  /** A clock that was changed has to be confirmed before it is relied on. */
  watch(steady) {
    if (!steady) this.queue.confirmed = null;
  }

  /** Keeps the present session. Until it is `due` it only waits for the next pause, or the next run. */
  note(due) {
    const session = this.visits.session;
    if (this.delivery.ended || session.refused || session.known === session.duration) return;
    if (due) session.due = true;
    this.queue.keep(session);
    this.store.save();
  }

  deliverSoon() {
    if (this.queue.waits()) this.delivery.plan(START_WAIT);
  }
}

module.exports = Client;
