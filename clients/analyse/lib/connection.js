'use strict';

/** How long an answer is waited for, in milliseconds. */
const DEADLINE = 60000;
/** After so many attempts in a row that did not reach the server, the app's object is not relied on alone. */
const MISSES = 2;
/** Codes that the SDK itself gives to calls which did not reach the server: of its 3.x, then of its 2.x. */
const UNSENT = ['UnauthorizedError', 'InterfaceRequestError', 'InterfaceError', 'Unauthentication', 'AuthenticationFailed', 'InterfaceResponseError'];
/** Those of them which say that the user is not signed in. */
const SIGNED_OUT = ['UnauthorizedError', 'Unauthentication', 'AuthenticationFailed'];

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
        return this.sendByOwn(method, params, reason);
      }
    );
  }

  /** `reason` is why the app's object did not send. */
  sendByOwn(method, params, reason) {
    let own;
    try {
      own = this.signedIn();
    } catch (error) {
      if (SIGNED_OUT.indexOf(reason && reason.code) >= 0) throw Object.assign(new Error(error.message), { code: Connection.NOBODY });
      throw reason;
    }
    return own
      .then((sdk) => forward(sdk, method, params))
      .catch((failure) => {
        // A sign-in that failed is never repeated by the SDK.
        if (!answered(failure)) this.own = null;
        throw failure;
      });
  }

  signedIn() {
    if (this.own) return this.own;
    const given = this.sdk.options;
    const options = { appId: given.appId, spaceId: given.spaceId, clientSecret: given.clientSecret, endpoint: given.endpoint };
    if (given.timeout !== undefined) options.timeout = given.timeout;
    // What the app gave as the first argument: 2.x keeps it, and does not take `wx` as it is.
    const sdk = new this.sdk.constructor(given.httpClient || this.runtime, options);
    this.own = within(sdk.user.authorize({ authType: 'anonymous' })).then(() => sdk);
    return this.own;
  }
}

/** The code of a failure to send since nobody is signed in, and nobody can be. */
Connection.NOBODY = 'NobodySignedIn';

function forward(sdk, method, params) {
  return within(Promise.resolve().then(() => sdk.network.forward(method, params))).then((reply) => {
    if (!reply || reply.success !== true || !reply.result) throw new Error('no answer of mpcloud');
    return reply.result;
  });
}

/** Whether a rejection came from the server. 2.x numbers the platform's failures. */
function answered(reason) {
  return Boolean(reason) && typeof reason.code === 'string' && UNSENT.indexOf(reason.code) < 0 && !/^\d+$/.test(reason.code);
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
