'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const test = require('node:test');
const vm = require('node:vm');

const folder = path.join(__dirname, '..');

/** The package in an engine of its own, with or without proxies. */
function load({ proxies = true } = {}) {
  const context = vm.createContext({});
  if (!proxies) vm.runInContext('delete globalThis.Proxy; delete globalThis.Reflect', context);
  const loaded = {};
  const require = (file) => {
    if (loaded[file]) return loaded[file].exports;
    const module = (loaded[file] = { exports: {} });
    const text = fs.readFileSync(file, 'utf8');
    vm.runInContext(`(function (module, exports, require) {${text}\n})`, context, { filename: file })(module, module.exports, (name) =>
      require(path.join(path.dirname(file), `${name}.js`)),
    );
    return module.exports;
  };
  return { cloud: require(path.join(folder, 'index.js')) };
}

/** An object of the SDK that remembers what it was asked, and answers it. */
function sdk(reply = (params) => ({ requestId: 'r', success: true, result: { code: '10000' }, asked: params })) {
  const sent = [];
  const forward = async (method, params) => {
    sent.push({ method, params: JSON.parse(JSON.stringify(params)) });
    return { success: true, result: reply(params) };
  };
  return { network: { forward }, sent };
}

const plain = (value) => JSON.parse(JSON.stringify(value));

/** The leaves of a tree of functions. */
function leaves(node, at = '') {
  return Object.keys(node).flatMap((name) => (typeof node[name] === 'function' ? [at + name] : leaves(node[name], `${at}${name}.`)));
}

const MANUAL = [
  'base.oauth.getToken', 'base.oauth.refreshToken', 'base.qrcode.create', 'marketing.templateMessge.send', 'marketing.templateMessage.send',
  'member.identification.init', 'member.identification.certify', 'member.identification.query', 'payment.common.create',
  'payment.common.query', 'payment.common.refund', 'payment.common.close', 'payment.common.cancel', 'payment.huabei.create',
  'payment.faceToFace.pay', 'security.textRisk.detect', 'fund.transferAccount.transfer', 'fund.transferAccount.query',
  'fund.transferBankcard.transfer', 'fund.transferBankcard.query', 'fund.b2cRedPacket.send', 'fund.b2cRedPacket.query', 'util.generic.execute',
];
const ALIASES = { 'mini.sendTemplateMessage': 'marketing.templateMessage.send', 'mini.detectRiskContent': 'security.textRisk.detect' };

for (const proxies of [true, false]) {
  const where = proxies ? 'with proxies' : 'without proxies';

  test(`every API of the manual can be called, ${where}`, async () => {
    const { cloud } = load({ proxies });
    const names = leaves(cloud).filter((name) => name !== 'init');
    assert.deepEqual([...names].sort(), [...MANUAL, 'util.openData.decrypt', ...Object.keys(ALIASES)].sort());
    const of = sdk();
    cloud.init(of);
    for (const name of names) {
      const reply = await name.split('.').reduce((node, part) => node[part], cloud)({ a: 1 }, { b: 2 });
      assert.equal(reply.requestId, 'r');
      assert.deepEqual(of.sent.pop(), { method: 'serverless.cloudcall.invoke', params: { api: ALIASES[name] ?? name, args: [{ a: 1 }, { b: 2 }] } });
    }
  });

  test(`before init every call ends with SYS_INIT, ${where}`, async () => {
    const { cloud } = load({ proxies });
    await assert.rejects(cloud.payment.common.create({}), { name: 'CloudError', code: 'SYS_INIT', message: 'cloud.init was not called' });
    for (const nothing of [undefined, null, {}, { network: {} }, 'x']) assert.throws(() => cloud.init(nothing), { code: 'INVALID_PARAM' });
    await assert.rejects(cloud.payment.common.create({}), { code: 'SYS_INIT' });
  });
}

test('names that are not listed reach the server where there are proxies', async () => {
  const refusing = { network: { forward: () => Promise.reject({ code: 'FEATURE_NOT_SUPPORT', message: 'no adapter has cloud.payment.creat' }) } };
  const { cloud } = load();
  await assert.rejects(cloud.payment.creat({}), { code: 'SYS_INIT' });
  cloud.init(refusing);
  for (const call of [() => cloud.payment.creat({}), () => cloud.other.deep.api(), () => cloud.sms()]) {
    await assert.rejects(call(), { code: 'FEATURE_NOT_SUPPORT' });
  }
  const of = sdk();
  cloud.init(of);
  await cloud.other.deep.api(1);
  assert.deepEqual(of.sent, [{ method: 'serverless.cloudcall.invoke', params: { api: 'other.deep.api', args: [1] } }]);
  assert.equal(load({ proxies: false }).cloud.payment.creat, undefined);
});

test('nothing is called by a look at it', async () => {
  const { cloud } = load();
  const of = sdk();
  cloud.init(of);
  assert.equal(await cloud, cloud);
  assert.equal(typeof (await cloud.other), 'function');
  JSON.stringify({ cloud, part: cloud.payment, unknown: cloud.other.deep });
  require('node:util').inspect({ cloud, unknown: cloud.other }, { depth: 9 });
  assert.throws(() => [...cloud.payment], TypeError);
  assert.throws(() => [...cloud.other], TypeError);
  assert.match(`${cloud.other}${typeof cloud.other.then}`, /function/);
  await new Promise(setImmediate);
  assert.deepEqual(of.sent, []);
});

test('all styles pass as they are', async () => {
  const { cloud } = load();
  const of = sdk();
  cloud.init(of);
  for (const args of [[{ outTradeNo: 7, totalAmount: 0.1 }], ['电', 7, '0.10', null], [{ a: 1 }, { notify: { url: 'u' } }], [], [null], ['a', [1]]]) {
    await cloud.payment.common.create(...args);
    assert.deepEqual(of.sent.pop().params.args, plain(args));
  }
});

test('options of init are those of calls that have no others', async () => {
  const { cloud } = load();
  const of = sdk();
  cloud.init(of, { notify: { url: 'https://a' }, appAuthToken: 't' });
  const defaults = { notify: { url: 'https://a' }, appAuthToken: 't' };
  const ask = async (...args) => (await cloud.payment.common.refund(...args), of.sent.pop().params.args);
  assert.deepEqual(await ask({ outTradeNo: '1' }), [{ outTradeNo: '1' }, defaults]);
  assert.deepEqual(await ask({ outTradeNo: '1' }, { notify: { function: 'f' } }), [{ outTradeNo: '1' }, { notify: { url: 'https://a', function: 'f' }, appAuthToken: 't' }]);
  assert.deepEqual(await ask({ outTradeNo: '1' }, { appAuthToken: 'u' }), [{ outTradeNo: '1' }, { ...defaults, appAuthToken: 'u' }]);
  assert.deepEqual(await ask({ outTradeNo: '1' }, 5), [{ outTradeNo: '1' }, 5], 'the server refuses it');
  assert.deepEqual(await ask('1', 2), [{ outTradeNo: '1', refundAmount: 2 }, defaults]);
  assert.deepEqual(await ask('1', 2, undefined, 'r', { platform: 'alipay' }), [
    { outTradeNo: '1', refundAmount: 2, outRequestNo: null, refundReason: 'r' },
    { ...defaults, platform: 'alipay' },
  ]);
  assert.deepEqual(await ask(1, 2, 3, 4, {}, 6), [1, 2, 3, 4, {}, 6], 'too many: the server says so');
  assert.deepEqual(defaults, { notify: { url: 'https://a' }, appAuthToken: 't' });
});

test('what cannot be sent is refused', async () => {
  const { cloud } = load();
  const of = sdk();
  cloud.init(of);
  const ring = {};
  ring.ring = ring;
  for (const wrong of [{ outTradeNo: 1n }, ring]) await assert.rejects(cloud.payment.common.query(wrong), { code: 'INVALID_PARAM' });
  assert.deepEqual(of.sent, []);
});

test('errors of the server have their code and message', async () => {
  const { cloud } = load();
  const failing = (reason) => cloud.init({ network: { forward: () => Promise.reject(reason) } });
  failing({ code: 'AppNotFound', message: 'none' });
  const error = await cloud.base.oauth.getToken('c').catch((caught) => caught);
  assert.equal(Object.prototype.toString.call(error), '[object Error]');
  assert.deepEqual(plain(error), { name: 'CloudError', code: 'AppNotFound', message: 'none' });
  failing({ code: 'InvalidMethod.Format', message: 'no such method' });
  await assert.rejects(cloud.base.oauth.getToken('c'), { code: 'FEATURE_NOT_SUPPORT', message: 'cloud.base.oauth.getToken needs a plugin for cloud calls, and the server has none' });
  const own = Object.assign(new Error('no network'), { code: 'InterfaceRequestError' });
  failing(own);
  assert.equal(await cloud.base.oauth.getToken('c').catch((caught) => caught), own, "the SDK's errors are left alone");
  cloud.init({ network: { forward: () => { throw own; } } });
  assert.equal(await cloud.base.oauth.getToken('c').catch((caught) => caught), own);
});

test('an answer that looks like one of the database is found', async () => {
  const { cloud } = load();
  const merged = { success: true, requestId: 'r', result: { code: '10000' }, affectedDocs: 1 };
  cloud.init({ network: { forward: async () => merged } });
  assert.equal(await cloud.util.generic.execute('m', {}), merged);
});

test('objects of other SDKs are used by their transport', async () => {
  const { cloud } = load();
  const fields = [];
  const transport = {
    getEncoder: () => ({ setBodyField: (field) => fields.push(plain(field)) }),
    request: async () => ({ body: { success: true, result: { code: '1' } } }),
  };
  for (const object of [{ transport }, { function: { transport } }]) {
    cloud.init(object);
    assert.deepEqual(plain(await cloud.security.textRisk.detect('x')), { code: '1' });
    assert.deepEqual(fields.pop(), { method: 'serverless.cloudcall.invoke', params: { api: 'security.textRisk.detect', args: ['x'] } });
  }
});

test('what is shipped is ES5 and can be imported both ways', async () => {
  const files = JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8')).files;
  for (const file of ['index.js', ...fs.readdirSync(path.join(folder, 'lib')).map((name) => `lib/${name}`)]) {
    const code = fs.readFileSync(path.join(folder, file), 'utf8').replace(/\/\*[^]*?\*\/|\/\/.*|'[^'\n]*'/g, '');
    assert.doesNotMatch(code, /=>|`|\b(const|let|class|async|await)\b|\.\.\.|\?\.|\?\?|\*\*/, file);
    assert.ok(files.includes(file) || files.includes(file.split('/')[0]), file);
  }
  const required = require(folder);
  const imported = await import(path.join(folder, 'index.mjs'));
  assert.equal(imported.default, required);
  assert.equal(required.default, required);
  assert.equal(required.__esModule, true);
});
