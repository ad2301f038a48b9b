// The Node build over http: JSON, query, forms, multipart, gzip, redirects, streams, interceptors, errors, time limits, abort.
const axios = require('axios');

module.exports = async (ctx) => {
  const client = axios.create({ baseURL: ctx.args.url, headers: { 'x-app': 'demo' }, timeout: 5000 });
  client.interceptors.request.use((config) => { config.headers['x-trace'] = 't-1'; return config; });
  const failed = (promise) => promise.then(() => 'no error', (error) => ({ code: error.code, status: error.response && error.response.status }));
  const form = new axios.AxiosHeaders();
  form.set('X-Form', '1');
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 20);
  const stream = await client.get('/chunks', { responseType: 'stream' });
  let streamed = '';
  for await (const chunk of stream.data) streamed += chunk;
  const json = await client.get('/json');
  return {
    json: [json.status, json.data, json.headers['x-from'], json.headers.get('content-type')],
    post: (await client.post('/echo', { name: '小明' }, { params: { a: [1, 2], b: 'x y' } })).data,
    form: (await client.post('/echo', new URLSearchParams({ a: '1', b: '中' }), { headers: form })).data,
    multipart: (await client.postForm('/upload', { field: 'v', n: 1 })).data.parts.map(({ name, value }) => [name, value]),
    auth: (await client.get('/echo', { auth: { username: 'u', password: 'p' } })).data.headers.authorization,
    gzip: (await client.get('/gzip')).data, brotli: (await client.get('/brotli')).data, redirect: (await client.get('/redirect?n=3')).data,
    bytes: Buffer.from((await client.get('/gbk', { responseType: 'arraybuffer' })).data).toString('hex'), streamed,
    errors: await Promise.all([failed(client.get('/status/404')), failed(client.get('/silent', { timeout: 50 })),
      failed(client.get('/silent', { signal: controller.signal })), failed(client.get('/redirect?n=9', { maxRedirects: 2 })), failed(client.get('/json', { maxContentLength: 5 }))]),
    uri: client.getUri({ url: '/p', params: { q: ['a', 'b'], d: new Date(0) } }).replace(ctx.args.url, ''),
  };
};
