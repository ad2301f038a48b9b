// Node.js's `util/types`: what only the engine can tell, asked of the engine.
'use strict';
const { kind } = ops;
const tagOf = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag).get;
const tag = (value) => Reflect.apply(tagOf, value, []);
const isObject = (value) => (typeof value === 'object' && value !== null) || typeof value === 'function';
const is = (...kinds) => (value) => isObject(value) && kinds.includes(kind(value));

const boxed = ['NumberObject', 'StringObject', 'BooleanObject', 'BigIntObject', 'SymbolObject'];

Object.assign(exports, {
  isExternal: is('External'),
  isDate: is('Date'),
  isArgumentsObject: is('Arguments'),
  isBigIntObject: is('BigIntObject'),
  isBooleanObject: is('BooleanObject'),
  isNumberObject: is('NumberObject'),
  isStringObject: is('StringObject'),
  isSymbolObject: is('SymbolObject'),
  isBoxedPrimitive: is(...boxed),
  isNativeError: is('Error'),
  isRegExp: is('RegExp'),
  isAsyncFunction: (value) => typeof value === 'function' && (kind(value) === 'AsyncFunction' || Object.prototype.toString.call(value) === '[object AsyncGeneratorFunction]'),
  isGeneratorFunction: (value) => typeof value === 'function' && /^\[object (Async)?GeneratorFunction\]$/.test(Object.prototype.toString.call(value)),
  isGeneratorObject: is('Generator'),
  isPromise: is('Promise'),
  isMap: is('Map'),
  isSet: is('Set'),
  isMapIterator: is('MapIterator'),
  isSetIterator: is('SetIterator'),
  isWeakMap: is('WeakMap'),
  isWeakSet: is('WeakSet'),
  isArrayBuffer: is('ArrayBuffer'),
  isDataView: (value) => ArrayBuffer.isView(value) && tag(value) === undefined,
  isSharedArrayBuffer: is('SharedArrayBuffer'),
  isProxy: is('Proxy'),
  isModuleNamespaceObject: is('Module'),
  isAnyArrayBuffer: is('ArrayBuffer', 'SharedArrayBuffer'),
  isCryptoKey: (value) => isObject(value) && Object.prototype.toString.call(value) === '[object CryptoKey]',
  isKeyObject: (value) => isObject(value) && /KeyObject$/.test(value.constructor?.name ?? '') && typeof value.export === 'function',
  isEventTarget: (value) => isObject(value) && require('internal/event_target').listenersOf(value, '') !== undefined,
  isArrayBufferView: ArrayBuffer.isView,
  isTypedArray: (value) => tag(value) !== undefined,
});
for (const name of ['Uint8Array', 'Uint8ClampedArray', 'Uint16Array', 'Uint32Array', 'Int8Array', 'Int16Array', 'Int32Array', 'Float32Array', 'Float64Array', 'BigInt64Array', 'BigUint64Array']) {
  exports[`is${name}`] = (value) => tag(value) === name;
}
