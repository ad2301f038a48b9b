// Files with both SDKs: uploaded, reported, described, downloaded and deleted.
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const Server = require('@alicloud/mpserverless-node-sdk').default;
const { connect, outcome, run } = require('./platform.cjs');

async function download(url, headers) {
  const response = await fetch(url.replace(/^https:/, 'http:'), { headers });
  const body = await response.text();
  return { status: response.status, body, headers: Object.fromEntries(response.headers) };
}

run(async (config) => {
  const file = (name, contents) => {
    const place = path.join(config.folder, name);
    fs.writeFileSync(place, contents);
    return place;
  };
  const { endpoint, spaceId, serverSecret } = config;
  const server = new Server({ endpoint, spaceId, serverSecret, timeout: '30s' });
  const [ann, bob] = [connect(config), connect(config)];
  for (const client of [ann, bob]) await client.user.authorize({ authType: 'anonymous' });

  const picture = file('picture.png', 'a picture');
  const uploaded = await outcome(ann.file.uploadFile({ filePath: picture, headers: { contentDisposition: 'attachment' }, meta: { author: 'ann' } }));
  const named = await outcome(ann.file.uploadFile({ filePath: picture, cloudPath: '相册/a b.png' }));
  const { fileUrl, fileId } = uploaded.ok;
  const result = {
    uploaded,
    named,
    downloaded: await download(fileUrl),
    namedDownloaded: await download(named.ok.fileUrl),
    info: await outcome(bob.file.info([fileId, 'nothing', named.ok.fileUrl], { maxAge: 60 })),
    serverInfo: await outcome(server.file.info(fileId)),
    replacedByOther: await outcome(bob.file.uploadFile({ filePath: picture, cloudPath: '相册/a b.png' })),
    deletedByOther: await outcome(bob.file.deleteFile(fileUrl)),
    wrongType: await outcome(ann.file.uploadFile({ filePath: picture, cloudPath: 'a.exe' })),
    wrongName: await outcome(ann.file.uploadFile({ filePath: picture, cloudPath: '../a.png' })),
    deleted: await outcome(ann.file.deleteFile(fileUrl)),
    gone: await download(fileUrl),
    infoGone: await outcome(bob.file.info(fileId)),
  };

  const report = file('report.pdf', 'a report');
  const byServer = await outcome(server.file.uploadFile({ filePath: report, cloudPath: 'reports/1.pdf', headers: { cacheControl: 'max-age=60' } }));
  const byBuffer = await outcome(server.file.uploadFile({ fileBuffer: Buffer.from('held'), fileName: 'note.txt' }));
  return {
    ...result,
    byServer,
    byBuffer,
    serverDownloaded: await download(byServer.ok.fileUrl, { range: 'bytes=2-' }),
    bufferDownloaded: await download(byBuffer.ok.fileUrl),
    serverWrongType: await outcome(server.file.uploadFile({ fileBuffer: Buffer.from('x'), fileName: 'a.exe' })),
    serverDeleted: await outcome(server.file.deleteFile({ fileUrl: byServer.ok.fileUrl })),
    serverGone: await download(byServer.ok.fileUrl),
  };
});
