// Storage that fails, is full, or holds something else.
'use strict';

const assert = require('node:assert/strict');
const test = require('node:test');

const { Phone, Server } = require('./simulation.cjs');

const fail = () => {
  throw new Error('storage is broken');
};

for (const kind of ['alipay', 'wechat']) {
  for (const write of kind === 'alipay' ? [fail, () => ({ error: 10, errorMessage: 'full' })] : [fail]) {
    test(`storage that is full does not matter within a run, on ${kind}`, async () => {
      const phone = new Phone({ kind });
      const server = new Server(phone);
      phone.faults.write = write;
      const run = phone.open().launch(server.sdk);
      await phone.pass(25000);
      run.MPAnalyse.pause();
      await phone.pass(0);
      assert.deepEqual(server.durations(), [25000]);
      assert.equal(run.errors.length, 1, 'told once');
      assert.equal(new Set(server.heard.map((batch) => batch.device)).size, 1);
    });
  }

  test(`a device whose storage cannot be read is not taken for a new one, on ${kind}`, async () => {
    const phone = new Phone({ kind });
    const server = new Server(phone);
    const first = phone.open().launch(server.sdk);
    await phone.pass(1000);
    first.kill();
    const [{ device }] = server.heard;
    const disk = new Map(phone.disk);
    phone.faults.read = kind === 'alipay' ? () => ({ error: 11 }) : fail;
    const run = phone.open().launch(server.sdk);
    await phone.pass(15000);
    assert.equal(server.heard.length, 1, 'nothing is sent');
    assert.deepEqual(phone.disk, disk, 'and nothing is overwritten');
    phone.faults.read = null;
    await phone.pass(15000);
    assert.equal(server.sessions.size, 2, 'it is sent without a further call');
    run.MPAnalyse.pause();
    await phone.pass(0);
    assert.deepEqual([...new Set(server.heard.map((batch) => batch.device))], [device]);
    assert.equal(server.durations()[1], 30000);
  });
}

test('a full storage that gets room again is used', async () => {
  const phone = new Phone();
  const server = new Server(phone);
  server.down = true;
  phone.faults.write = fail;
  const run = phone.open().launch(server.sdk);
  await phone.pass(15000);
  phone.faults.write = null;
  await phone.pass(15000);
  run.kill();
  server.down = false;
  phone.open().launch(server.sdk);
  await phone.pass(1000);
  assert.deepEqual(server.durations(), [30000, 0]);
});

test('the device is written once', async () => {
  const phone = new Phone();
  const keys = [];
  phone.faults.write = (key, data) => {
    keys.push(key);
    phone.disk.set(key, data);
  };
  phone.open().launch(new Server(phone).sdk);
  await phone.pass(60000);
  assert.equal(keys.filter((key) => key.endsWith('device')).length, 1);
});

test('a cleared storage is a new device', async () => {
  const phone = new Phone();
  const server = new Server(phone);
  for (let turn = 0; turn < 2; turn += 1) {
    const run = phone.open().launch(server.sdk);
    await phone.pass(1000);
    run.kill();
    phone.disk.clear();
  }
  assert.notEqual(server.heard[0].device, server.heard[1].device);
});

for (const damaged of ['', '{', 'null', '[]', '7', '"x"', '{"id":7,"channel":"x"}', '{"id":"a b","channel":""}', '{"id":"x"}']) {
  test(`a device record of ${damaged} is made anew`, async () => {
    const phone = new Phone();
    const server = new Server(phone);
    phone.disk.set('mpanalyse.app.device', damaged);
    phone.open().launch(server.sdk, { query: { sdk_channel: 'c' } });
    await phone.pass(1000);
    assert.match(server.heard[0].device, /^[0-9a-f]{32}$/);
    assert.equal(server.heard[0].events[0].channel, 'c');
  });
}

for (const damaged of [
  '{',
  'null',
  '[]',
  '{"sessions":7}',
  '{"sessions":[null,[],["a",1,0],[1,-1,0],[1.5,1,0],[1]],"offset":"x","dropped":-1}',
  '{"batch":7}',
  '{"batch":{"id":7,"events":[[1,1]]}}',
  '{"batch":{"id":"x","events":[]}}',
  '{"batch":{"id":"x","events":"x"}}',
  '{"sessions":[],"offset":1e99,"batch":{}}',
]) {
  test(`a queue of ${damaged} does not stop it`, async () => {
    const phone = new Phone();
    const server = new Server(phone);
    phone.disk.set('mpanalyse.app.queue', damaged);
    const run = phone.open().launch(server.sdk);
    await phone.pass(5000);
    run.MPAnalyse.pause();
    await phone.pass(0);
    assert.deepEqual(server.durations(), [5000]);
    assert.deepEqual(run.errors, []);
  });
}

test('storage of another kind of value is no record', async () => {
  const phone = new Phone({ kind: 'wechat' });
  const server = new Server(phone);
  phone.disk.set('mpanalyse.app.device', { id: 'x'.repeat(32), channel: '' });
  phone.open().launch(server.sdk);
  await phone.pass(1000);
  assert.equal(server.sessions.size, 1);
});
