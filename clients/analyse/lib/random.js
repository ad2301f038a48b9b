'use strict';

/* global crypto */

function bytes(count) {
  if (typeof crypto !== 'undefined' && crypto && typeof crypto.getRandomValues === 'function') {
    return Array.from(crypto.getRandomValues(new Uint8Array(count)));
  }
  return Array.from({ length: count }, () => Math.floor(Math.random() * 256));
}

function hex(values) {
  return values.map((value) => (value + 256).toString(16).slice(1)).join('');
}

/** The id of a device: 32 hex characters. */
exports.id = () => hex(bytes(16));

/** A UUID of version 4. */
exports.uuid = function () {
  const values = bytes(16);
  values[6] = (values[6] & 0x0f) | 0x40;
  values[8] = (values[8] & 0x3f) | 0x80;
  return hex(values).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
};
