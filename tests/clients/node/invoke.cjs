// Signs in anonymously, asks who that is, and invokes functions.
'use strict';

const { connect, outcome, run } = require('./platform.cjs');

run(async (config) => {
  const cloud = connect(config);
  const authorized = await cloud.user.authorize({ authType: 'anonymous' });
  const profile = await cloud.user.getInfo({ authType: 'anonymous' });
  const invoked = [];
  for (const { name, args } of config.invoke) invoked.push(await outcome(cloud.function.invoke(name, args)));
  return { authorized, profile, invoked };
});
