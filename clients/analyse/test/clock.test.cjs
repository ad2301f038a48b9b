// Devices whose clock is wrong. The phone's clock is the device's; the server's is off from it.
'use strict';

const assert = require('node:assert/strict');
const test = require('node:test');

const { DAY, Phone, Server, lost, refuse } = require('./simulation.cjs');

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
    assert.deepEqual(server.heard.map((batch) => batch.events.length), [1, 1, 1]);
    assert.equal(server.asked.length, 1, 'once, before anything is sent');
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
  server.askedFaults = [lost];
  const began = server.clock();
  phone.open().launch(server.sdk);
  await phone.pass(40000);
  assert.deepEqual([server.starts(), server.asked.length], [[began], 2]);
});

test('a server that is never content is not asked without a wait', async () => {
  const { phone, server } = wrongBy(0);
  server.collect = () => ({ serverTime: server.clock(), accepted: 0, rejected: [], clockOff: true });
  phone.open().launch(server.sdk);
  await phone.pass(15000);
  assert.deepEqual([server.asked.length, server.heard.length], [1, 1]);
  await phone.pass(600000);
  assert.ok(server.heard.length < 14, `${server.heard.length}`);
});

for (const jump of [DAY, -DAY, 3600000, -400 * DAY]) {
  test(`what was stored without an answer does not move when the clock jumps by ${jump} ms`, async () => {
    const { phone, server } = wrongBy(0);
    const began = phone.now;
    server.faults = [lost];
    const run = phone.open().launch(server.sdk);
    await phone.pass(1000);
    server.error = jump;
    phone.setClock(phone.now + jump);
    await phone.pass(60000);
    run.MPAnalyse.pause();
    await phone.pass(0);
    assert.deepEqual(server.starts(), [began]);
  });

  test(`nor when it jumps by ${jump} ms between two runs`, async () => {
    const { phone, server } = wrongBy(0);
    const began = phone.now;
    server.faults = [lost];
    const run = phone.open().launch(server.sdk);
    await phone.pass(1000);
    run.kill();
    await phone.pass(7000);
    server.error = jump;
    phone.setClock(phone.now + jump);
    const again = server.clock();
    phone.open().launch(server.sdk);
    await phone.pass(2000);
    assert.deepEqual(server.starts(), [began, again]);
  });
}

test('it does not move after it was sent again and could not be read', async () => {
  const { phone, server } = wrongBy(0);
  const began = phone.now;
  server.faults = [lost, refuse('InvalidParams.Format')];
  phone.open().launch(server.sdk);
  await phone.pass(40000);
  assert.equal(server.heard.length, 2);
  server.error = DAY;
  phone.setClock(phone.now + DAY);
  await phone.pass(7200000);
  assert.deepEqual(server.starts(), [began]);
});

test('what was refused moves with the clock', async () => {
  const { phone, server } = wrongBy(0);
  const began = phone.now;
  server.faults = [refuse('Throttling.Api')];
  const run = phone.open().launch(server.sdk);
  await phone.pass(1000);
  run.kill();
  // The clock was wrong, and is put right while the app is away: what began by it did so an hour later.
  server.error = -3600000;
  phone.open().launch(server.sdk);
  await phone.pass(40000);
  assert.equal(server.sessions.size, 2);
  assert.ok(server.starts().every((start) => Math.abs(start - began - 3600000) < 5000), `${server.starts()}`);
});

test('a clock that was changed is asked for before anything is sent by it', async () => {
  const { phone, server } = wrongBy(0);
  const run = phone.open().launch(server.sdk);
  await phone.pass(5000);
  server.error = 3600000;
  phone.setClock(phone.now + 3600000);
  await phone.pass(10000);
  run.MPAnalyse.pause();
  server.down = true;
  await phone.pass(60000);
  const began = server.clock();
  run.MPAnalyse.resume();
  await phone.pass(5000);
  server.down = false;
  server.faults = [lost];
  await phone.pass(300000);
  assert.equal(server.starts()[1], began);
  assert.equal(server.sessions.size, 2);
});

test('who comes back after a day asks once more', async () => {
  const { phone, server } = wrongBy(0);
  const visit = async (away) => {
    const run = phone.open().launch(server.sdk);
    await phone.pass(5000);
    run.MPAnalyse.pause();
    await phone.pass(0);
    run.kill();
    await phone.pass(away);
  };
  await visit(3600000);
  await visit(2 * DAY);
  assert.equal(server.asked.length, 1);
  await visit(0);
  assert.equal(server.asked.length, 2);
});
