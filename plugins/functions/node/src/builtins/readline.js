// Node.js's `readline`: lines of a stream; ours. There is no terminal to edit them in.
'use strict';
const EventEmitter = require('events');
const { StringDecoder } = require('string_decoder');
const { make } = require('internal/errors');
const { validateFunction } = require('internal/validators');

class Interface extends EventEmitter {
  #rest = '';
  #decoder = new StringDecoder('utf8');
  #paused = false;
  #waiting = [];
  #question;
  #listeners;

  constructor(input, output, completer, terminal) {
    super();
    const options = input?.input ? input : { input, output, completer, terminal };
    this.input = options.input;
    this.output = options.output;
    this.terminal = false;
    this.line = '';
    this.cursor = 0;
    this.closed = false;
    this._prompt = options.prompt ?? '> ';
    const { signal } = options;
    if (signal) {
      if (signal.aborted) process.nextTick(() => this.close());
      else signal.addEventListener('abort', () => this.close(), { once: true });
    }
    if (!this.input) return;
    this.#listeners = { data: (chunk) => this.#take(typeof chunk === 'string' ? chunk : this.#decoder.write(chunk)), end: () => this.#end(), error: (error) => this.emit('error', error) };
    for (const [name, listener] of Object.entries(this.#listeners)) this.input.on(name, listener);
    this.input.resume();
  }
  #take(text) {
    const lines = (this.#rest + text).split(/\r\n|\n|\r(?!$)|\u2028|\u2029/);
    this.#rest = lines.pop();
    for (const line of lines) this.#line(line.replace(/\r$/, ''));
  }
  #line(line) {
    if (this.#paused) {
      this.#waiting.push(line);
      return;
    }
    if (this.#question) {
      const answer = this.#question;
      this.#question = undefined;
      answer(line);
    } else this.emit('line', line);
  }
  #end() {
    this.#take(this.#decoder.end());
    if (this.#rest !== '') this.#line(this.#rest.replace(/\r$/, ''));
    this.#rest = '';
    this.close();
  }
  getPrompt() { return this._prompt; }
  setPrompt(prompt) { this._prompt = String(prompt); }
  prompt() {
    this.resume();
    this.output?.write(this._prompt);
  }
  question(query, options, callback = options) {
    validateFunction(callback, 'cb');
    if (this.closed) throw make(Error, 'ERR_USE_AFTER_CLOSE', 'readline was closed');
    this.output?.write(query);
    this.#question = callback;
    this.resume();
  }
  write(data) {
    if (this.closed) throw make(Error, 'ERR_USE_AFTER_CLOSE', 'readline was closed');
    if (data !== undefined && data !== null) this.#take(String(data));
  }
  pause() {
    if (this.#paused) return this;
    this.#paused = true;
    this.input?.pause();
    this.emit('pause');
    return this;
  }
  resume() {
    if (!this.#paused) return this;
    this.#paused = false;
    this.input?.resume();
    this.emit('resume');
    for (const line of this.#waiting.splice(0)) this.#line(line);
    return this;
  }
  close() {
    if (this.closed) return;
    this.closed = true;
    for (const [name, listener] of Object.entries(this.#listeners ?? {})) this.input.removeListener(name, listener);
    this.input?.pause?.();
    this.emit('close');
  }
  getCursorPos() { return { rows: 0, cols: 0 }; }
  [Symbol.asyncIterator]() {
    const lines = [];
    const waiting = [];
    let done = this.closed;
    this.on('line', (line) => (waiting.length > 0 ? waiting.shift().resolve({ value: line, done: false }) : lines.push(line)));
    this.once('close', () => {
      done = true;
      for (const next of waiting.splice(0)) next.resolve({ value: undefined, done: true });
    });
    return {
      next: () => (lines.length > 0 ? Promise.resolve({ value: lines.shift(), done: false }) : done ? Promise.resolve({ value: undefined, done: true }) : new Promise((resolve, reject) => waiting.push({ resolve, reject }))),
      return: () => {
        this.close();
        return Promise.resolve({ value: undefined, done: true });
      },
      [Symbol.asyncIterator]() { return this; },
    };
  }
}

// A function as well, as older code calls it.
function InterfaceFunction(...args) {
  return Reflect.construct(Interface, args, new.target ?? InterfaceFunction);
}
InterfaceFunction.prototype = Interface.prototype;
Object.defineProperty(InterfaceFunction, 'name', { value: 'Interface' });

const sequence = (text) => (stream, ...args) => {
  const callback = args.findLast((argument) => typeof argument === 'function');
  if (stream === null || stream === undefined) {
    if (callback) process.nextTick(callback, null);
    return true;
  }
  return stream.write(text(...args), callback);
};

module.exports = {
  Interface: InterfaceFunction,
  createInterface: (...args) => new InterfaceFunction(...args),
  clearLine: sequence((direction) => (direction < 0 ? '\x1b[1K' : direction > 0 ? '\x1b[0K' : '\x1b[2K')),
  clearScreenDown: sequence(() => '\x1b[0J'),
  cursorTo: sequence((x, y) => (typeof y === 'number' ? `\x1b[${y + 1};${x + 1}H` : `\x1b[${x + 1}G`)),
  moveCursor: sequence((dx, dy) => `${dx < 0 ? `\x1b[${-dx}D` : dx > 0 ? `\x1b[${dx}C` : ''}${dy < 0 ? `\x1b[${-dy}A` : dy > 0 ? `\x1b[${dy}B` : ''}`),
  emitKeypressEvents() {},
};
require('internal/lazy')(module.exports, { promises: () => require('readline/promises') });
