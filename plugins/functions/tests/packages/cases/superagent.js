// Chained requests: JSON, forms, uploads, queries, an agent with cookies, retries, errors, time limits.
const superagent = require('superagent');

module.exports = async (ctx) => {
  const { url } = ctx.args;
  const failed = (promise) => promise.then(() => 'no error', (error) => [error.status ?? null, error.code ?? null, error.message.slice(0, 20)]);
  const agent = superagent.agent();
  await agent.get(`${url}/cookie`);
  const json = await superagent.get(`${url}/json`).accept('json');
  return {
    json: [json.status, json.ok, json.type, json.body, json.get('X-From')],
    post: (await superagent.post(`${url}/echo`).query({ q: 1 }).set('X-A', 'b').send({ name: '小明' }).send({ more: 1 })).body,
    form: (await superagent.put(`${url}/echo`).type('form').send({ a: 'b c' })).body.body,
    upload: (await superagent.post(`${url}/upload`).field('a', '1').attach('doc', Buffer.from('hello'), 'd.txt')).body.parts,
    cookie: (await agent.get(`${url}/cookie`)).body.got, gzip: (await superagent.get(`${url}/gzip`)).body,
    redirected: (await superagent.get(`${url}/redirect?n=2`)).redirects.length,
    retried: (await superagent.get(`${url}/flaky?id=sa${Math.random()}`).retry(3)).body,
    auth: (await superagent.get(`${url}/echo`).auth('u', 'p')).body.headers, text: (await superagent.get(`${url}/chunks`)).text,
    errors: [
      await failed(superagent.get(`${url}/status/404`)), await failed(superagent.get(`${url}/silent`).timeout(30)),
      await failed(superagent.get('http://127.0.0.1:1/')), await failed(superagent.get(`${url}/redirect?n=9`).redirects(2)),
    ],
    ok: (await superagent.get(`${url}/status/404`).ok((res) => res.status < 500)).status,
    callback: await new Promise((resolve) => superagent.get(`${url}/json`).end((error, res) => resolve(res.body.n))),
  };
};
