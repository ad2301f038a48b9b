// The client behind ctx.httpclient: request and curl, JSON, forms, gzip, redirects, streams, files, errors, time limits, events.
const urllib = require('urllib');
const { PassThrough } = require('stream');

module.exports = async (ctx) => {
  const { url } = ctx.args;
  const failed = (promise) => promise.then(() => 'no error', (error) => [error.name, error.status, error.code]);
  const json = await urllib.request(`${url}/json`, { dataType: 'json', timing: true });
  const streamed = await urllib.request(`${url}/chunks`, { streaming: true });
  let text = '';
  for await (const chunk of streamed.res) text += chunk;
  const into = new PassThrough();
  let written = '';
  into.on('data', (chunk) => { written += chunk; });
  await urllib.request(`${url}/chunks`, { writeStream: into });
  const client = urllib.create();
  const seen = [];
  client.on('response', (info) => seen.push(info.req.options.method, info.res.status));
  const upload = await urllib.request(`${url}/upload`, {
    method: 'POST', dataType: 'json', data: { a: '1' }, files: { doc: Buffer.from('file content') },
  });
  return {
    json: [json.status, json.data, json.headers['x-from'], json.res.requestUrls.length, typeof json.res.timing.contentDownload],
    post: (await urllib.curl(`${url}/echo?q=1`, {
      method: 'POST', contentType: 'json', data: { name: '小明' }, dataType: 'json', headers: { 'X-A': 'b' },
    })).data,
    query: (await urllib.request(`${url}/echo`, { data: { a: '1', b: '中' }, dataType: 'json' })).data.query,
    form: (await urllib.request(`${url}/echo`, {
      method: 'PUT', data: { a: [1, 2], o: { k: 'v' } }, nestedQuerystring: true, dataType: 'json',
    })).data.body,
    bytes: (await urllib.request(`${url}/gbk`)).data.toString('hex'), gbk: (await urllib.request(`${url}/json`, { dataType: 'text' })).data,
    gzip: (await urllib.request(`${url}/gzip`, { gzip: true, dataType: 'json' })).data,
    redirect: (await urllib.request(`${url}/redirect?n=2`, { followRedirect: true, dataType: 'json' })).data,
    stays: (await urllib.request(`${url}/redirect?n=2`)).status,
    auth: (await urllib.request(`${url}/echo`, { auth: 'u:p', dataType: 'json' })).data.headers, text, written,
    upload: upload.data.parts.map(({ name, filename, value, bytes }) => [name, filename, value, bytes]),
    seen: (await client.request(`${url}/status/201`), seen),
    content: (await urllib.request(`${url}/echo`, { method: 'POST', content: '<xml/>', headers: { 'content-type': 'text/xml' }, dataType: 'json' })).data,
    errors: [
      await failed(urllib.request(`${url}/silent`, { timeout: 60 })), await failed(urllib.request(`${url}/chunks`, { dataType: 'json' })),
      await failed(urllib.request('http://127.0.0.1:1/')), await failed(urllib.request(`${url}/redirect?n=20`, { followRedirect: true })),
    ],
    callback: await new Promise((resolve) => urllib.request(`${url}/status/404`, (error, data, res) => resolve([res.statusCode, String(data)]))),
    fixed: (await urllib.request(`${url}/json`, {
      dataType: 'json', fixJSONCtlChars: true, beforeRequest: (options) => { options.path = '/gzip'; }, gzip: true,
    })).data,
  };
};
