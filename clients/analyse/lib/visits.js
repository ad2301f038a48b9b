'use strict';

/** The longest time in the background after which a session goes on (manual 6.4.2). */
const LONGEST_AWAY = 30000;
/** What is longer between two looks at the clock was no time in front, but a changed clock or a frozen runtime. */
const LONGEST_STEP = 300000;
/** The longest time in front of a session: a day. */
const LONGEST = 86400000;

/**
 * Sessions, from calls with the device's clock in milliseconds.
 *
 * A session: `start` is when it began, on the server's clock, and `duration` is its time in front so far. `known` is the
 * duration that the server has taken, or -1, and `pinned` is set once it may have taken one: then the start never changes.
 * `refused` is set when the server will not take the session, and `due` while its present duration is to be sent.
 */
class Visits {
  constructor() {
    this.session = null;
    this.front = false;
    this.looked = 0;
  }

  /** Tells whether a session began. `offset` is added to the device's clock. */
  resume(now, offset) {
    if (this.front) return false;
    this.front = true;
    const goesOn = this.session && Math.abs(now - this.looked) <= LONGEST_AWAY;
    this.looked = now;
    if (goesOn) return false;
    this.session = { start: Math.round(now + offset), duration: 0, known: -1, pinned: false, refused: false, due: false };
    return true;
  }

  /** Counts the time in front until now. Tells whether the clock went on as it should. */
  measure(now) {
    if (!this.front) return true;
    const step = now - this.looked;
    this.looked = now;
    if (step < 0 || step > LONGEST_STEP) return false;
    this.session.duration = Math.min(Math.round(this.session.duration + step), LONGEST);
    return true;
  }

  pause(now) {
    const steady = this.measure(now);
    this.front = false;
    return steady;
  }
}

module.exports = Visits;
