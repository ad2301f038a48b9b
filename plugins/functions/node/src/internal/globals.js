// Globals of Node.js and the web that are made when they are first used.
const lazy = {
  Buffer: () => require('buffer').Buffer,
  process: () => require('process'),
  crypto: () => require('internal/crypto/webcrypto').webcrypto,
  Crypto: () => require('internal/crypto/webcrypto').Crypto,
  CryptoKey: () => require('internal/crypto/webcrypto').CryptoKey,
  SubtleCrypto: () => require('internal/crypto/webcrypto').SubtleCrypto,
};

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
