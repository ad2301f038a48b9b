// How the package is loaded and called.
'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const test = require('node:test');

const { Phone, Server, refuse } = require('./simulation.cjs');

const folder = path.join(__dirname, '..');

function calls(phone, globals) {
  const run = phone.open({ globals });
  return { ...run, init: (...args) => run.MPAnalyse.init(...args) };
}

test('both module systems give the same functions, by default and by name', async () => {
  const required = require('..');
  const imported = await import('../index.mjs');
  assert.equal(imported.default, required);
  assert.equal(required.default, required);
  for (const name of ['init', 'resume', 'pause']) assert.equal(imported[name], required[name]);
});

test('the version is that of package.json', () => {
  assert.equal(require('../lib/version'), require('../package.json').version);
});

test('the syntax is old', () => {
  const files = fs.readdirSync(path.join(folder, 'lib')).map((name) => path.join(folder, 'lib', name));
  for (const file of files.concat(path.join(folder, 'index.js'))) {
    const code = fs.readFileSync(file, 'utf8').replace(/\/\*[^]*?\*\/|\/\/.*|'[^'\n]*'/g, '');
    assert.doesNotMatch(code, /\?\?|\?\.[^\d]|\basync\b|\bawait\b|\.\.\.|\*\*|#\w|catch\s*\{/, file);
  }
});

test('what is wrong with a call is said on the console, and nothing is thrown', () => {
  const phone = new Phone();
  const { sdk } = new Server(phone);
  for (const [args, word] of [
    [[], 'AppKey'],
    [['', phone.runtime, { mpServerless: sdk }], 'AppKey'],
    [[7, phone.runtime, { mpServerless: sdk }], 'AppKey'],
    [['app', phone.runtime], 'mpServerless'],
    [['app', phone.runtime, null], 'mpServerless'],
    [['app', phone.runtime, { mpServerless: {} }], 'mpServerless'],
    [['app', phone.runtime, { mpServerless: { network: { forward: 'x' } } }], 'mpServerless'],
  ]) {
    const { init, errors, logs } = calls(phone);
    init(...args);
    assert.equal(errors.length, 1, JSON.stringify(args));
    assert.match(errors[0], new RegExp(word));
    assert.deepEqual(logs, [], 'it is not integrated');
  }
  const nowhere = calls(phone, {});
  nowhere.init('app', { mpServerless: sdk });
  assert.match(nowhere.errors[0], /`my`, `wx`/);
  nowhere.MPAnalyse.resume();
  nowhere.MPAnalyse.pause();
  assert.equal(nowhere.errors.length, 1);
});

test('platforms are told by the global that was given or found', async () => {
  const byPosition = new Phone({ kind: 'wechat' });
  const byObject = new Phone({ kind: 'alipay' });
  for (const [phone, globals, given, platform] of [
    [byPosition, (it) => ({ wx: it }), false, 'wechat'],
    [byPosition, (it) => ({ tt: it }), true, 'bytedance'],
    [byPosition, (it) => ({ swan: it }), false, 'baidu'],
    [byPosition, (it) => ({ qq: it }), true, 'qq'],
    [byObject, (it) => ({ my: it }), false, 'alipay'],
    [byObject, (it) => ({ dd: it, my: it }), true, 'dingtalk'],
    [byObject, () => ({}), true, 'alipay'],
    [byPosition, () => ({}), true, 'wechat'],
  ]) {
    const server = new Server(phone);
    phone.disk.clear();
    const { init, kill } = calls(phone, globals(phone.runtime));
    if (given) init('app', phone.runtime, { mpServerless: server.sdk });
    else init('app', { mpServerless: server.sdk });
    await phone.pass(2000);
    kill();
    assert.equal(server.heard[0] && server.heard[0].platform, platform);
    assert.equal(phone.disk.size, 2);
  }
});

test('init twice is one launch; another AppKey is refused', async () => {
  const phone = new Phone();
  const server = new Server(phone);
  const { init, errors, MPAnalyse } = calls(phone);
  init('app', phone.runtime, { mpServerless: server.sdk });
  await phone.pass(40000);
  init('app', phone.runtime, { mpServerless: server.sdk });
  assert.deepEqual(errors, []);
  init('other', phone.runtime, { mpServerless: server.sdk });
  assert.match(errors[0], /another AppKey/);
  MPAnalyse.pause();
  await phone.pass(0);
  assert.deepEqual(server.durations(), [40000]);
});

test('without an object of the SDK visits wait for a second init, or the next run', async () => {
  const phone = new Phone();
  const server = new Server(phone);
  const { init } = calls(phone);
  init('app', phone.runtime, {});
  await phone.pass(40000);
  init('app', phone.runtime, { mpServerless: server.sdk });
  await phone.pass(1000);
  assert.deepEqual(server.durations(), [40000]);
});

test('nothing is sent but what the protocol names', async () => {
  const phone = new Phone();
  const server = new Server(phone);
  phone.open().launch(server.sdk, { query: { sdk_channel: 'a', user: 'secret' }, scene: '1001', path: 'p' });
  await phone.pass(1000);
  const { method, ...params } = server.heard[0];
  assert.equal(method, 'analytics.collect');
  const { batch, device } = params;
  assert.match(batch, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.match(device, /^[0-9a-f]{32}$/);
  const events = [{ start: phone.now - 1000, duration: 0, channel: 'a' }];
  assert.deepEqual(params, { appKey: 'app', batch, device, platform: 'alipay', sdk: '0.1.0', sentAt: phone.now, events });
});

for (const globals of [{}, { crypto: { getRandomValues: (array) => array.fill(0xab) } }]) {
  test(`devices have ids of their own, kept for ever, ${globals.crypto ? 'by crypto' : 'without crypto'}`, async () => {
    const ids = new Set();
    for (let phones = 0; phones < 20; phones += 1) {
      const phone = new Phone();
      const server = new Server(phone);
      for (let runs = 0; runs < 2; runs += 1) {
        const run = phone.open({ globals: { my: phone.runtime, ...globals } }).launch(server.sdk);
        await phone.pass(1000);
        run.kill();
        await phone.pass(1000);
      }
      assert.equal(server.heard[0].device, server.heard[1].device);
      ids.add(server.heard[0].device);
    }
    assert.deepEqual(globals.crypto ? [...ids] : ids.size, globals.crypto ? ['ab'.repeat(16)] : 20);
  });
}

test('an SDK that throws does not reach the app', async () => {
  const phone = new Phone();
  const run = phone.open();
  const mpServerless = {
    network: {
      forward() {
        throw new Error('broken');
      },
    },
  };
  run.launch(mpServerless);
  await phone.pass(5000);
  run.MPAnalyse.pause();
  await phone.pass(0);
  assert.deepEqual(run.errors, []);
});

const INTEGRATED = '[SDK] -- 集成SDK成功';

test('that it is integrated is said once a run, after the server took something', async () => {
  const phone = new Phone();
  const server = new Server(phone);
  const refusal = (result) => () => ({ success: true, result: { serverTime: phone.now, accepted: 0, rejected: [], ...result } });
  server.faults = [refuse('InternalError'), refusal({ clockOff: true }), refusal({ rejected: [{ index: 0, reason: 'tooOld' }] })];
  const run = phone.open().launch(server.sdk);
  assert.deepEqual(run.logs, []);
  await phone.pass(100000);
  assert.deepEqual([server.heard.length, run.logs], [3, []]);
  run.MPAnalyse.pause();
  await phone.pass(40000);
  run.MPAnalyse.resume();
  await phone.pass(2000);
  assert.deepEqual(run.logs, [INTEGRATED]);
  run.MPAnalyse.init('app', phone.runtime, { mpServerless: server.sdk });
  run.MPAnalyse.pause();
  await phone.pass(0);
  assert.deepEqual([server.durations(), run.logs], [[2000], [INTEGRATED]]);
  run.kill();
  const next = phone.open().launch(server.sdk);
  await phone.pass(1000);
  assert.deepEqual([next.logs, run.errors, next.errors], [[INTEGRATED], [], []]);
});

test('with a wrong AppKey it is not said', async () => {
  const phone = new Phone();
  const server = new Server(phone);
  server.faults = [refuse('InvalidAppKey.NotFound')];
  const run = phone.open().launch(server.sdk);
  await phone.pass(100000);
  assert.deepEqual([server.heard.length, run.logs, run.errors.length], [1, [], 1]);
});
