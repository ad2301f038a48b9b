// Makes cloud calls with the package of clients/cloud, through the SDK for clients and the one for servers.
'use strict';

const ServerSDK = require('@alicloud/mpserverless-node-sdk').default;
const cloud = require('../../../clients/cloud');
const { connect, outcome, run } = require('./platform.cjs');

async function makeCalls(calls) {
  const made = [];
  for (const { api, args } of calls) made.push(await outcome(api.split('.').reduce((node, name) => node[name], cloud)(...args)));
  return made;
}

run(async (config) => {
  const early = await outcome(cloud.payment.common.create({}));
  const mpserverless = connect(config);
  cloud.init(mpserverless);
  const unauthorized = await outcome(cloud.security.textRisk.detect('x'));
  const authorized = await mpserverless.user.authorize(config.authorize);
  const client = await makeCalls(config.calls);
  const { endpoint, spaceId, serverSecret } = config;
  cloud.init(new ServerSDK({ endpoint, spaceId, serverSecret, timeout: '30s' }), config.options);
  return { early, unauthorized, authorized, client, server: await makeCalls(config.serverCalls ?? []) };
});
