// Properties whose values are made when they are first read. They can be set as others can.
'use strict';
module.exports = (target, makers, enumerable = true) => {
  for (const [name, make] of Object.entries(makers)) {
    const define = (value) => Object.defineProperty(target, name, { value, writable: true, configurable: true, enumerable });
    Object.defineProperty(target, name, {
      get() {
        const value = make();
        define(value);
        return value;
      },
      set: define,
      configurable: true,
      enumerable,
    });
  }
  return target;
};
