// fetch over http: JSON, forms, headers, redirects, compression, streams, abort, errors.
const fetch = require('node-fetch');
const { Headers, Request, Response, FetchError } = fetch;

module.exports = async (ctx) => {
  const { url } = ctx.args;
  const failed = (promise) => promise.then(() => 'no error', (error) => [error.name, error.type]);
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 20);
  const json = await fetch(`${url}/json`);
  const chunks = [];
  for await (const chunk of (await fetch(`${url}/chunks`)).body) chunks.push(String(chunk));
  const headers = new Headers({ 'X-A': '1' });
  headers.append('x-a', '2');
  return {
    json: [json.ok, json.status, json.headers.get('X-From'), await json.json()],
    post: await (await fetch(`${url}/echo`, { method: 'POST', body: JSON.stringify({ a: '中' }), headers: { 'content-type': 'application/json' } })).json(),
    form: await (await fetch(new Request(`${url}/echo`, { method: 'PUT', body: new URLSearchParams({ a: 'b c' }), headers }))).json(),
    gzip: await (await fetch(`${url}/gzip`)).json(), deflate: await (await fetch(`${url}/deflate`)).json(),
    redirected: await (await fetch(`${url}/redirect?n=2`)).json(),
    manual: (await fetch(`${url}/redirect?n=2`, { redirect: 'manual' })).status,
    bytes: (await (await fetch(`${url}/gbk`)).buffer()).toString('hex'), chunks: chunks.join(''),
    error: [
      await failed(fetch(`${url}/silent`, { signal: controller.signal })), await failed(fetch(`${url}/silent`, { timeout: 30 })),
      await failed(fetch('http://127.0.0.1:1/')), await failed(fetch(`${url}/json`, { size: 3 }).then((res) => res.text())),
      await failed(fetch(`${url}/redirect?n=3`, { redirect: 'error' })),
    ],
    headers: [...headers], raw: (await fetch(`${url}/cookie`)).headers.raw()['set-cookie'],
    own: await new Response('{"a":1}').clone().json(), type: FetchError.name, blob: (await (await fetch(`${url}/json`)).blob()).type,
  };
};
