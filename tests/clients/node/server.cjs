// The server SDK with its RSA key: database, functions, and acting for a user.
'use strict';

const crypto = require('node:crypto');
const MPServerless = require('@alicloud/mpserverless-node-sdk').default;
const { outcome, run } = require('./platform.cjs');

function connect(config, more = {}) {
  const { endpoint, spaceId, serverSecret } = config;
  return new MPServerless({ endpoint, spaceId, serverSecret, timeout: '30s', ...more });
}

run(async (config) => {
  const cloud = connect(config);
  const notes = cloud.db.collection('notes');
  const due = new Date('2026-01-02T03:04:05.678Z');
  const inserted = await notes.insertOne({ title: '标题', n: 1, due });
  const many = await notes.insertMany([{ n: 2 }, { n: 3 }]);
  const found = await notes.find({ n: { $gte: 1 } }, { sort: { n: 1 } });
  const updated = await notes.updateMany({ n: { $lt: 3 } }, { $set: { old: true } });
  const one = await notes.findOne({ old: true, n: 1 });
  const counted = await notes.count({ old: true });
  const deleted = await notes.deleteOne({ n: 3 });
  const left = await notes.count({});

  const pkcs1 = crypto.createPrivateKey(config.serverSecret).export({ type: 'pkcs1', format: 'pem' });
  const foreign = crypto.generateKeyPairSync('rsa', { modulusLength: 2048, privateKeyEncoding: { type: 'pkcs8', format: 'pem' }, publicKeyEncoding: { type: 'spki', format: 'pem' } });
  return {
    inserted,
    many,
    found,
    dateSurvives: found.result[0].due instanceof Date && found.result[0].due.getTime() === due.getTime(),
    updated,
    one,
    counted,
    deleted,
    left,
    invoked: await outcome(cloud.function.invoke('hello', { name: 'server' })),
    threw: await outcome(cloud.function.invoke('throws', {})),
    anybody: await outcome(cloud.function.invoke('whoami', {})),
    user: await outcome(cloud.setUserId('user-1').function.invoke('whoami', {})),
    userReads: await outcome(cloud.setUserId('user-1').db.collection('notes').count({})),
    pkcs1: await outcome(connect(config, { serverSecret: pkcs1 }).db.collection('notes').count({})),
    foreignKey: await outcome(connect(config, { serverSecret: foreign.privateKey }).db.collection('notes').count({})),
    traced: await outcome(connect(config, { requestId: 'trace-1' }).db.collection('notes').count({})),
  };
});
