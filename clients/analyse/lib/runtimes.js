'use strict';

/* global wx, my, dd, tt, swan, qq */

// DingTalk has `my` beside `dd`, and others have `wx` beside their own. Names are looked up one by one, since mini
// programs have no global object.
const GLOBALS = [
  { platform: 'dingtalk', find: () => (typeof dd === 'undefined' ? null : dd) },
  { platform: 'bytedance', find: () => (typeof tt === 'undefined' ? null : tt) },
  { platform: 'baidu', find: () => (typeof swan === 'undefined' ? null : swan) },
  { platform: 'qq', find: () => (typeof qq === 'undefined' ? null : qq) },
  { platform: 'wechat', find: () => (typeof wx === 'undefined' ? null : wx) },
  { platform: 'alipay', find: () => (typeof my === 'undefined' ? null : my) },
];

/** Those whose storage takes one object: `getStorageSync({ key })` gives `{ data }`. */
const BY_OBJECT = ['alipay', 'dingtalk'];

function isRuntime(value) {
  return Boolean(value) && typeof value.getStorageSync === 'function' && typeof value.setStorageSync === 'function';
}

/** The platform of an object; of one that is no global by what users sign in with. */
function platformOf(object) {
  const known = GLOBALS.find((one) => one.find() === object);
  if (known) return known.platform;
  return typeof object.getAuthCode === 'function' ? 'alipay' : 'wechat';
}

/**
 * The runtime that was given, or else that of the globals: `{ platform, object, storage }`. Null when there is none.
 * Storage holds texts: `read(key)` gives null when there is none, and both functions throw when storage fails.
 */
exports.find = function (given) {
  const object = isRuntime(given) ? given : GLOBALS.map((one) => one.find()).find(isRuntime);
  if (!object) return null;
  const platform = platformOf(object);
  return { platform: platform, object: object, storage: BY_OBJECT.indexOf(platform) >= 0 ? byObject(object) : byPosition(object) };
};

function byPosition(object) {
  return {
    read: (key) => text(object.getStorageSync(key)),
    write: (key, data) => object.setStorageSync(key, data),
  };
}

function byObject(object) {
  return {
    read: (key) => text(checked(object.getStorageSync({ key: key })).data),
    write: (key, data) => checked(object.setStorageSync({ key: key, data: data })),
  };
}

/** Alipay tells of failures with codes, and does not throw. */
function checked(reply) {
  if (reply && reply.error) throw new Error(`storage: ${reply.errorMessage || reply.error}`);
  return reply || {};
}

function text(value) {
  return typeof value === 'string' && value !== '' ? value : null;
}

exports.isRuntime = isRuntime;
