// One invocation: the `ctx` that a function gets, and what becomes of its result.
(function (internal, ops) {
  'use strict';

  const { parse, stringify } = JSON;
  const resolvePromise = Promise.resolve.bind(Promise);
  const then = Function.prototype.call.bind(Promise.prototype.then);
  const toText = String;

  class Context {
    #invocation;
    #known;
    #env;
    #logger;
    #services;
    #cloud;
    #httpclient;

    constructor(invocation, args) {
      this.#invocation = invocation;
      this.args = args;
    }

    get env() {
      return (this.#env ??= this.#facts().env);
    }
    get logger() {
      return (this.#logger ??= internal.logger(this.#invocation));
    }
    get mpserverless() {
      return (this.#services ??= new internal.Services(this.#invocation, this.#facts().requestId));
    }
    get httpclient() {
      return (this.#httpclient ??= internal.builtin('internal/urllib').create());
    }
    get cloud() {
      return (this.#cloud ??= internal.cloud(this.#invocation));
    }
    #facts() {
      return (this.#known ??= parse(ops.facts_of(this.#invocation)));
    }
  }

  function settle(invocation, value) {
    let text;
    try {
      text = stringify(value);
    } catch (error) {
      fail(invocation, error);
      return;
    }
    ops.settle(invocation, text === undefined ? 'null' : text);
  }

  function fail(invocation, error) {
    let message;
    let stack;
    try {
      message = error instanceof Error || (typeof error === 'object' && error !== null && 'message' in error) ? toText(error.message) : toText(error);
      if (message === '') message = toText(error);
      if (message === '') message = 'the function threw a value without a message';
      stack = error && typeof error.stack === 'string' ? error.stack : '';
      if (stack !== '' && !stack.includes(message)) stack = `${toText(error)}\n${stack}`;
    } catch {
      message = 'the function threw a value that cannot be shown';
    }
    ops.fail(invocation, message, stack || message);
  }

  internal.start = (invocation, args) => {
    let result;
    try {
      const handler = internal.handler();
      const context = new Context(invocation, parse(args));
      result = typeof handler === 'function' ? handler(context) : then(handler, (loaded) => loaded(context));
      if (((typeof result === 'object' && result !== null) || typeof result === 'function') && typeof result.then === 'function') {
        then(
          resolvePromise(result),
          (value) => settle(invocation, value),
          (error) => fail(invocation, error),
        );
        return;
      }
    } catch (error) {
      fail(invocation, error);
      return;
    }
    settle(invocation, result);
  };

  Object.defineProperty(globalThis, 'global', { value: globalThis, writable: true, configurable: true, enumerable: false });
});
