// Calls methods of plugins that the SDK has no function for.
'use strict';

const { connect, outcome, run } = require('./platform.cjs');

run(async (config) => {
  const cloud = connect(config);
  await cloud.user.authorize({ authType: 'anonymous' });
  const forwarded = [];
  for (const { method, params } of config.forward) forwarded.push(await outcome(cloud.network.forward(method, params)));
  return { forwarded };
});
