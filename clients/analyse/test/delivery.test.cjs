// What is sent when, and what survives a lost network, a killed app, and refusals.
'use strict';

const assert = require('node:assert/strict');
const test = require('node:test');

const { DAY, Phone, Server, lost, refuse, turns } = require('./simulation.cjs');

function begin(options) {
  const phone = new Phone(options);
  const server = new Server(phone);
  /** A visit in a run of its own, that ends by a kill in the background. */
  const visit = async (duration, away = 60000) => {
    const run = phone.open().launch(server.sdk);
    await phone.pass(duration);
    run.MPAnalyse.pause();
    await phone.pass(0);
    run.kill();
    await phone.pass(away);
  };
  return { phone, server, visit };
}

/** The server cannot read batches that are bad. */
function unreadable(server, isBad) {
  const collect = server.collect.bind(server);
  server.collect = (params) => {
    if (isBad(params)) throw Object.assign(new Error('`platform` is wrong'), { code: 'InvalidParams.Format' });
    return collect(params);
  };
}

test('what could not be sent waits, also over restarts', async () => {
  const { phone, server, visit } = begin();
  server.down = true;
  await visit(5000);
  await visit(6000);
  assert.deepEqual(server.durations(), []);
  server.down = false;
  await visit(7000);
  assert.deepEqual(server.durations(), [5000, 6000, 7000]);
  assert.deepEqual(phone.stored('queue').sessions, [], 'nothing is left');
});

test('visits are told apart by day when they come late', async () => {
  const { phone, server, visit } = begin();
  server.down = true;
  const first = phone.now;
  await visit(5000, 3 * DAY);
  server.down = false;
  await visit(7000);
  assert.deepEqual(server.starts(), [first, first + 5000 + 3 * DAY]);
});

test('a killed app loses at most ten seconds', async () => {
  const { phone, server } = begin();
  const run = phone.open().launch(server.sdk);
  await phone.pass(37000);
  run.kill();
  await phone.pass(1000);
  phone.open().launch(server.sdk);
  await phone.pass(1000);
  assert.deepEqual(server.durations(), [30000, 0], 'and a run is always a launch');
});

test('a killed app that never reached the server keeps its launch', async () => {
  const { phone, server } = begin();
  phone.open().launch(server.sdk).kill();
  await phone.pass(5000);
  phone.open().launch(server.sdk);
  await phone.pass(1000);
  assert.deepEqual(server.durations(), [0, 0]);
});

test('an answer that is lost counts nothing twice, and the batch is the same again', async () => {
  const { phone, server } = begin();
  server.faults = [lost, lost];
  const run = phone.open().launch(server.sdk);
  await phone.pass(200000);
  assert.equal(server.heard.length, 3);
  const [first, ...again] = server.heard.map(({ batch, events }) => JSON.stringify({ batch, events }));
  assert.deepEqual(again, [first, first]);
  run.MPAnalyse.pause();
  await phone.pass(0);
  assert.deepEqual(server.durations(), [200000]);
  assert.notEqual(server.heard[3].batch, server.heard[0].batch);
});

test('the batch is the same again after a kill too', async () => {
  const { phone, server } = begin();
  server.faults = [lost];
  const run = phone.open().launch(server.sdk);
  await phone.pass(1000);
  run.kill();
  phone.now += 3000;
  phone.open().launch(server.sdk);
  await phone.pass(1000);
  const [first, again, rest] = server.heard;
  assert.deepEqual([again.batch, again.events], [first.batch, first.events]);
  assert.equal(rest.events.length, 1);
  assert.equal(server.sessions.size, 2);
});

test('time that is added while a batch is on its way is not lost', async () => {
  const { phone, server } = begin();
  let answer;
  server.faults = [(reply) => new Promise((resolve) => (answer = () => resolve(reply())))];
  const run = phone.open().launch(server.sdk);
  await phone.pass(15000);
  run.MPAnalyse.pause();
  await phone.pass(0);
  assert.equal(server.heard.length, 1, 'one request at a time');
  answer();
  await phone.pass(0);
  assert.deepEqual(server.durations(), [15000]);
  assert.equal(server.mostInFlight, 1);
});

test('after failures the waits double up to five minutes, and never end', async () => {
  const { phone, server } = begin();
  server.faults = Array.from({ length: 30 }, () => refuse('InternalError'));
  const at = [];
  const forward = server.sdk.network.forward;
  server.sdk.network.forward = (...args) => {
    if (args[1].events.length > 0) at.push(phone.now);
    return forward(...args);
  };
  phone.open({ prepare: 'Math.random = () => 0.999999' }).launch(server.sdk);
  await phone.pass(4000000);
  const waits = at.slice(1).map((time, i) => Math.round((time - at[i]) / 1000));
  assert.deepEqual(waits.slice(0, 6), [30, 60, 120, 240, 300, 300]);
  assert.equal(waits[waits.length - 1], 300);
});

test('waits differ by chance, by half at most', async () => {
  const { phone, server } = begin();
  server.down = true;
  const at = [];
  server.sdk.network.forward = () => {
    at.push(phone.now);
    return Promise.reject(new Error('request:fail'));
  };
  phone.open({ prepare: 'Math.random = () => 0' }).launch(server.sdk);
  await phone.pass(20000);
  assert.equal(at[1] - at[0], 15000);
});

test('after a success the waits begin anew', async () => {
  const { phone, server } = begin();
  server.faults = [refuse('InternalError'), refuse('InternalError'), refuse('InternalError')];
  const run = phone.open({ prepare: 'Math.random = () => 0' }).launch(server.sdk);
  await phone.pass(300000);
  assert.equal(server.heard.length, 4);
  server.faults = [refuse('InternalError')];
  run.MPAnalyse.pause();
  await phone.pass(30001);
  server.faults = [refuse('InternalError')];
  run.MPAnalyse.resume();
  await phone.pass(1000);
  const heard = server.heard.length;
  await phone.pass(30000);
  assert.ok(server.heard.length > heard, 'the second wait is 30 s');
});

test('a pause sends in spite of a wait, but not after a refusal for too many calls', async () => {
  for (const [code, heard] of [['InternalError', 3], ['Throttling.Api', 1]]) {
    const { phone, server } = begin();
    server.faults = [refuse(code)];
    const run = phone.open().launch(server.sdk);
    await phone.pass(2000);
    run.MPAnalyse.pause();
    await phone.pass(0);
    assert.equal(server.heard.length, heard, code);
    run.MPAnalyse.resume();
    await phone.pass(14000);
    assert.equal(server.heard.length, heard, code);
    await phone.pass(16000);
    run.MPAnalyse.pause();
    await phone.pass(0);
    assert.deepEqual(server.durations(), [32000], code);
  }
});

test('a return to the front sends what waits', async () => {
  const { phone, server } = begin();
  const run = phone.open().launch(server.sdk);
  await phone.pass(2000);
  server.down = true;
  run.MPAnalyse.pause();
  await phone.pass(5000);
  server.down = false;
  run.MPAnalyse.resume();
  await phone.pass(1000);
  assert.deepEqual(server.durations(), [2000]);
});

test('an unknown AppKey is told once, and ends it for this run', async () => {
  const { phone, server } = begin();
  server.faults = [refuse('InvalidAppKey.NotFound')];
  const run = phone.open().launch(server.sdk);
  await phone.pass(2000);
  const kept = phone.disk.get('mpanalyse.app.queue');
  for (let turn = 0; turn < 5; turn += 1) {
    await phone.pass(60000);
    run.MPAnalyse.pause();
    await phone.pass(60000);
    run.MPAnalyse.resume();
  }
  assert.equal(run.errors.length, 1);
  assert.match(run.errors[0], /AppKey app/);
  assert.equal(server.heard.length, 1);
  assert.equal(phone.disk.get('mpanalyse.app.queue'), kept);
  run.kill();
  phone.open().launch(server.sdk);
  await phone.pass(1000);
  assert.equal(server.sessions.size, 2, 'the next run tries again');
});

test('a server without analytics is told once', async () => {
  const { phone, server } = begin();
  server.faults = [refuse('InvalidMethod.Format'), refuse('InvalidMethod.Format')];
  const run = phone.open().launch(server.sdk);
  await phone.pass(300000);
  assert.match(run.errors.join(), /^\[SDK\] -- The server has no analytics: [^,]+$/);
  assert.equal(server.sessions.size, 1);
});

test('rejected sessions are dropped, and not sent again', async () => {
  const { phone, server, visit } = begin();
  server.down = true;
  await visit(5000, 31 * DAY);
  server.down = false;
  const run = phone.open().launch(server.sdk);
  await phone.pass(2000);
  assert.deepEqual(server.heard.map((batch) => batch.events.length), [2]);
  assert.deepEqual(phone.stored('queue').sessions, []);
  run.MPAnalyse.pause();
  await phone.pass(0);
  assert.deepEqual(server.durations(), [2000]);
});

test('a running session that is rejected is not sent again either', async () => {
  const { phone, server } = begin();
  server.faults = [() => ({ success: true, result: { serverTime: phone.now, accepted: 0, rejected: [{ index: 0, reason: 'invalid' }] } })];
  const run = phone.open().launch(server.sdk);
  await phone.pass(30000);
  run.MPAnalyse.pause();
  await phone.pass(0);
  assert.equal(server.heard.length, 1);
});

test('what is no answer of the server is none', async () => {
  const time = { serverTime: 1, accepted: 1 };
  const answers = [undefined, null, 'x', {}, { success: true }, { success: true, result: 'x' }, { success: true, result: { accepted: 1 } }];
  answers.push({ success: false, result: time }, { result: time }, { success: true, result: { serverTime: 1 } });
  for (const answer of answers) {
    const { phone, server } = begin();
    server.faults = [() => answer];
    phone.open().launch(server.sdk);
    await phone.pass(40000);
    assert.deepEqual(server.durations(), [0], JSON.stringify(answer));
  }
});

test('many visits go in batches of at most 200', async () => {
  const { phone, server, visit } = begin();
  server.down = true;
  for (let visits = 0; visits < 410; visits += 1) await visit(1000 + visits, 1000);
  server.down = false;
  phone.open().launch(server.sdk);
  await phone.pass(1000);
  assert.ok(server.heard.every((batch) => batch.events.length <= 200));
  assert.deepEqual(server.durations(), [...Array.from({ length: 410 }, (_, n) => 1000 + n), 0]);
  assert.equal(new Set(server.heard.map((batch) => batch.batch)).size, server.heard.length);
});

test('at most 1,000 sessions wait, the newest ones, and it is told how many did not', async () => {
  const phone = new Phone();
  const server = new Server(phone);
  const sessions = Array.from({ length: 1500 }, (_, n) => [phone.now - 1500000 + n * 1000, n + 1, -1]);
  phone.disk.set('mpanalyse.app.queue', JSON.stringify({ offset: 0, dropped: 7, sessions, batch: null }));
  server.down = true;
  const run = phone.open().launch(server.sdk);
  await phone.pass(1000);
  const kept = phone.stored('queue');
  assert.deepEqual([kept.sessions.length, kept.dropped], [1000, 508]);
  assert.ok(phone.disk.get('mpanalyse.app.queue').length < 100000, 'Alipay stores at most 200 KB under a key');
  server.down = false;
  run.MPAnalyse.pause();
  await phone.pass(0);
  assert.deepEqual(server.durations(), [...Array.from({ length: 999 }, (_, n) => n + 502), 1000]);
  assert.equal(run.warnings.length, 1, run.warnings.join());
  assert.match(run.warnings[0], /^\[SDK\] -- 508 sessions were given up/);
  assert.equal(phone.stored('queue').dropped, 0, 'it is not told again');
});

test('a batch that the server cannot read is halved until the bad session is alone', async () => {
  const { phone, server, visit } = begin();
  server.down = true;
  const durations = [1001, 1002, 1003, 1004, 1005, 1006, 1007];
  for (const duration of durations) await visit(duration);
  server.down = false;
  unreadable(server, ({ events }) => events.some((event) => event.duration === 1003));
  phone.open().launch(server.sdk);
  await phone.pass(3600000);
  assert.deepEqual(server.durations().slice(0, -1), durations.filter((duration) => duration !== 1003));
  assert.ok(server.heard.length < 12, `${server.heard.length} requests`);
  assert.ok(!phone.stored('queue').sessions.some((session) => session[1] === 1003), 'it is given up');
});

test('where nothing can be read no session is given up, it is told once, and the waits are long', async () => {
  const { phone, server, visit } = begin();
  server.down = true;
  for (const duration of [1001, 1002, 1003, 1004, 1005]) await visit(duration);
  server.down = false;
  let wrong = true;
  unreadable(server, () => wrong);
  const run = phone.open({ prepare: 'Math.random = () => 0.999999' }).launch(server.sdk);
  await phone.pass(1200000);
  const asked = server.heard.length;
  assert.deepEqual(server.heard.map((batch) => batch.events.length), [6, 3, 2, 1, 1, 1]);
  assert.equal(run.errors.length, 1, run.errors.join());
  assert.match(run.errors[0], /cannot read what this version .* sends \(`platform` is wrong\)/);
  run.MPAnalyse.pause();
  run.MPAnalyse.resume();
  await phone.pass(1000);
  assert.equal(server.heard.length, asked, 'a pause and a return do not ask again');
  await phone.pass(3590000);
  assert.equal(server.heard.length, asked, 'nor does time within the hour');
  assert.equal(run.errors.length, 1);
  wrong = false;
  await phone.pass(15000);
  run.MPAnalyse.pause();
  await phone.pass(0);
  assert.deepEqual(server.durations().slice(0, 5), [1001, 1002, 1003, 1004, 1005]);
  assert.equal(server.durations().length, 6);
});

test('what could not be read in one run is sent by the next', async () => {
  const { phone, server, visit } = begin();
  server.down = true;
  for (const duration of [1001, 1002, 1003]) await visit(duration);
  server.down = false;
  let wrong = true;
  unreadable(server, () => wrong);
  const run = phone.open().launch(server.sdk);
  for (let seconds = 0; seconds < 300; seconds += 10) {
    await phone.pass(10000);
    assert.equal(phone.stored('queue').sessions.length, 4);
  }
  run.kill();
  wrong = false;
  phone.open().launch(server.sdk);
  await phone.pass(1000);
  assert.deepEqual(server.durations().slice(0, 3), [1001, 1002, 1003]);
  assert.equal(server.durations().length, 5);
});

test('sessions that cannot be read do not stop the others, however many they are', async () => {
  const { phone, server, visit } = begin();
  server.down = true;
  for (let bad = 0; bad < 4; bad += 1) await visit(666);
  for (const duration of [1001, 1002]) await visit(duration);
  server.down = false;
  unreadable(server, ({ events }) => events.some((event) => event.duration === 666));
  phone.open({ prepare: 'Math.random = () => 0' }).launch(server.sdk);
  await phone.pass(3600000);
  assert.deepEqual(server.durations().slice(0, -1), [1001, 1002]);
});

test('one running session that cannot be read for a time is not given up', async () => {
  const { phone, server } = begin();
  let wrong = true;
  unreadable(server, () => wrong);
  const run = phone.open().launch(server.sdk);
  await phone.pass(5000);
  wrong = false;
  run.MPAnalyse.pause();
  await phone.pass(0);
  assert.deepEqual(server.durations(), [5000]);
  run.MPAnalyse.resume();
  await phone.pass(4000);
  run.MPAnalyse.pause();
  await phone.pass(0);
  assert.deepEqual(server.durations(), [9000], 'and goes on');
  assert.deepEqual([phone.stored('queue').sessions, run.errors], [[], []]);
});

test('an answer that never comes is given up after a minute', async () => {
  const { phone, server } = begin();
  server.faults = [() => new Promise(() => {})];
  phone.open().launch(server.sdk);
  await phone.pass(60000);
  assert.equal(server.sessions.size, 0);
  await phone.pass(40000);
  assert.deepEqual(server.durations(), [0]);
});

test('two AppKeys share nothing', async () => {
  const { phone, server } = begin();
  server.down = true;
  const run = phone.open().launch(server.sdk, {}, 'one');
  await phone.pass(1000);
  run.kill();
  server.down = false;
  phone.open().launch(server.sdk, {}, 'two');
  await phone.pass(1000);
  assert.deepEqual(server.heard.map((batch) => [batch.appKey, batch.events.length]), [['two', 1]]);
  assert.notEqual(phone.stored('device', 'one').id, phone.stored('device', 'two').id);
});

test('whatever happens, every session is told in the end, once', async () => {
  const seed = Number(process.env.SEED) || (Date.now() % 1000000);
  console.log(`SEED=${seed}`);
  let state = seed;
  const random = () => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return state / 2147483648;
  };
  const phone = new Phone({ kind: random() < 0.5 ? 'alipay' : 'wechat' });
  const server = new Server(phone);
  const expected = [];
  let run = null;
  let session = null;
  let front = false;
  let left = 0;
  const step = async (milliseconds) => {
    server.down = random() < 0.4;
    if (random() < 0.3) server.faults.push(random() < 0.5 ? lost : refuse('InternalError'));
    await phone.pass(milliseconds);
    if (front) session.duration += milliseconds;
  };
  for (let turn = 0; turn < 150; turn += 1) {
    const chance = random();
    if (!run) {
      run = phone.open().launch(server.sdk);
      session = { start: phone.now, duration: 0 };
      expected.push(session);
      front = true;
    } else if (front && chance < 0.6) {
      run.MPAnalyse.pause();
      left = phone.now;
      front = false;
    } else if (!front && chance < 0.7) {
      run.MPAnalyse.resume();
      front = true;
      if (phone.now - left > 30000) expected.push((session = { start: phone.now, duration: 0 }));
    } else if (!front) {
      run.kill();
      run = null;
      await phone.pass(1);
      continue;
    }
    await step(Math.floor(random() * 60000));
  }
  if (front) run.MPAnalyse.pause();
  server.down = false;
  server.faults = [];
  await turns(50);
  phone.open().launch(server.sdk);
  expected.push({ start: phone.now, duration: 0 });
  await phone.pass(2000);
  assert.deepEqual([server.starts(), server.durations()], [expected.map((one) => one.start), expected.map((one) => one.duration)]);
  assert.equal(server.mostInFlight <= 2, true, 'one for each run');
});
