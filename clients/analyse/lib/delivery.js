'use strict';

const Connection = require('./connection');
const log = require('./log');
const random = require('./random');
const VERSION = require('./version');

const METHOD = 'analytics.collect';
/** The wait after a failure in milliseconds. It doubles with each, and up to a half of it is left to chance. */
const FIRST_WAIT = 30000;
const LONGEST_WAIT = 300000;
/** The wait while the server reads nothing that this package sends, which time alone does not mend. */
const UNREAD_WAIT = 3600000;
/** After so many failures in a row it is told that nothing arrives. */
const TOLD_FAILURES = 3;

/** The codes of refusals that are dealt with. */
const NO_APP = 'InvalidAppKey.NotFound';
const UNREADABLE = 'InvalidParams.Format';
const THROTTLED = 'Throttling.Api';
/** Further codes that say that nothing was stored. */
const NOTHING_STORED = [NO_APP, 'InvalidMethod.Format', THROTTLED];
/** In the place of a code: several failures in a row, of any kind. */
const SEVERAL = 'several';

/** What to do, by the code of a failure. */
const ADVICE = {
  [NO_APP]: (appKey) => `The server has no analytics app with the AppKey ${appKey}: nothing is sent. Check MPAnalyse.init`,
  'InvalidMethod.Format': () => 'The server has no analytics: add its plugin. Visits are kept and sent later',
  [UNREADABLE]: (appKey, why) =>
    `The server cannot read what this version of @mpcloud/analyse sends (${why}): update the older one. Visits are kept and sent later`,
  [Connection.NOBODY]: (appKey, why) =>
    `Nobody is signed in with \`mpServerless\`, and another object cannot be made from its options (${why}): ` +
    'call mpServerless.user.authorize({ authType: "anonymous" }) in onLaunch. Visits are kept and sent later',
  [SEVERAL]: (appKey, why) =>
    `Nothing arrives at the server (${why}): check the network, spaceId, clientSecret, endpoint and the request domains of the mini program, ` +
    'and that mpServerless.user.authorize succeeds. Visits are kept and sent later',
};

/**
 * Sends what waits: one batch at a time, each until it was answered.
 *
 * A start that was sent stays as it is, since it names the session, unless the server says that it stored nothing. So the
 * clock has to be right before: where that is not known, an empty batch asks for the server's time first.
 */
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
    /** Whether the wait is kept to, also at a pause. */
    this.patient = false;
    /** Whether the server has read nothing of several batches. */
    this.unread = false;
    /** Whether it was said that statistics work. */
    this.welcomed = false;
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

  /** Sends in a while, in the place of an earlier plan; where patience was asked for not before its wait. */
  plan(delay) {
    this.cancel();
    if (!this.awake || this.ended) return;
    this.timer = setTimeout(() => this.flush(), this.patient ? this.wait() : delay);
  }

  cancel() {
    clearTimeout(this.timer);
    this.timer = null;
  }

  /** The mini program goes to the background, where timers do not run. */
  sleep() {
    this.awake = false;
    this.cancel();
    if (!this.patient) this.flush();
  }

  /** Sends unless there is a plan to. */
  nudge() {
    if (this.timer === null) this.flush();
  }

  wait() {
    const wait = this.unread ? UNREAD_WAIT : Math.min(FIRST_WAIT * Math.pow(2, this.failures - 1), LONGEST_WAIT);
    return wait * (0.5 + Math.random() / 2);
  }

  flush() {
    this.cancel();
    if (this.ended || this.sending || !this.connection || !this.store.open()) return;
    if (!this.queue.waits()) return;
    const asking = !this.queue.sure(Date.now());
    const batch = asking ? { id: random.uuid(), events: [] } : this.queue.next();
    this.store.save();
    this.sending = true;
    this.connection
      .send(METHOD, this.params(batch))
      .then((answer) => this.answered(answer, asking))
      .catch((reason) => this.failed(reason, asking))
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

  /** Tells whether to go on at once. `asking` is set when only the time was asked for. */
  answered(answer, asking) {
    if (!Number.isFinite(answer.serverTime)) throw new Error('no answer of analytics');
    const off = answer.clockOff === true;
    if (!off && !Number.isFinite(answer.accepted)) throw new Error('no answer of analytics');
    const now = Date.now();
    this.queue.confirmed = now;
    if (off) {
      this.queue.dissolve();
      this.queue.correct(Math.round(answer.serverTime - now));
      this.store.save();
      if (this.corrected) throw new Error('the clock does not come right');
      this.corrected = true;
      return true;
    }
    if (asking) return true;
    const rejected = Array.isArray(answer.rejected) ? answer.rejected : [];
    this.queue.settle(rejected.map((one) => one && one.index));
    this.tell(answer.accepted);
    this.store.save();
    this.failures = 0;
    this.patient = false;
    this.unread = false;
    this.corrected = false;
    return this.queue.waits();
  }

  /** Tells whether to go on at once. */
  failed(reason, asking) {
    const code = (reason && reason.code) || '';
    if (asking && code === UNREADABLE) {
      // Which batches it reads is found out with these.
      this.queue.confirmed = Date.now();
      return true;
    }
    this.failures += 1;
    this.unread = false;
    if (!asking) {
      if (code === UNREADABLE) this.unread = this.queue.split();
      else if (NOTHING_STORED.indexOf(code) >= 0) this.queue.dissolve();
      else this.queue.pin();
      this.store.save();
    }
    this.patient = this.unread || code === THROTTLED;
    this.advise(code, cause(reason));
    if (code === NO_APP) {
      this.ended = true;
      this.cancel();
      return false;
    }
    this.corrected = false;
    this.plan(this.wait());
    return false;
  }

  /** What is good to know after an answer: that it works, and what was lost before. */
  tell(accepted) {
    if (accepted > 0 && !this.welcomed) {
      this.welcomed = true;
      log.info('集成SDK成功');
    }
    if (this.queue.dropped > 0) {
      log.warn(`${this.queue.dropped} sessions were given up, the oldest, since more waited than are kept`);
      this.queue.dropped = 0;
    }
  }

  /** Says once a run what to do about a failure, or several. */
  advise(code, why) {
    if (code === UNREADABLE ? !this.unread : code === THROTTLED) return;
    const known = Object.prototype.hasOwnProperty.call(ADVICE, code);
    if (!known && this.failures < TOLD_FAILURES) return;
    const kind = known ? code : SEVERAL;
    if (this.advised[kind]) return;
    this.advised[kind] = true;
    log.error(ADVICE[kind](this.appKey, why));
  }
}

/** What a rejection says; that of a sign-in has it one level deeper. */
function cause(reason) {
  const error = (reason && reason.error) || reason;
  return String((error && (error.message || error.code)) || 'no answer');
}

module.exports = Delivery;
