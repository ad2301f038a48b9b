'use strict';

// Three calls of the database, one after the other.
module.exports = async (ctx) => {
  const { id, n } = ctx.args;
  const documents = ctx.mpserverless.db.collection('documents');
  const { result: found } = await documents.findOne({ _id: id });
  await documents.updateOne({ _id: id }, { $inc: { views: 1 } });
  const { result: page } = await documents.find({ n: { $gte: n, $lt: n + 5 } }, { sort: { n: 1 }, limit: 5 });
  return { title: found.title, count: page.length };
};
