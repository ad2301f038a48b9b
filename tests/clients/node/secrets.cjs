// Tries the server SDK with several private keys of one space.
'use strict';

const MPServerless = require('@alicloud/mpserverless-node-sdk').default;
const { outcome, run } = require('./platform.cjs');

run(async ({ endpoint, spaceId, serverSecrets }) => {
  const tried = [];
  for (const serverSecret of serverSecrets) {
    const cloud = new MPServerless({ endpoint, spaceId, serverSecret, timeout: '30s' });
    tried.push(await outcome(cloud.db.collection('anything').count({})));
  }
  return { tried };
});
