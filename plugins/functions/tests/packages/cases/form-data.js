// A multipart body with fields, buffers and a stream: its bytes, its length, and a real upload.
const FormData = require('form-data');
const { Readable } = require('stream');
const http = require('http');

module.exports = async (ctx) => {
  const form = new FormData();
  form.setBoundary('----mpcloud');
  form.append('name', '小明');
  form.append('file', Buffer.from('hello'), { filename: '文件.txt', contentType: 'text/plain' });
  const streamed = new FormData({ maxDataSize: 1000 });
  streamed.append('a', '1');
  streamed.append('stream', Readable.from([Buffer.from('one '), Buffer.from('two')]), { filename: 's.bin', knownLength: 7 });
  const length = await new Promise((resolve, reject) => streamed.getLength((error, value) => (error ? reject(error) : resolve(value))));
  const answer = await new Promise((resolve, reject) => streamed.submit(`${ctx.args.url}/upload`, (error, res) => (error ? reject(error) : resolve(res))));
  let text = '';
  for await (const chunk of answer) text += chunk;
  const request = http.request(`${ctx.args.url}/upload`, { method: 'POST', headers: form.getHeaders() });
  form.pipe(request);
  const piped = await new Promise((resolve, reject) => request.on('response', (res) => {
    const chunks = [];
    res.on('data', (chunk) => chunks.push(chunk)).on('end', () => resolve(JSON.parse(Buffer.concat(chunks))));
  }).on('error', reject));
  const plain = new FormData();
  plain.setBoundary('b');
  plain.append('x', 'y');
  return {
    headers: form.getHeaders(), known: [streamed.hasKnownLength(), length - streamed.getBoundary().length * 3],
    sent: JSON.parse(text).parts, piped: piped.parts, buffer: plain.getBuffer().toString(), own: /^-{26}/.test(streamed.getBoundary()),
  };
};
