// Node.js's `vm`: scripts in the one context that there is; ours.
'use strict';
const { unavailable, absent } = require('internal/errors');
const { validateString } = require('internal/validators');

class Script {
  #code;
  constructor(code, options = {}) {
    this.#code = `${code}`;
    const filename = typeof options === 'string' ? options : options?.filename;
    // A syntax error is told now.
    try {
      new Function(this.#code); // eslint-disable-line no-new
    } catch (error) {
      // What is no body of a function may be a script: `await` and `return` are told apart when it runs.
      if (!(error instanceof SyntaxError) || !/return|await/.test(this.#code)) throw error;
    }
    this.filename = filename;
    this.cachedDataRejected = undefined;
  }
  runInThisContext() {
    return (0, eval)(this.filename === undefined ? this.#code : `${this.#code}\n//# sourceURL=${String(this.filename).replace(/\s/g, '_')}`);
  }
  runInContext() {
    throw unavailable('vm.Script.runInContext()');
  }
  runInNewContext() {
    throw unavailable('vm.Script.runInNewContext()');
  }
  createCachedData() {
    return Buffer.alloc(0);
  }
}

module.exports = {
  Script,
  createScript: (code, options) => new Script(code, options),
  runInThisContext: (code, options) => new Script(code, options).runInThisContext(),
  compileFunction(code, params = []) {
    validateString(code, 'code');
    return new Function(...params, code);
  },
  isContext: () => false,
  createContext: absent('vm.createContext()'),
  runInContext: absent('vm.runInContext()'),
  runInNewContext: absent('vm.runInNewContext()'),
  measureMemory: absent('vm.measureMemory()'),
  constants: Object.freeze({ __proto__: null, USE_MAIN_CONTEXT_DEFAULT_LOADER: Symbol('vm_dynamic_import_main_context_default') }),
};
