// Node.js in a function of another cloud: gzip replies, and the billing report that is ignored.
'use strict';

process.env.FC_FUNCTION_NAME = 'outside';
const MPServerless = require('@alicloud/mpserverless-node-sdk').default;
const { outcome, run } = require('./platform.cjs');

run(async (config) => {
  const { endpoint, spaceId, serverSecret } = config;
  const cloud = new MPServerless({ endpoint, spaceId, serverSecret, timeout: '30s' });
  const long = await outcome(cloud.function.invoke('hello', { name: 'x'.repeat(20000) }));
  return { length: long.ok?.result?.message?.length, long: long.error, report: await outcome(cloud.user.report({ n: 1 })) };
});
