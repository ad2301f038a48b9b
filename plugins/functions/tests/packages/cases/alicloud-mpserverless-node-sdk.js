// The server SDK against a gateway that checks its RSA-MD5 signature: database, function, user, errors.
const { default: MPServerless } = require('@alicloud/mpserverless-node-sdk');

module.exports = async (ctx) => {
  const mp = new MPServerless({ spaceId: 'space-1', serverSecret: ctx.args.rsaPrivateKey, endpoint: ctx.args.url, timeout: '5s', token: 'tok' });
  const found = await mp.db.collection('users').find({ age: { $gt: 18 }, at: new Date(0) }, { limit: 2, sort: { age: -1 } });
  const bad = (call) => Promise.resolve().then(call).then(() => 'no error', (error) => [error.name, error.code, error.message]);
  const other = new MPServerless({ spaceId: 'space-1', serverSecret: ctx.args.rsaPrivateKeyPkcs1, endpoint: ctx.args.url });
  return {
    found, date: found.result[0].at instanceof Date, inserted: await mp.db.collection('users').insertOne({ name: '小明', tags: ['a'] }),
    invoked: await mp.function.invoke('hello', { n: 1 }), failed: await bad(() => mp.function.invoke('broken')),
    checked: await bad(() => mp.db.collection('users').insertMany([])),
    operator: await bad(() => mp.db.collection('users').insertOne({ 'a.b': 1 })),
    asUser: (await mp.setUserId('u1').user.getInfo({ authProvider: 'x' })), pkcs1: (await other.function.invoke('hello', {})).success,
    version: mp.version, missing: await bad(() => new MPServerless({ spaceId: 'a', endpoint: 'http://x' })),
  };
};
