// What two users may do with files under a space's rules.
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const Server = require('@alicloud/mpserverless-node-sdk').default;
const { connect, outcome, run } = require('./platform.cjs');

async function status(url) {
  return (await fetch(url.replace(/^https:/, 'http:'))).status;
}

/** What one call described, by the names of the files. */
function urls(info) {
  return Object.fromEntries(info.map((file) => [file.name.split('/').pop(), file.url]));
}

run(async (config) => {
  const { endpoint, spaceId, serverSecret, names } = config;
  const picture = path.join(config.folder, 'picture.jpg');
  fs.writeFileSync(picture, 'a picture');
  const [ann, bob] = [connect(config), connect(config)];
  for (const client of [ann, bob]) await client.user.authorize({ authType: 'anonymous' });
  const server = new Server({ endpoint, spaceId, serverSecret, timeout: '30s' });

  const put = (client, cloudPath) => outcome(client.file.uploadFile({ filePath: picture, cloudPath }));
  const uploaded = {};
  for (const name of names) uploaded[name] = await put(ann, name);
  const ids = Object.values(uploaded).flatMap((reply) => (reply.ok ? [reply.ok.fileId] : []));
  const seen = { ann: urls(await ann.file.info(ids)), bob: urls(await bob.file.info(ids)) };
  const result = { uploaded, seen, downloaded: {}, byUrlOfInfo: {}, replaced: {}, deleted: {}, deletedByOwner: {} };
  for (const name of names.filter((name) => uploaded[name].ok)) {
    const { fileUrl } = uploaded[name].ok;
    result.downloaded[name] = await status(fileUrl);
    result.byUrlOfInfo[name] = await status(seen.ann[name.split('/').pop()]);
    result.replaced[name] = await put(bob, name);
    result.deleted[name] = await outcome(bob.file.deleteFile(fileUrl));
    result.deletedByOwner[name] = await outcome(ann.file.deleteFile(fileUrl));
  }
  const [first] = names.filter((name) => !uploaded[name].ok);
  result.byServer = await outcome(server.file.uploadFile({ filePath: picture, cloudPath: first }));
  result.shownToServer = (await server.file.info(result.byServer.ok.fileId)).result.length;
  result.shownToBob = (await bob.file.info(result.byServer.ok.fileId)).length;
  return result;
});
