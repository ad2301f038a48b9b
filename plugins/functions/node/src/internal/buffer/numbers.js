// The methods of Buffer that read and write numbers.
'use strict';
const { invalidArgType, outOfRange, make } = require('internal/errors');

const scratch = new ArrayBuffer(8);
const bytes = new Uint8Array(scratch);
const view = new DataView(scratch);

function checkOffset(offset, size, length) {
  if (typeof offset !== 'number') throw invalidArgType('offset', 'number', offset);
  if (Number.isInteger(offset) && offset >= 0 && offset + size <= length) return;
  if (!Number.isInteger(offset)) throw outOfRange('offset', 'an integer', offset);
  if (length - size < 0) throw make(RangeError, 'ERR_BUFFER_OUT_OF_BOUNDS', 'Attempt to access memory outside buffer bounds');
  throw outOfRange('offset', `>= 0 and <= ${length - size}`, offset);
}

function checkSize(size) {
  if (typeof size !== 'number') throw invalidArgType('byteLength', 'number', size);
  if (!Number.isInteger(size)) throw outOfRange('byteLength', 'an integer', size);
  if (size < 1 || size > 6) throw outOfRange('byteLength', '>= 1 and <= 6', size);
}

function readUnsigned(buffer, offset, size, little) {
  checkOffset(offset, size, buffer.length);
  let value = 0;
  if (little) for (let i = size - 1; i >= 0; i--) value = value * 256 + buffer[offset + i];
  else for (let i = 0; i < size; i++) value = value * 256 + buffer[offset + i];
  return value;
}

function readSigned(buffer, offset, size, little) {
  const value = readUnsigned(buffer, offset, size, little);
  const half = 2 ** (8 * size - 1);
  return value >= half ? value - 2 * half : value;
}

function checkValue(value, min, max, size) {
  if (value >= min && value <= max) return;
  let range;
  if (size > 4) range = min === 0 ? `>= 0 and < 2 ** ${size * 8}` : `>= -(2 ** ${size * 8 - 1}) and < 2 ** ${size * 8 - 1}`;
  else range = `>= ${min} and <= ${max}`;
  throw outOfRange('value', range, value);
}

function writeInteger(buffer, value, offset, size, little, signed) {
  value = +value;
  const span = 2 ** (8 * size);
  // NaN is written as zeros.
  if (!Number.isNaN(value)) checkValue(value, signed ? -span / 2 : 0, (signed ? span / 2 : span) - 1, size);
  checkOffset(offset, size, buffer.length);
  let rest = Math.trunc(value) || 0;
  if (rest < 0) rest += span;
  for (let i = 0; i < size; i++) {
    buffer[little ? offset + i : offset + size - 1 - i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  return offset + size;
}

// Reads and writes by way of a DataView: floats and big integers.
function viaView(type, size, check) {
  const read = view[`get${type}`].bind(view);
  const write = view[`set${type}`].bind(view);
  return {
    read(buffer, offset, little) {
      checkOffset(offset, size, buffer.length);
      for (let i = 0; i < size; i++) bytes[i] = buffer[offset + i];
      return read(0, little);
    },
    write(buffer, value, offset, little) {
      check?.(value);
      checkOffset(offset, size, buffer.length);
      write(0, value, little);
      for (let i = 0; i < size; i++) buffer[offset + i] = bytes[i];
      return offset + size;
    },
  };
}

function bigRange(min, max, range) {
  return (value) => {
    if (typeof value !== 'bigint') throw new TypeError('Cannot mix BigInt and other types, use explicit conversions');
    if (value < min || value > max) throw outOfRange('value', range, value);
  };
}

const float = viaView('Float32', 4);
const double = viaView('Float64', 8);
const big = viaView('BigInt64', 8, bigRange(-(2n ** 63n), 2n ** 63n - 1n, '>= -(2n ** 63n) and < 2n ** 63n'));
const bigUnsigned = viaView('BigUint64', 8, bigRange(0n, 2n ** 64n - 1n, '>= 0n and < 2n ** 64n'));

exports.install = (prototype) => {
  const methods = {
    readUInt8(offset = 0) { return readUnsigned(this, offset, 1, true); },
    readInt8(offset = 0) { return readSigned(this, offset, 1, true); },
    writeUInt8(value, offset = 0) { return writeInteger(this, value, offset, 1, true, false); },
    writeInt8(value, offset = 0) { return writeInteger(this, value, offset, 1, true, true); },
  };
  for (const [order, little] of [['LE', true], ['BE', false]]) {
    Object.assign(methods, {
      [`readUInt${order}`](offset, size) { if (offset === undefined) throw invalidArgType('offset', 'number', offset); checkSize(size); return readUnsigned(this, offset, size, little); },
      [`readInt${order}`](offset, size) { if (offset === undefined) throw invalidArgType('offset', 'number', offset); checkSize(size); return readSigned(this, offset, size, little); },
      [`writeUInt${order}`](value, offset, size) { checkSize(size); return writeInteger(this, value, offset, size, little, false); },
      [`writeInt${order}`](value, offset, size) { checkSize(size); return writeInteger(this, value, offset, size, little, true); },
      [`readFloat${order}`](offset = 0) { return float.read(this, offset, little); },
      [`writeFloat${order}`](value, offset = 0) { return float.write(this, value, offset, little); },
      [`readDouble${order}`](offset = 0) { return double.read(this, offset, little); },
      [`writeDouble${order}`](value, offset = 0) { return double.write(this, value, offset, little); },
      [`readBigInt64${order}`](offset = 0) { return big.read(this, offset, little); },
      [`writeBigInt64${order}`](value, offset = 0) { return big.write(this, value, offset, little); },
      [`readBigUInt64${order}`](offset = 0) { return bigUnsigned.read(this, offset, little); },
      [`writeBigUInt64${order}`](value, offset = 0) { return bigUnsigned.write(this, value, offset, little); },
    });
    for (const bits of [16, 32]) {
      Object.assign(methods, {
        [`readUInt${bits}${order}`](offset = 0) { return readUnsigned(this, offset, bits / 8, little); },
        [`readInt${bits}${order}`](offset = 0) { return readSigned(this, offset, bits / 8, little); },
        [`writeUInt${bits}${order}`](value, offset = 0) { return writeInteger(this, value, offset, bits / 8, little, false); },
        [`writeInt${bits}${order}`](value, offset = 0) { return writeInteger(this, value, offset, bits / 8, little, true); },
      });
    }
  }
  for (const [name, value] of Object.entries(methods)) {
    for (const key of name.includes('UInt') ? [name, name.replace('UInt', 'Uint')] : [name]) {
      Object.defineProperty(prototype, key, { value, writable: true, configurable: true, enumerable: true });
    }
  }
};
