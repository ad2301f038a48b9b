'use strict';

const random = require('./random');

/** The most sessions that wait. */
const MOST = 1000;
/** The most sessions of a batch. */
const BATCH = 200;
/** How long an answer confirms the clock, in milliseconds on it: a day. */
const CONFIRMED = 86400000;
/** After so many sessions in a row that the server could not read even alone, the fault is not theirs. */
const SUSPECTS = 3;

/**
 * Sessions that the server does not know, or knows less of than the device, one entry each, and the batch that is being
 * sent. A batch keeps its id and contents until it was answered.
 */
class Queue {
  constructor() {
    this.sessions = [];
    this.batch = null;
    /** How many sessions were given up since too many waited, until it is told. */
    this.dropped = 0;
    /** What is added to the device's clock to have the server's, in milliseconds. */
    this.offset = 0;
    /** When the server last confirmed the clock, on the device's; null when nothing is known of it. */
    this.confirmed = null;
    this.limit = BATCH;
    /** Sessions that the server could not read alone. They are given up once it has read others. */
    this.suspects = [];
    this.unread = 0;
  }

  keep(session) {
    if (session.refused || this.sessions.indexOf(session) >= 0) return;
    this.sessions.push(session);
    this.bound();
  }

  bound() {
    const over = this.sessions.length - MOST;
    if (over <= 0) return;
    this.sessions.splice(0, over);
    this.dropped += over;
  }

  waits() {
    return this.batch !== null || this.sessions.some((session) => session.due);
  }

  /** The batch to send; null when nothing is due. */
  next() {
    if (this.batch) return this.batch;
    const due = this.sessions.filter((session) => session.due).slice(0, this.limit);
    if (due.length === 0) return null;
    this.batch = { id: random.uuid(), events: due.map((session) => ({ start: session.start, duration: session.duration })) };
    due.forEach((session) => {
      session.due = false;
    });
    return this.batch;
  }

  /** The server has answered the batch. What grew meanwhile stays. */
  settle(rejected) {
    this.batch.events.forEach((event, index) => {
      const session = this.find(event);
      if (!session) return;
      this.suspects = this.suspects.filter((one) => one !== session);
      if (rejected.indexOf(index) >= 0) session.refused = true;
      else session.known = event.duration;
      if (session.refused || session.duration === event.duration) this.remove(session);
    });
    this.suspects.forEach((session) => {
      session.refused = true;
      this.remove(session);
    });
    this.suspects = [];
    this.unread = 0;
    this.batch = null;
    this.limit = BATCH;
  }

  /** The server may have stored the batch, or not: its sessions keep their starts, or they would count twice. */
  pin() {
    if (!this.batch) return;
    this.batch.events.forEach((event) => {
      const session = this.find(event);
      if (session) session.pinned = true;
    });
  }

  /** The batch is given up: its sessions are due again. */
  dissolve() {
    if (!this.batch) return;
    this.batch.events.forEach((event) => {
      const session = this.find(event);
      if (session) session.due = true;
    });
    this.batch = null;
  }

  /**
   * The server cannot read the batch: its halves are tried, until one session is left, which is set aside. Tells whether it
   * is not the sessions' fault; then all of them wait again, those that were tried behind the others.
   */
  split() {
    const events = this.batch.events;
    this.dissolve();
    this.limit = Math.ceil(events.length / 2);
    if (events.length > 1) return false;
    const session = this.find(events[0]);
    if (session) {
      session.due = false;
      if (this.suspects.indexOf(session) < 0) this.suspects.push(session);
    }
    this.unread += 1;
    if (this.unread < SUSPECTS) return false;
    const tried = this.sessions.filter((one) => this.suspects.indexOf(one) >= 0);
    tried.forEach((one) => {
      one.due = true;
    });
    this.sessions = this.sessions.filter((one) => tried.indexOf(one) < 0).concat(tried);
    this.suspects = [];
    this.unread = 0;
    return true;
  }

  /** Whether the clock with its offset can be relied on: starts that are sent by it never move again. */
  sure(now) {
    return this.confirmed !== null && now >= this.confirmed && now <= this.confirmed + CONFIRMED;
  }

  /** Sets the offset, and moves the sessions that the server cannot know by its change. */
  correct(offset) {
    const change = offset - this.offset;
    this.offset = offset;
    this.sessions.forEach((session) => {
      if (session.known < 0 && !session.pinned) session.start += change;
    });
  }

  find(event) {
    return this.sessions.find((session) => session.start === event.start);
  }

  remove(session) {
    this.sessions = this.sessions.filter((one) => one !== session);
  }

  toJSON() {
    return {
      offset: this.offset,
      confirmed: this.confirmed,
      dropped: this.dropped,
      sessions: this.sessions.map((session) => [session.start, session.duration, session.known, session.pinned]),
      batch: this.batch && { id: this.batch.id, events: this.batch.events.map((event) => [event.start, event.duration]) },
    };
  }

  /** Takes over what an earlier run has kept. All of it is due, also what a killed run was still measuring. */
  restore(saved) {
    if (Number.isSafeInteger(saved.offset)) this.correct(saved.offset);
    if (Number.isFinite(saved.confirmed)) this.confirmed = saved.confirmed;
    if (count(saved.dropped)) this.dropped += saved.dropped;
    const sessions = pairs(saved.sessions).map((one) => ({
      start: one[0],
      duration: one[1],
      known: count(one[2]) ? one[2] : -1,
      pinned: one[3] === true,
      refused: false,
      due: true,
    }));
    this.sessions = sessions.concat(this.sessions);
    this.bound();
    const batch = saved.batch;
    const events = pairs(batch && batch.events).map((one) => ({ start: one[0], duration: one[1] }));
    if (events.length > 0 && typeof batch.id === 'string') this.batch = { id: batch.id, events: events };
    this.pin();
  }
}

function count(value) {
  return Number.isSafeInteger(value) && value >= 0;
}

function pairs(list) {
  return Array.isArray(list) ? list.filter((one) => Array.isArray(one) && count(one[0]) && count(one[1])) : [];
}

module.exports = Queue;
