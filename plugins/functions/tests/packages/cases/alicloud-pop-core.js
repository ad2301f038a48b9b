// Alibaba Cloud's RPC client against a server that checks the HMAC-SHA1 signature: GET, POST, lists, errors.
const Core = require('@alicloud/pop-core');

module.exports = async (ctx) => {
  const config = { accessKeyId: 'test-id', accessKeySecret: 'test-secret', endpoint: `${ctx.args.url}/rpc`, apiVersion: '2017-05-25' };
  const client = new Core(config);
  const sms = { PhoneNumbers: '13800138000', SignName: '测试 签名', TemplateParam: JSON.stringify({ code: '1234' }) };
  const bad = (promise) => promise.then(() => 'no error', (error) => [error.name, error.code, error.data && error.data.Message]);
  const wrong = new Core({ ...config, accessKeySecret: 'other' });
  const [body, entry] = await new Core(config, true).request('describe', { pageSize: 10 }, { method: 'POST' });
  return {
    get: await client.request('SendSms', sms),
    post: await client.request('SendSms', { ...sms, special: "!'()*~ +" }, { method: 'POST', timeout: 3000 }),
    lists: await client.request('tag', { tags: [{ key: 'a', value: 'b' }, 'c'] }),
    verbose: [body, entry.response.statusCode, typeof entry.request.headers], wrong: await bad(wrong.request('SendSms', sms)),
    missing: await bad(client.request('Missing', {})), roa: typeof Core.ROAClient,
    asserts: (() => { try { return new Core({ endpoint: 'http://x' }); } catch (error) { return [error.name, error.message]; } })(),
    scheme: (() => { try { return new Core({ endpoint: 'x' }); } catch (error) { return error.message; } })(),
  };
};
