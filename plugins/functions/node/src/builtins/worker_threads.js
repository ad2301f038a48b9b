// Node.js's `worker_threads`: message ports within the isolate; there are no threads. Ours.
'use strict';
const { EventTarget, MessageEvent, defineHandler } = require('internal/event_target');
const { absent, unavailable } = require('internal/errors');

let link;
let take;

class MessagePort extends EventTarget {
  #other;
  #queue = [];
  #started = false;
  #closed = false;
  #listeners = new Map();

  constructor(token) {
    if (token !== link) throw new TypeError('Illegal constructor');
    super();
  }
  static {
    link = (a, b) => {
      a.#other = b;
      b.#other = a;
    };
    take = (port) => port.#queue.shift();
  }
  postMessage(value, options) {
    const transfer = Array.isArray(options) ? options : options?.transfer ?? [];
    const copy = structuredClone(value, { transfer });
    const other = this.#other;
    if (other === undefined || other.#closed) return;
    other.#queue.push({ data: copy, ports: transfer.filter((item) => item instanceof MessagePort) });
    if (other.#started) other.#deliver();
  }
  #deliver() {
    setImmediate(() => {
      if (this.#closed || !this.#started) return;
      const message = this.#queue.shift();
      if (message !== undefined) this.dispatchEvent(new MessageEvent('message', message));
    });
  }
  start() {
    if (this.#started || this.#closed) return;
    this.#started = true;
    for (let i = 0; i < this.#queue.length; i++) this.#deliver();
  }
  close() {
    for (const port of [this, this.#other]) {
      if (port === undefined || port.#closed) continue;
      port.#closed = true;
      setImmediate(() => port.dispatchEvent(new MessageEvent('close')));
    }
  }
  // The methods of an emitter.
  on(name, listener) {
    const wrapped = (event) => listener(name === 'message' ? event.data : event);
    this.#listeners.set(listener, wrapped);
    this.addEventListener(name, wrapped);
    if (name === 'message') this.start();
    return this;
  }
  once(name, listener) {
    const wrapped = (event) => {
      this.off(name, listener);
      listener(name === 'message' ? event.data : event);
    };
    this.#listeners.set(listener, wrapped);
    this.addEventListener(name, wrapped);
    if (name === 'message') this.start();
    return this;
  }
  off(name, listener) {
    const wrapped = this.#listeners.get(listener);
    if (wrapped !== undefined) this.removeEventListener(name, wrapped);
    return this;
  }
  addListener(name, listener) { return this.on(name, listener); }
  removeListener(name, listener) { return this.off(name, listener); }
  ref() { return this; }
  unref() { return this; }
  hasRef() { return this.#started; }
}
defineHandler(MessagePort.prototype, 'message');
defineHandler(MessagePort.prototype, 'messageerror');
const { set } = Object.getOwnPropertyDescriptor(MessagePort.prototype, 'onmessage');
Object.defineProperty(MessagePort.prototype, 'onmessage', {
  ...Object.getOwnPropertyDescriptor(MessagePort.prototype, 'onmessage'),
  set(callback) {
    Reflect.apply(set, this, [callback]);
    this.start();
  },
});

class MessageChannel {
  constructor() {
    this.port1 = new MessagePort(link);
    this.port2 = new MessagePort(link);
    link(this.port1, this.port2);
  }
}

const channels = new Map();

class BroadcastChannel extends EventTarget {
  #name;
  #closed = false;
  constructor(name) {
    super();
    this.#name = `${name}`;
    if (!channels.has(this.#name)) channels.set(this.#name, new Set());
    channels.get(this.#name).add(this);
  }
  get name() { return this.#name; }
  postMessage(value) {
    for (const channel of channels.get(this.#name) ?? []) {
      if (channel === this) continue;
      const data = structuredClone(value);
      setImmediate(() => channel.#closed || channel.dispatchEvent(new MessageEvent('message', { data })));
    }
  }
  close() {
    this.#closed = true;
    channels.get(this.#name)?.delete(this);
  }
  ref() { return this; }
  unref() { return this; }
}
defineHandler(BroadcastChannel.prototype, 'message');

require('internal/web_classes')({ MessagePort, MessageChannel, BroadcastChannel }, false);

const environmentData = new Map();

module.exports = {
  isMainThread: true,
  parentPort: null,
  workerData: null,
  threadId: 0,
  resourceLimits: {},
  SHARE_ENV: Symbol.for('nodejs.worker_threads.SHARE_ENV'),
  MessageChannel,
  MessagePort,
  BroadcastChannel,
  Worker: class Worker {
    constructor() {
      throw unavailable('worker_threads.Worker');
    }
  },
  getEnvironmentData: (key) => environmentData.get(key),
  setEnvironmentData: (key, value) => void (value === undefined ? environmentData.delete(key) : environmentData.set(key, value)),
  markAsUntransferable() {},
  markAsUncloneable() {},
  isMarkedAsUntransferable: () => false,
  moveMessagePortToContext: absent('worker_threads.moveMessagePortToContext()'),
  receiveMessageOnPort(port) {
    const message = take(port);
    return message === undefined ? undefined : { message: message.data };
  },
};
