// Devices whose clock is wrong. The phone's clock is the device's; the server's is off from it.
'use strict';

const assert = require('node:assert/strict');
const test = require('node:test');

const { DAY, Phone, Server, lost } = require('./simulation.cjs');

function wrongBy(error) {
  const phone = new Phone();
  const server = new Server(phone);
  server.error = error;
  server.clock = () => phone.now - server.error;
  return { phone, server };
}

for (const error of [400 * DAY, -400 * DAY, 300001, -300001]) {
  test(`a clock that is ${error} ms off is put right`, async () => {
    const { phone, server } = wrongBy(error);
    const began = server.clock();
    const run = phone.open().launch(server.sdk);
    await phone.pass(20000);
    run.MPAnalyse.pause();
    await phone.pass(60000);
    run.MPAnalyse.resume();
    await phone.pass(1000);
    assert.deepEqual(server.starts(), [began, began + 80000]);
    assert.deepEqual(server.durations(), [20000, 0]);
    assert.deepEqual(server.heard.map((batch) => batch.events.length), [1, 1, 1, 1]);
    assert.notEqual(server.heard[0].batch, server.heard[1].batch, 'other contents');
  });
}

test('a clock within five minutes is left as it is', async () => {
  const { phone, server } = wrongBy(300000 - 2000);
  const began = phone.now;
  phone.open().launch(server.sdk);
  await phone.pass(1000);
  assert.deepEqual([server.starts(), server.heard.length], [[began], 1]);
});

test('the correction is kept for later runs', async () => {
  const { phone, server } = wrongBy(DAY);
  phone.open().launch(server.sdk).kill();
  const run = phone.open().launch(server.sdk);
  await phone.pass(1000);
  run.kill();
  const asked = server.heard.length;
  const began = server.clock();
  phone.open().launch(server.sdk);
  await phone.pass(1000);
  assert.equal(server.heard.length, asked + 1);
  assert.equal(Math.max(...server.starts()), began);
});

test('a clock that is put right by the user is followed', async () => {
  const { phone, server } = wrongBy(DAY);
  const run = phone.open().launch(server.sdk);
  await phone.pass(1000);
  run.MPAnalyse.pause();
  server.error = 0;
  phone.setClock(phone.now - DAY);
  await phone.pass(60000);
  const began = phone.now;
  run.MPAnalyse.resume();
  await phone.pass(1000);
  assert.deepEqual(server.starts(), [began - 61000, began]);
});

test('a session that the server knows does not move', async () => {
  const { phone, server } = wrongBy(0);
  const began = phone.now;
  const run = phone.open().launch(server.sdk);
  await phone.pass(20000);
  server.error = -DAY;
  phone.setClock(phone.now - DAY);
  await phone.pass(10000);
  run.MPAnalyse.pause();
  await phone.pass(0);
  assert.deepEqual([server.starts(), server.durations()], [[began], [20000]], 'the ten seconds of the jump are not known');
});

test('visits of days ago, made with a wrong clock, move with it', async () => {
  const { phone, server } = wrongBy(400 * DAY);
  server.down = true;
  const began = server.clock();
  const run = phone.open().launch(server.sdk);
  await phone.pass(5000);
  run.MPAnalyse.pause();
  await phone.pass(2 * DAY);
  server.down = false;
  run.MPAnalyse.resume();
  await phone.pass(1000);
  assert.deepEqual(server.starts(), [began, began + 5000 + 2 * DAY]);
});

test('a correction whose answer is lost is asked for again', async () => {
  const { phone, server } = wrongBy(DAY);
  server.faults = [lost];
  const began = server.clock();
  phone.open().launch(server.sdk);
  await phone.pass(40000);
  assert.deepEqual(server.starts(), [began]);
});

test('a server that is never content is not asked without a wait', async () => {
  const { phone, server } = wrongBy(0);
  server.collect = () => ({ serverTime: server.clock(), accepted: 0, rejected: [], clockOff: true });
  phone.open().launch(server.sdk);
  await phone.pass(15000);
  assert.equal(server.heard.length, 2);
  await phone.pass(600000);
  assert.ok(server.heard.length < 14, `${server.heard.length}`);
});
