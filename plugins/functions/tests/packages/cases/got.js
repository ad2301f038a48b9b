// Promise and stream interfaces, JSON, retries, hooks, instances, errors, time limits, cancellation.
const got = require('got');

module.exports = async (ctx) => {
  const { url } = ctx.args;
  const failed = (promise) => promise.then(() => 'no error', (error) => [
    error.name, error.code ?? null, error.response ? error.response.statusCode : null,
  ]);
  const client = got.extend({
    prefixUrl: url, headers: { 'x-app': 'demo' }, hooks: { beforeRequest: [(options) => { options.headers['x-hook'] = 'h'; }] },
    retry: { limit: 3, calculateDelay: ({ computedValue }) => (computedValue ? 1 : 0) },
  });
  let text = '';
  for await (const chunk of got.stream(`${url}/chunks`)) text += chunk;
  const waiting = client('silent', { retry: 0 });
  const cancelled = failed(waiting);
  waiting.cancel();
  return {
    json: await client('json').json(), post: await client.post('echo', { json: { a: '中' }, searchParams: { q: '1 2' } }).json(),
    form: (await client.put('echo', { form: { a: 'b' }, responseType: 'json' })).body.body, gzip: await client('gzip').json(),
    redirected: (await client('redirect', { searchParams: { n: 2 } })).redirectUrls.length,
    retried: await client('flaky', { searchParams: { id: `got${Math.random()}` } }).json(),
    bytes: (await client('gbk').buffer()).toString('hex'), text,
    errors: [
      await failed(client('status/404')), await failed(client('silent', { timeout: 30, retry: 0 })), await failed(client('chunks').json()),
      await failed(got('http://127.0.0.1:1/', { retry: 0 })), await cancelled, await failed(client('redirect?n=9', { maxRedirects: 2 })),
    ],
    quiet: (await client('status/500', { throwHttpErrors: false, retry: 0 })).statusCode,
    timings: typeof (await client('json')).timings.phases.total,
  };
};
