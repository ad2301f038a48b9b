// Node.js's old `domain`: its errors are those of `run`, `bind` and `intercept`, and of emitters that were added; ours.
'use strict';
const EventEmitter = require('events');

class Domain extends EventEmitter {
  members = [];
  run(callback, ...args) {
    this.enter();
    try {
      return Reflect.apply(callback, this, args);
    } catch (error) {
      this.#failed(error);
      return undefined;
    } finally {
      this.exit();
    }
  }
  #failed(error) {
    if (this.listenerCount('error') === 0) throw error;
    this.emit('error', error);
  }
  add(emitter) {
    this.members.push(emitter);
    emitter.on?.('error', (error) => this.#failed(error));
  }
  remove(emitter) {
    this.members = this.members.filter((member) => member !== emitter);
  }
  bind(callback) {
    return (...args) => this.run(callback, ...args);
  }
  intercept(callback) {
    return (error, ...args) => (error ? this.#failed(error) : this.run(callback, ...args));
  }
  enter() {
    exports.active = process.domain = this;
  }
  exit() {
    exports.active = process.domain = null;
  }
}

Object.assign(exports, { Domain, create: () => new Domain(), createDomain: () => new Domain(), active: null });
