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

test('an object that cannot be made again leaves things waiting, and it is told once what to do', async () => {
  const { phone, server, sdk } = begin();
  sdk.options = undefined;
  const run = phone.open().launch(sdk);
  await phone.pass(300000);
  assert.equal(server.sessions.size, 0);
  sdk.user.authorize({});
  run.MPAnalyse.pause();
  await phone.pass(0);
  assert.deepEqual(server.durations(), [300000]);
  assert.equal(run.errors.length, 1, run.errors.join());
  assert.match(run.errors[0], /call mpServerless\.user\.authorize\(\{ authType: "anonymous" \}\) in onLaunch/);
});

test('an app that signs in late is not advised before that is found out', async () => {
  const { phone, server, sdk } = begin();
  sdk.options = undefined;
  const run = phone.open().launch(sdk);
  await phone.pass(10000);
  sdk.user.authorize({});
  await phone.pass(60000);
  assert.deepEqual([server.sessions.size, run.errors], [1, []]);
});

test('a server that is not reached three times in a row is told once, with the reason', async () => {
  const { phone, server, sdk } = begin();
  server.down = true;
  const run = phone.open({ prepare: 'Math.random = () => 0' }).launch(sdk);
  await phone.pass(20000);
  assert.deepEqual(run.errors, [], 'two failures may be a tunnel');
  await phone.pass(600000);
  assert.equal(run.errors.length, 1, run.errors.join());
  assert.match(run.errors[0], /Nothing arrives at the server \(no answer\): .*endpoint/);
});

test('a sign-in that the server refuses is told with its reason', async () => {
  const { phone, sdk, made } = begin();
  const run = phone.open();
  const refusal = { body: {}, error: { code: 'InvalidSpace.NotFound', message: 'no such space' }, status: 200 };
  sdk.constructor = class {
    constructor() {
      made.push(this);
      this.user = { authorize: () => Promise.reject(refusal) };
    }
  };
  run.launch(sdk);
  await phone.pass(300000);
  assert.ok(made.length > 2);
  assert.match(run.errors.join(), /^\[SDK\] -- Nothing arrives at the server \(no such space\)[^]*$/);
});

/** As much of the SDK's 2.x: it takes functions by the names of Alipay, keeps them, and has codes of its own. */
class Old {
  constructor(functions, options) {
    for (const name of ['uploadFile', 'getAuthCode', 'request']) if (!functions[name]) throw new Error(`missing ${name}`);
    this.options = Object.assign({}, options, { httpClient: functions, httpTransport: Old, logger: functions.logger });
    Old.made.push(this);
    let token = null;
    this.user = {
      authorize: async () => {
        token = 'token';
        return { success: true };
      },
    };
    this.network = {
      forward: async (method, params) => {
        if (!token) throw Object.assign(new Error('not authorized'), { name: 'UnauthorizedError', code: 'Unauthentication' });
        return functions.request(method, params);
      },
    };
  }
}

for (const kind of ['alipay', 'wechat']) {
  test(`the SDK of 2.x, in an app that never signs in, is made again with what the app gave it, on ${kind}`, async () => {
    const phone = new Phone({ kind });
    const server = new Server(phone);
    Old.made = [];
    const functions = { uploadFile() {}, getAuthCode() {}, request: (method, params) => server.forward(method, params) };
    const sdk = new Old(functions, { appId: 'a', spaceId: 's', clientSecret: 'c', endpoint: 'e' });
    const run = phone.open().launch(sdk);
    await phone.pass(40000);
    assert.deepEqual([server.sessions.size, Old.made.length, run.errors], [1, 2, []]);
    assert.equal(Old.made[1].options.httpClient, functions);
  });
}

for (const code of ['12', 'InterfaceResponseError', 'AuthenticationFailed']) {
  test(`a failure that 2.x calls ${code} did not come from the server`, async () => {
    const { phone, server, sdk, made } = begin();
    sdk.network.forward = () => Promise.reject(Object.assign(new Error('x'), { code }));
    phone.open().launch(sdk);
    await phone.pass(40000);
    assert.deepEqual([server.sessions.size, made.length], [1, 2]);
  });
}
