// Lives of phones with the package of clients/analyse and the SDK for clients, against a server. The phones' clocks are
// simulated, requests are real.
'use strict';

const net = require('node:net');
const MPServerless = require('@alicloud/mpserverless-sdk');
const { DAY, Phone, turns } = require('../../../clients/analyse/test/simulation.cjs');
const { run } = require('./platform.cjs');

const HOUR = 3600000;
const MINUTE = 60000;

/** A port that nothing listens on. */
function closedPort() {
  return new Promise((resolve) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** A phone whose network is `up`, `down` (nothing listens where it sends to) or `deaf` (no answer to what is collected). */
function connected(config, kind, nowhere) {
  const phone = new Phone({ kind });
  phone.network = 'up';
  phone.collected = 0;
  let waiting = 0;
  async function exchange({ url, headers, header, data }) {
    const { method } = data;
    const target = phone.network === 'down' ? `http://127.0.0.1:${nowhere}/client` : url;
    const deaf = phone.network === 'deaf' && method === 'analytics.collect';
    if (method === 'analytics.collect' && phone.network !== 'down') phone.collected += 1;
    try {
      const reply = await fetch(target, { method: 'POST', headers: { ...headers, ...header }, body: JSON.stringify(data) });
      const body = JSON.parse(await reply.text());
      const replyHeaders = Object.fromEntries(reply.headers);
      if (deaf) return { errMsg: 'request:fail timeout' };
      return { data: body, status: reply.status, statusCode: reply.status, header: replyHeaders, headers: replyHeaders };
    } catch {
      return { errMsg: 'request:fail' };
    }
  }
  phone.runtime.request = async (options) => {
    waiting += 1;
    const reply = await exchange(options);
    waiting -= 1;
    options.complete(reply);
  };
  for (const name of ['uploadFile', 'getFileInfo', 'getImageInfo']) phone.runtime[name] = () => {};
  phone.outside = async () => {
    do await turns(20);
    while (waiting > 0);
  };

  /** A run of the app: `signIn` tells whether it signs its user in, `appKey` is another than the app's. */
  phone.start = ({ platformParam, signIn = true, appKey = config.appKey } = {}) => {
    const { spaceId, clientSecret, endpoint } = config;
    const mpServerless = new MPServerless(phone.runtime, { appId: 'test-app', spaceId, clientSecret, endpoint, timeout: '30s' });
    const started = phone.open().launch(mpServerless, platformParam, appKey);
    if (signIn) mpServerless.user.authorize({ authType: 'anonymous' }).catch(() => {});
    return started;
  };
  return phone;
}

async function visit(phone, milliseconds, options) {
  const app = phone.start(options);
  await phone.pass(milliseconds);
  app.MPAnalyse.pause();
  await phone.pass(0);
  return app;
}

run(async (config) => {
  const nowhere = await closedPort();
  const midnight = Math.floor((Date.now() + config.zoneHours * HOUR) / DAY) * DAY - config.zoneHours * HOUR;
  const at = (day, hour) => midnight + day * DAY + hour * HOUR;
  const said = [];

  // Alipay: two days without a network, then an answer that is lost.
  const alipay = connected(config, 'alipay', nowhere);
  alipay.network = 'down';
  alipay.now = at(-3, 10);
  let app = alipay.start({ platformParam: { query: { sdk_channel: 'spring' } } });
  await alipay.pass(120000);
  app.MPAnalyse.pause();
  await alipay.pass(30000);
  app.MPAnalyse.resume();
  await alipay.pass(15000);
  app.MPAnalyse.pause();
  await alipay.pass(30001);
  app.MPAnalyse.resume();
  await alipay.pass(45000);
  app.MPAnalyse.pause();
  await alipay.pass(0);
  app.kill();
  alipay.now = at(-2, 10);
  app = alipay.start({ platformParam: { query: 'sdk_channel=autumn' } });
  await alipay.pass(25000);
  app.kill();
  const collectedOffline = alipay.collected;
  alipay.network = 'deaf';
  alipay.now = Date.now();
  app = alipay.start();
  await alipay.pass(2000);
  const unheard = alipay.collected;
  alipay.network = 'up';
  await alipay.pass(38000);
  app.MPAnalyse.pause();
  await alipay.pass(0);
  said.push(...app.logs, ...app.errors);
  app.kill();

  // WeChat, in an app that never signs its users in: a day without a network, and kills.
  const wechat = connected(config, 'wechat', nowhere);
  wechat.network = 'down';
  wechat.now = at(-3, 12);
  (await visit(wechat, 200000, { signIn: false })).kill();
  wechat.network = 'up';
  wechat.now = Date.now() - 2 * MINUTE;
  app = await visit(wechat, 60000, { signIn: false });
  said.push(...app.logs, ...app.errors);
  app.kill();
  await wechat.pass(5000);
  app = wechat.start({ signIn: false });
  await wechat.pass(33000);
  app.kill();
  await wechat.pass(5000);
  app = wechat.start({ signIn: false });
  await wechat.pass(40000);
  app.kill();

  // A phone whose clock is more than a year late.
  const late = connected(config, 'alipay', nowhere);
  late.now = Date.now() - 400 * DAY;
  (await visit(late, 50000, { platformParam: { query: { sdk_channel: 'spring' } } })).kill();

  // An AppKey that nobody has.
  const lost = connected(config, 'wechat', nowhere);
  lost.now = Date.now();
  const unknown = await visit(lost, 100000, { appKey: 'nobodys' });

  const waiting = [alipay, wechat, late].map((phone) => phone.stored('queue', config.appKey).sessions.length);
  const day = (offset) => new Date(midnight + offset * DAY + config.zoneHours * HOUR).toISOString().slice(0, 10);
  return {
    days: [-3, -2, -1, 0].map(day),
    said,
    unknown: { errors: unknown.errors, collected: lost.collected },
    collectedOffline,
    unheard,
    waiting,
  };
});
