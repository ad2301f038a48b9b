// The channel of the first launch.
'use strict';

const assert = require('node:assert/strict');
const test = require('node:test');

const channel = require('../lib/channel');
const { Phone, Server } = require('./simulation.cjs');

for (const [param, name] of [
  [undefined, ''],
  [null, ''],
  ['sdk_channel=x', ''],
  [{}, ''],
  [{ scene: 'sdk_channel=x' }, ''],
  [{ query: null }, ''],
  [{ query: {} }, ''],
  [{ query: { sdk_channel: 'test' } }, 'test'],
  [{ query: { sdk_channel: 7 } }, '7'],
  [{ query: { sdk_channel: {} } }, ''],
  [{ query: { sdk_channel: ' test ' } }, 'test'],
  [{ query: { sdk_channel: '%E6%B8%A0%E9%81%93' } }, '渠道'],
  [{ query: { sdk_channel: '100%' } }, '100%'],
  [{ query: 'a=1&sdk_channel=test&b=2' }, 'test'],
  [{ query: '?sdk_channel=%E6%B8%A0' }, '渠'],
  [{ query: 'xsdk_channel=test' }, ''],
  [{ query: 'a=1' }, ''],
  [{ sdk_channel: 'direct' }, 'direct'],
  [{ query: {}, sdk_channel: 'direct' }, 'direct'],
  [{ query: { sdk_channel: 'query' }, sdk_channel: 'direct' }, 'query'],
  [{ query: { scene: 'sdk_channel%3Dposter' } }, 'poster'],
  [{ query: { scene: 'a%3D1%26sdk_channel%3Dposter' } }, 'poster'],
  [{ query: { q: 'https%3A%2F%2Fexample.test%2Fp%3Fsdk_channel%3Dshop%26a%3D1%23x' } }, 'shop'],
  [{ query: { qrCode: 'https://example.test/p?sdk_channel=shop' } }, 'shop'],
  [{ query: { sdk_channel: 'a\u0000\nb\u007f\u0085' } }, 'ab'],
  [{ query: { sdk_channel: 'a\ud800b' } }, 'ab'],
  [{ query: { sdk_channel: ' \u0000 a \u0007 ' } }, 'a'],
  [{ query: { sdk_channel: ' \u0000 ' }, sdk_channel: 'direct' }, 'direct'],
  [{ query: { sdk_channel: `${'x'.repeat(32)}${'%00%C2%85'.repeat(40)}${'y'.repeat(32)}` } }, `${'x'.repeat(32)}${'y'.repeat(32)}`],
  [{ query: { sdk_channel: 'x'.repeat(65) } }, 'x'.repeat(64)],
  [{ query: { sdk_channel: '渠'.repeat(22) } }, '渠'.repeat(21)],
  [{ query: { sdk_channel: `${'x'.repeat(61)}😀` } }, 'x'.repeat(61)],
  [{ query: { sdk_channel: `${'x'.repeat(60)}😀` } }, `${'x'.repeat(60)}😀`],
]) {
  test(`of ${JSON.stringify(param)} it is "${name}"`, () => assert.equal(channel.of(param), name));
}

for (const kind of ['alipay', 'wechat']) {
  test(`the first launch decides for ever, on ${kind}`, async () => {
    const phone = new Phone({ kind });
    const server = new Server(phone);
    for (const name of ['first', 'second']) {
      const run = phone.open().launch(server.sdk, { query: { sdk_channel: name } });
      await phone.pass(1000);
      run.kill();
      await phone.pass(1000);
    }
    assert.deepEqual(server.heard.map((batch) => batch.events[0].channel), ['first', 'first']);
  });
}

test('a first launch without a channel has none for ever', async () => {
  const phone = new Phone();
  const server = new Server(phone);
  phone.open().launch(server.sdk).kill();
  phone.open().launch(server.sdk, { query: { sdk_channel: 'late' } });
  await phone.pass(1000);
  assert.deepEqual(server.heard[0].events.map((event) => 'channel' in event), [false, false]);
});

test('a channel that was kept in another form is sent in the right one', async () => {
  const phone = new Phone();
  const server = new Server(phone);
  phone.disk.set('mpanalyse.app.device', JSON.stringify({ id: 'd', channel: `${'x'.repeat(63)}\n${'y'.repeat(9)}` }));
  phone.open().launch(server.sdk);
  await phone.pass(1000);
  assert.deepEqual([server.heard[0].device, server.heard[0].events[0].channel], ['d', `${'x'.repeat(63)}y`]);
});
