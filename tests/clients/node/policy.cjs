// What two users may do in collections with different rules.
'use strict';

const { connect, outcome, run } = require('./platform.cjs');

async function user(config) {
  const cloud = connect(config);
  await cloud.user.authorize({ authType: 'anonymous' });
  const profile = await cloud.user.getInfo({ authType: 'anonymous' });
  return { id: profile.result.user.userId, db: cloud.db };
}

async function tryOut(name, one, other) {
  const mine = one.db.collection(name);
  const theirs = other.db.collection(name);
  return {
    inserted: await outcome(mine.insertOne({ _id: 'one', n: 1, auth: { userId: other.id } })),
    otherInserted: await outcome(theirs.insertMany([{ _id: 'other', n: 2 }])),
    found: await outcome(mine.find({}, { sort: { n: 1 }, projection: { _id: 0, n: 1 } })),
    foundOne: await outcome(mine.findOne({ _id: 'other' })),
    counted: await outcome(mine.count({})),
    joined: await outcome(
      one.db.collection('people').aggregate([
        { $lookup: { from: name, localField: 'n', foreignField: 'n', as: 'all' } },
        { $unwind: '$all' },
        { $sort: { n: 1 } },
        { $project: { _id: 0, n: 1 } },
      ]),
    ),
    updated: await outcome(mine.updateOne({ _id: 'one' }, { $set: { n: 10 } })),
    updatedOther: await outcome(mine.updateMany({ _id: 'other' }, { $set: { n: 20 } })),
    forged: await outcome(mine.updateOne({ _id: 'one' }, { $set: { 'auth.userId': other.id } })),
    renamed: await outcome(mine.updateOne({ _id: 'one' }, { $rename: { auth: 'was' } })),
    replaced: await outcome(mine.replaceOne({ _id: 'one' }, { n: 11, auth: { userId: other.id } })),
    took: await outcome(mine.findOneAndUpdate({ _id: 'other' }, { $set: { n: 21 } })),
    upserted: await outcome(mine.updateOne({ _id: 'other' }, { $set: { n: 22 } }, { upsert: true })),
    written: await outcome(mine.aggregate([{ $out: name }])),
    deletedOther: await outcome(mine.deleteOne({ _id: 'other' })),
  };
}

run(async (config) => {
  const [one, other] = [await user(config), await user(config)];
  const tried = {};
  for (const name of config.collections) tried[name] = await tryOut(name, one, other);
  return { one: one.id, other: other.id, tried };
});
