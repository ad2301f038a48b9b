// Making and reading archives: names, folders, compression, comments, streams, wrong input.
const JSZip = require('jszip');

module.exports = async (ctx) => {
  const date = new Date(Date.UTC(2024, 0, 1));
  const zip = new JSZip();
  zip.file('readme.txt', '说明'.repeat(100), { date });
  zip.file('数据/a.json', JSON.stringify({ a: 1 }), { date, comment: 'c' });
  zip.folder('empty', { date });
  zip.file('raw.bin', Buffer.from([0, 255, 1]), { date, binary: true });
  zip.file('later.txt', Promise.resolve('late'), { date });
  const bytes = await zip.generateAsync({ type: 'nodebuffer', compression: 'DEFLATE', compressionOptions: { level: 6 } });
  const read = await JSZip.loadAsync(bytes, { checkCRC32: true });
  const chunks = [];
  await new Promise((resolve, reject) => zip.generateNodeStream({ streamFiles: true, compression: 'STORE' }).on('data', (chunk) => chunks.push(chunk)).on('end', resolve).on('error', reject));
  const streamed = await JSZip.loadAsync(Buffer.concat(chunks));
  const base64 = await zip.generateAsync({ type: 'base64' });
  return {
    names: Object.keys(read.files).sort(), text: (await read.file('readme.txt').async('string')).length,
    json: JSON.parse(await read.file('数据/a.json').async('text')), raw: [...await read.file('raw.bin').async('nodebuffer')],
    comment: read.file('数据/a.json').comment, late: await streamed.file('later.txt').async('string'), filtered: read.file(/\.txt$/).length,
    base64: (await JSZip.loadAsync(base64, { base64: true })).file('raw.bin').name,
    bad: await JSZip.loadAsync(Buffer.from('not a zip')).catch((error) => error.message.split(' :')[0]),
    safe: Object.keys((await JSZip.loadAsync(await new JSZip().file('../../x', '1', { createFolders: false }).generateAsync({ type: 'uint8array' }))).files),
    support: [JSZip.support.nodebuffer, JSZip.support.uint8array], removed: Object.keys(read.remove('数据').files).length,
    date: read.file('raw.bin').date.toISOString(),
  };
};
