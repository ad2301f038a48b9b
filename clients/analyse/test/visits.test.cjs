// What is a launch, and what is time in front.
'use strict';

const assert = require('node:assert/strict');
const test = require('node:test');

const { Phone, Server } = require('./simulation.cjs');

function start(options) {
  const phone = new Phone(options);
  const server = new Server(phone);
  const run = phone.open();
  return { phone, server, run, MPAnalyse: run.MPAnalyse };
}

for (const kind of ['alipay', 'wechat']) {
  test(`init and resume are one launch, and a pause tells its time, on ${kind}`, async () => {
    const { phone, server, run, MPAnalyse } = start({ kind });
    const began = phone.now;
    run.launch(server.sdk);
    await phone.pass(65432);
    MPAnalyse.pause();
    await phone.pass(0);
    assert.deepEqual([server.starts(), server.durations()], [[began], [65432]]);
    assert.deepEqual([run.logs, run.errors], [['[SDK] -- 集成SDK成功'], []]);
    assert.equal(server.heard[0].platform, kind);
  });
}

test('a launch is told after a second, before anything else happens', async () => {
  const { phone, server, run } = start();
  run.launch(server.sdk);
  await phone.pass(999);
  assert.equal(server.heard.length, 0);
  await phone.pass(1);
  assert.deepEqual(server.durations(), [0]);
});

test('a running session is not told again and again', async () => {
  const { phone, server, run } = start();
  run.launch(server.sdk);
  await phone.pass(600000);
  assert.equal(server.heard.length, 1);
});

for (const [away, sessions] of [[0, 1], [29999, 1], [30000, 1], [30001, 2], [3600000, 2]]) {
  test(`after ${away} ms in the background there are ${sessions} launches`, async () => {
    const { phone, server, run, MPAnalyse } = start();
    run.launch(server.sdk);
    await phone.pass(5000);
    MPAnalyse.pause();
    await phone.pass(away);
    MPAnalyse.resume();
    await phone.pass(7000);
    MPAnalyse.pause();
    await phone.pass(0);
    assert.deepEqual(server.durations(), sessions === 1 ? [12000] : [5000, 7000], 'time in the background does not count');
  });
}

test('several short returns belong to one session', async () => {
  const { phone, server, run, MPAnalyse } = start();
  run.launch(server.sdk);
  for (let turn = 0; turn < 5; turn += 1) {
    await phone.pass(1000);
    MPAnalyse.pause();
    await phone.pass(30000);
    MPAnalyse.resume();
  }
  MPAnalyse.pause();
  await phone.pass(0);
  assert.deepEqual(server.durations(), [5000]);
});

test('calls that change nothing change nothing', async () => {
  const { phone, server, run, MPAnalyse } = start();
  run.launch(server.sdk);
  MPAnalyse.resume();
  await phone.pass(40000);
  MPAnalyse.resume();
  MPAnalyse.pause();
  await phone.pass(50000);
  MPAnalyse.pause();
  await phone.pass(0);
  assert.deepEqual(server.durations(), [40000]);
});

test('without resume, init is the launch', async () => {
  const { phone, server, MPAnalyse } = start();
  MPAnalyse.init('app', phone.runtime, { mpServerless: server.sdk });
  await phone.pass(3000);
  MPAnalyse.pause();
  await phone.pass(0);
  assert.deepEqual(server.durations(), [3000]);
});

test('calls before init are remembered with their times', async () => {
  const { phone, server, MPAnalyse } = start();
  const began = phone.now;
  MPAnalyse.resume();
  await phone.pass(4000);
  MPAnalyse.init('app', phone.runtime, { mpServerless: server.sdk });
  await phone.pass(1000);
  MPAnalyse.pause();
  await phone.pass(0);
  assert.deepEqual([server.starts(), server.durations()], [[began], [5000]]);
});

test('a visit that ended before init counts, and init begins none', async () => {
  const { phone, server, MPAnalyse } = start();
  MPAnalyse.resume();
  await phone.pass(4000);
  MPAnalyse.pause();
  await phone.pass(60000);
  MPAnalyse.init('app', phone.runtime, { mpServerless: server.sdk });
  await phone.pass(60000);
  MPAnalyse.resume();
  await phone.pass(2000);
  MPAnalyse.pause();
  await phone.pass(0);
  assert.deepEqual(server.durations(), [4000, 2000]);
});

test('a clock that jumps back takes no time away', async () => {
  const { phone, server, run, MPAnalyse } = start();
  run.launch(server.sdk);
  await phone.pass(20000);
  phone.setClock(phone.now - 200000);
  await phone.pass(20000);
  MPAnalyse.pause();
  await phone.pass(0);
  assert.deepEqual(server.durations(), [30000], 'what passed since the last look is not known');
});

test('a clock that jumps ahead adds no time', async () => {
  const { phone, server, run, MPAnalyse } = start();
  run.launch(server.sdk);
  await phone.pass(20000);
  phone.setClock(phone.now + 86400000);
  await phone.pass(20000);
  MPAnalyse.pause();
  await phone.pass(0);
  assert.deepEqual(server.durations(), [30000]);
});

test('a clock that jumps ahead in the background begins a launch, a small step back does not', async () => {
  const { phone, server, run, MPAnalyse } = start();
  run.launch(server.sdk);
  await phone.pass(1000);
  MPAnalyse.pause();
  phone.setClock(phone.now - 500);
  MPAnalyse.resume();
  await phone.pass(1000);
  MPAnalyse.pause();
  phone.setClock(phone.now + 240000);
  MPAnalyse.resume();
  await phone.pass(3000);
  MPAnalyse.pause();
  await phone.pass(0);
  assert.deepEqual(server.durations(), [2000, 3000]);
});

test('a session counts at most a day', async () => {
  const { phone, server, run, MPAnalyse } = start();
  run.launch(server.sdk);
  await phone.pass(90000000);
  MPAnalyse.pause();
  await phone.pass(0);
  assert.deepEqual(server.durations(), [86400000]);
});

test('no timer runs in the background', async () => {
  const { phone, server, run, MPAnalyse } = start();
  run.launch(server.sdk);
  await phone.pass(60000);
  MPAnalyse.pause();
  await phone.pass(0);
  assert.equal(phone.timers.size, 0);
  const writes = phone.writes;
  await phone.pass(600000);
  assert.equal(phone.writes, writes);
});

test('a return within 30 s that adds nothing is not sent', async () => {
  const { phone, server, run, MPAnalyse } = start();
  run.launch(server.sdk);
  await phone.pass(5000);
  MPAnalyse.pause();
  await phone.pass(1000);
  MPAnalyse.resume();
  MPAnalyse.pause();
  await phone.pass(1000);
  assert.equal(server.heard.length, 2);
});
