'use strict';

// Keeps a note, and answers with it and with how many there are.
module.exports = async (ctx) => {
  const notes = ctx.mpserverless.db.collection('notes');
  const text = String(ctx.args.text || 'a note');
  const inserted = await notes.insertOne({ text, createdAt: new Date() });
  const found = await notes.findOne({ _id: inserted.result.insertedId });
  const counted = await notes.count({});
  return { note: found.result, notes: counted.result };
};
