// Globals of Node.js and the web that are made when they are first used.
const lazy = {
  Buffer: () => require('buffer').Buffer,
  process: () => require('process'),
};
for (const name of ['fetch', 'Headers', 'Request', 'Response', 'FormData']) lazy[name] = () => require('internal/fetch')[name];

for (const [name, make] of Object.entries(lazy)) {
  Object.defineProperty(globalThis, name, {
    get() {
      const value = make();
      Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false });
      return value;
    },
    set(value) {
      Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false });
    },
    configurable: true,
    enumerable: false,
  });
}
