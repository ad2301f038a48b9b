'use strict';

const MOST_BYTES = 64;

/** Parameters in which platforms hand over what a QR code holds: an address, or a query by itself. */
const CODES = ['q', 'scene', 'qrCode'];

/** The channel in what `onLaunch` was given; empty when there is none. */
exports.of = function (param) {
  if (!isObject(param)) return '';
  const query = param.query;
  const found = isObject(query)
    ? [decoded(query.sdk_channel)].concat(CODES.map((code) => within(decoded(query[code]))))
    : [within(string(query))];
  return fit(found.concat(decoded(param.sdk_channel)).find((name) => fit(name) !== '') || '');
};

function isObject(value) {
  return typeof value === 'object' && value !== null;
}

function string(value) {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

/** WeChat hands values over as they were in the address, Alipay decodes them. */
function decoded(value) {
  const raw = string(value);
  try {
    return decodeURIComponent(raw);
  } catch (error) {
    return raw;
  }
}

/** The value of `sdk_channel` in an address or a query. */
function within(address) {
  const match = /(?:^|[?&])sdk_channel=([^&#]*)/.exec(address);
  return match ? decoded(match[1]) : '';
}

/** At most 64 bytes of UTF-8, without controls and halves of characters, which the server does not take. */
function fit(name) {
  let kept = '';
  let size = 0;
  for (const character of Array.from(name).filter(isReadable).join('').trim()) {
    const point = character.codePointAt(0);
    size += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    if (size > MOST_BYTES) break;
    kept += character;
  }
  return kept;
}

function isReadable(character) {
  const point = character.codePointAt(0);
  return point >= 0x20 && (point < 0x7f || point >= 0xa0) && (point < 0xd800 || point > 0xdfff);
}

exports.fit = fit;
