// Lets a token expire and calls on: the SDK authorizes again and repeats the calls.
'use strict';

const { connect, exchanges, outcome, run, waitUntilRefused } = require('./platform.cjs');

run(async (config) => {
  const cloud = connect(config);
  await cloud.user.authorize({ authType: 'anonymous' });
  const old = exchanges[0].reply.data.accessToken;
  const refusal = await waitUntilRefused(config, old);
  exchanges.length = 0;
  const calls = Array.from({ length: config.calls }, (_, n) => outcome(cloud.function.invoke('hello', { name: `caller ${n}` })));
  return { refusal, old, results: await Promise.all(calls), exchanges };
});
