// The SDK sends only for users that are signed in. Apps sign in late, never, or without success.
'use strict';

const assert = require('node:assert/strict');
const test = require('node:test');

const { Phone, Server, lost } = require('./simulation.cjs');

/** As much of the SDK as matters: its sign-in, which fails for ever once it failed, and its constructor. */
function sdkOf(server) {
  const made = [];
  class SDK {
    constructor(runtime, options) {
      Object.assign(this, { runtime, options });
      made.push(this);
      let signedIn = null;
      this.user = {
        authorize: (how) => {
          this.how = how;
          signedIn = server.down ? Promise.reject({ body: {}, error: {}, status: 0 }) : Promise.resolve();
          return signedIn.then(() => ({ success: true }));
        },
      };
      const forward = async (method, params) => {
        if (!signedIn) throw Object.assign(new Error('unauthorized'), { code: 'UnauthorizedError' });
        await signedIn;
        return server.forward(method, params);
      };
      this.network = { forward };
    }
  }
  const options = { appId: 'a', spaceId: 's', clientSecret: 'c', endpoint: 'e', timeout: '3s', httpTransport: () => {} };
  return { sdk: new SDK({}, options), made };
}

function begin() {
  const phone = new Phone();
  const server = new Server(phone);
  return { phone, server, ...sdkOf(server) };
}

test('an app that signs in right after init needs nothing else', async () => {
  const { phone, server, sdk, made } = begin();
  phone.open().launch(sdk);
  sdk.user.authorize({ authProvider: 'alipay_openapi' });
  await phone.pass(1000);
  assert.deepEqual([server.sessions.size, made.length], [1, 1]);
});

test('for an app that never signs in an object of our own does, once and anonymously', async () => {
  const { phone, server, sdk, made } = begin();
  const run = phone.open().launch(sdk);
  await phone.pass(20000);
  run.MPAnalyse.pause();
  await phone.pass(60000);
  run.MPAnalyse.resume();
  await phone.pass(20000);
  assert.deepEqual(server.durations(), [20000, 0]);
  assert.equal(made.length, 2);
  const own = JSON.parse(JSON.stringify({ how: made[1].how, options: made[1].options }));
  assert.deepEqual(own, { how: { authType: 'anonymous' }, options: { appId: 'a', spaceId: 's', clientSecret: 'c', endpoint: 'e', timeout: '3s' } });
  assert.equal(made[1].runtime, phone.runtime);
  assert.equal(sdk.how, undefined, 'the user of the app is left alone');
});

test('a sign-in that failed without a network does not stop it', async () => {
  const { phone, server, sdk, made } = begin();
  server.down = true;
  sdk.user.authorize({}).catch(() => {});
  const run = phone.open().launch(sdk);
  await phone.pass(120000);
  server.down = false;
  run.MPAnalyse.pause();
  await phone.pass(0);
  assert.deepEqual(server.durations(), [120000]);
  assert.ok(made.length > 2, 'an object whose own sign-in failed is replaced');
});

test('a lost answer is not taken for a missing sign-in', async () => {
  const { phone, server, sdk, made } = begin();
  sdk.user.authorize({});
  server.faults = [lost];
  phone.open().launch(sdk);
  await phone.pass(60000);
  assert.deepEqual([server.sessions.size, made.length], [1, 1]);
});

test('answers that are lost now and then are not taken for one either', async () => {
  const { phone, server, sdk, made } = begin();
  sdk.user.authorize({});
  server.faults = [lost];
  const run = phone.open().launch(sdk);
  await phone.pass(60000);
  server.faults = [lost];
  run.MPAnalyse.pause();
  await phone.pass(60000);
  run.MPAnalyse.resume();
  await phone.pass(60000);
  assert.deepEqual([server.durations(), made.length], [[60000, 0], 1]);
});

test('an app that signs in later is used from then on', async () => {
  const { phone, server, sdk, made } = begin();
  let byOwn = 0;
  const run = phone.open().launch(sdk);
  await phone.pass(40000);
  const forward = made[1].network.forward;
  made[1].network.forward = (...args) => {
    byOwn += 1;
    return forward(...args);
  };
  sdk.user.authorize({});
  run.MPAnalyse.pause();
  await phone.pass(0);
  assert.deepEqual([server.durations(), byOwn], [[40000], 0]);
});

test('an object that cannot be made again leaves things waiting', async () => {
  const { phone, server, sdk } = begin();
  sdk.options = undefined;
  const run = phone.open().launch(sdk);
  await phone.pass(300000);
  assert.equal(server.sessions.size, 0);
  sdk.user.authorize({});
  run.MPAnalyse.pause();
  await phone.pass(0);
  assert.deepEqual([server.durations(), run.errors], [[300000], []]);
});
