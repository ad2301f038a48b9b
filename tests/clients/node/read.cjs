// Reads a collection with the client SDK, and tries to write it.
'use strict';

const { connect, outcome, run } = require('./platform.cjs');

run(async (config) => {
  const cloud = connect(config);
  await cloud.user.authorize({ authType: 'anonymous' });
  const tasks = cloud.db.collection('tasks');
  const found = await outcome(tasks.find({ done: false }, { sort: { n: -1 }, limit: 2, projection: { _id: 0, n: 1, due: 1 } }));
  const dates = (found.ok?.result ?? []).map((task) => task.due instanceof Date);
  return {
    found,
    dates,
    one: await outcome(tasks.findOne({ n: 1 })),
    none: await outcome(tasks.findOne({ n: 100 })),
    count: await outcome(tasks.count({})),
    written: await outcome(tasks.insertOne({ n: 9 })),
    deleted: await outcome(tasks.deleteMany({ n: 1 })),
  };
});
