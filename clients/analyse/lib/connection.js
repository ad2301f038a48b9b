'use strict';

/** How long an answer is waited for, in milliseconds. */
const DEADLINE = 60000;
/** After so many attempts in a row that did not reach the server, the app's object is not relied on alone. */
const MISSES = 2;
/** Codes that the SDK itself gives to calls which did not reach the server. */
const UNSENT = ['UnauthorizedError', 'InterfaceRequestError', 'InterfaceError'];

/**
 * Sends with the app's object of the SDK. That one can send only once the app has signed its user in, and never again
 * after a sign-in that failed. Where it cannot, an object of our own does, which is signed in anonymously, so that the
 * app's user stays who it is.
 */
class Connection {
  constructor(sdk, runtime) {
    this.sdk = sdk;
    this.runtime = runtime;
    this.misses = 0;
    this.own = null;
  }

  static usable(sdk) {
    return Boolean(sdk && sdk.network) && typeof sdk.network.forward === 'function';
  }

  /** A promise of what the method answered. Rejects with a `code` where the server has refused. */
  send(method, params) {
    return forward(this.sdk, method, params).then(
      (reply) => {
        this.misses = 0;
        return reply;
      },
      (reason) => {
        this.misses = answered(reason) ? 0 : this.misses + 1;
        if (this.misses < MISSES) throw reason;
        return this.sendByOwn(method, params);
      }
    );
  }

  sendByOwn(method, params) {
    return this.signedIn().then((sdk) => forward(sdk, method, params)).catch((reason) => {
      // A sign-in that failed is never repeated by the SDK.
      if (!answered(reason)) this.own = null;
      throw reason;
    });
  }

  signedIn() {
    if (this.own) return this.own;
    const given = this.sdk.options;
    const options = { appId: given.appId, spaceId: given.spaceId, clientSecret: given.clientSecret, endpoint: given.endpoint };
    if (given.timeout !== undefined) options.timeout = given.timeout;
    const sdk = new this.sdk.constructor(this.runtime, options);
    this.own = within(sdk.user.authorize({ authType: 'anonymous' })).then(() => sdk);
    return this.own;
  }
}

function forward(sdk, method, params) {
  return within(Promise.resolve().then(() => sdk.network.forward(method, params))).then((reply) => {
    if (!reply || reply.success !== true || !reply.result) throw new Error('no answer of mpcloud');
    return reply.result;
  });
}

/** Whether a rejection came from the server. */
function answered(reason) {
  return Boolean(reason) && typeof reason.code === 'string' && UNSENT.indexOf(reason.code) < 0;
}

/** The promise, or a rejection after the deadline, which the SDK leaves to the platform. */
function within(promise) {
  let timer;
  const late = new Promise((resolve, reject) => {
    timer = setTimeout(() => reject(new Error('no answer in time')), DEADLINE);
  });
  const clear = () => clearTimeout(timer);
  promise.then(clear, clear);
  return Promise.race([promise, late]);
}

module.exports = Connection;
