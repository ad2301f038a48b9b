// The services that the HTTP cases talk to, on a loopback port: `node server.js` prints its address.
// The payment and cloud gateways check the signature of every request, as the real ones do.
const crypto = require('crypto');
const http = require('http');
const zlib = require('zlib');
const keys = require('./args.json');

const JSON_TYPE = { 'content-type': 'application/json; charset=utf-8' };
const calls = new Map();

function send(res, status, body, headers = {}) {
  const content = Buffer.isBuffer(body) || typeof body === 'string' ? body : JSON.stringify(body);
  res.writeHead(status, { ...JSON_TYPE, ...headers, 'content-length': Buffer.byteLength(content) });
  res.end(content);
}

function signed(text, algorithm = 'RSA-SHA256') {
  return crypto.createSign(algorithm).update(text).sign(keys.rsaPrivateKey, 'base64');
}

function verified(text, signature, encoding = 'base64', algorithm = 'RSA-SHA256') {
  return crypto.createVerify(algorithm).update(text).verify(keys.rsaPublicKey, signature, encoding);
}

/** The parts of a multipart body: name, file name, type and the text, or the length and SHA-1 of a file. */
function multipart(req, body) {
  const boundary = /boundary="?([^";]+)/.exec(req.headers['content-type'])?.[1];
  const parts = body.toString('latin1').split(`--${boundary}`).slice(1, -1);
  return parts.map((part) => {
    const at = part.indexOf('\r\n\r\n');
    const head = Buffer.from(part.slice(0, at), 'latin1').toString();
    const content = Buffer.from(part.slice(at + 4, -2), 'latin1');
    const filename = /filename="([^"]*)"/.exec(head)?.[1];
    return {
      name: /[^e]name="([^"]*)"/.exec(head)?.[1],
      filename,
      type: /content-type: *(.*)/i.exec(head)?.[1],
      value: filename === undefined ? content.toString() : undefined,
      bytes: content.length,
      sha1: crypto.createHash('sha1').update(content).digest('hex'),
    };
  });
}

const sortedQuery = (params) => Object.keys(params).sort().map((key) => `${key}=${params[key]}`).join('&');

/** Alipay's gateway: RSA2 over the sorted parameters; answers are signed over the text of the response object. */
function alipay(url, body) {
  const params = { ...Object.fromEntries(url.searchParams), ...Object.fromEntries(new URLSearchParams(body.toString())) };
  const { sign, ...rest } = params;
  const key = `${params.method.replace(/\./g, '_')}_response`;
  const ok = verified(sortedQuery(rest), sign);
  const answer = JSON.stringify(ok
    ? { code: '10000', msg: 'Success', trade_no: '2024010122001', ...JSON.parse(params.biz_content) }
    : { code: '40002', msg: 'Invalid Arguments', sub_code: 'isv.invalid-signature' });
  return `{"${key}":${answer},"sign":"${signed(answer)}"}`;
}

/** Alibaba Cloud's RPC signature: HMAC-SHA1 over the percent-encoded, sorted parameters. */
function rpc(req, url, body) {
  const params = Object.fromEntries(req.method === 'POST' ? new URLSearchParams(body.toString()) : url.searchParams);
  const { Signature, ...rest } = params;
  const encode = (text) => encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
  const canonical = Object.keys(rest).sort().map((key) => `${encode(key)}=${encode(rest[key])}`).join('&');
  const text = `${req.method}&%2F&${encode(canonical)}`;
  const expected = crypto.createHmac('sha1', 'test-secret&').update(text).digest('base64');
  if (Signature !== expected) return [400, { Code: 'SignatureDoesNotMatch', Message: 'the signature does not match' }];
  if (params.Action === 'Missing') return [404, { Code: 'InvalidAction.NotFound', Message: 'no such action' }];
  const own = Object.keys(rest).filter((key) => !/^(Format|Timestamp|Version|Signature.*|AccessKeyId)$/.test(key));
  return [200, { RequestId: 'ABCD-1234', Received: Object.fromEntries(own.sort().map((key) => [key, rest[key]])) }];
}

/** WeChat Pay API v2: XML with an MD5 or HMAC-SHA256 signature under the merchant's key. */
function wechatV2(body) {
  const params = {};
  for (const [, name, cdata, plain] of body.toString().matchAll(/<(\w+)>(?:<!\[CDATA\[(.*?)\]\]>|([^<]*))<\/\1>/g)) {
    params[name] = cdata ?? plain;
  }
  const sign = (fields) => {
    const text = `${sortedQuery(fields)}&key=partner-key-0123456789abcdef`;
    const hash = params.sign_type === 'HMAC-SHA256' ? crypto.createHmac('sha256', 'partner-key-0123456789abcdef') : crypto.createHash('md5');
    return hash.update(text).digest('hex').toUpperCase();
  };
  const { sign: given, ...rest } = params;
  if (sign(rest) !== given) return '<xml><return_code>FAIL</return_code><return_msg>签名失败</return_msg></xml>';
  const answer = { return_code: 'SUCCESS', result_code: 'SUCCESS', appid: params.appid, mch_id: params.mch_id,
    nonce_str: 'abc', prepay_id: 'wx201410272009395522657a690389285100', sign_type: params.sign_type };
  answer.sign = sign(answer);
  return `<xml>${Object.entries(answer).map(([key, value]) => `<${key}><![CDATA[${value}]]></${key}>`).join('')}</xml>`;
}

/** WeChat Pay API v3: the Authorization header signs method, path, time, nonce and body. */
function wechatV3(req, path, body) {
  const field = (name) => new RegExp(`${name}="([^"]*)"`).exec(req.headers.authorization)?.[1];
  const text = `${req.method}\n${path}\n${field('timestamp')}\n${field('nonce_str')}\n${body}\n`;
  if (!verified(text, field('signature'))) return [401, { code: 'SIGN_ERROR', message: '签名错误' }];
  if (path === '/v3/certificates') return [200, { data: [wechatCertificate()] }];
  return [200, { prepay_id: 'wx26112221580621e9b071c00d9e093b0000', serial: field('serial_no') }];
}

function wechatCertificate() {
  const nonce = 'd215b0511e9c';
  const cipher = crypto.createCipheriv('aes-256-gcm', '0123456789abcdef0123456789abcdef', nonce);
  cipher.setAAD(Buffer.from('certificate'));
  const text = Buffer.concat([cipher.update(keys.certificate), cipher.final(), cipher.getAuthTag()]);
  return { serial_no: 'PLATFORM1', encrypt_certificate: { algorithm: 'AEAD_AES_256_GCM', nonce, associated_data: 'certificate', ciphertext: text.toString('base64') } };
}

/** The space's gateway for the server SDK: RSA-MD5 over the sorted fields; a few canned answers. */
function serverless(req, body) {
  const request = JSON.parse(body);
  const names = ['method', 'params', 'spaceId', 'timestamp', 'token', 'userId'].filter((name) => request[name]);
  const text = names.map((name) => `${name}=${request[name]}`).join('&');
  if (!verified(text, req.headers['x-serverless-sign'], 'hex', 'RSA-MD5')) {
    return { success: false, error: { code: 'GATEWAY_INVALID_SIGN', message: 'invalid signature' } };
  }
  const params = JSON.parse(request.params);
  if (params.command === 'find') {
    return { success: true, data: { affectedDocs: 1, result: [{ _id: '5d1b', at: '2024-01-02T03:04:05.678Z', query: params.query, options: params.options }] } };
  }
  if (params.command === 'insertOne') return { success: true, data: { affectedDocs: 1, result: { insertedId: '5d1c', doc: params.doc } } };
  if (params.functionTarget === 'broken') return { success: false, error: { code: 'FunctionError', message: 'it broke' } };
  if (request.method === 'serverless.function.runtime.invoke') return { success: true, data: { echo: params.functionArgs } };
  return { success: true, data: { method: request.method, params, userId: request.userId } };
}

function flaky(url) {
  const id = url.searchParams.get('id');
  const count = (calls.get(id) ?? 0) + 1;
  calls.set(id, count);
  return count < 3 ? [503, { attempt: count }] : [200, { attempt: count }];
}

function echo(req, url, body) {
  const headers = Object.fromEntries(Object.entries(req.headers).filter(([name]) => /^(x-|authorization|cookie)/.test(name)));
  return { method: req.method, path: url.pathname, query: Object.fromEntries(url.searchParams),
    type: req.headers['content-type'] ?? null, headers, body: body.toString() };
}

function route(req, res, body) {
  const url = new URL(req.url, 'http://localhost');
  const path = url.pathname;
  if (path === '/json') return send(res, 200, { hello: '世界', n: 1 }, { 'x-from': 'mpcloud' });
  if (path === '/gzip') return send(res, 200, zlib.gzipSync('{"packed":"数据"}'), { 'content-encoding': 'gzip' });
  if (path === '/deflate') return send(res, 200, zlib.deflateSync('{"packed":"deflate"}'), { 'content-encoding': 'deflate' });
  if (path === '/brotli') return send(res, 200, zlib.brotliCompressSync('{"packed":"br"}'), { 'content-encoding': 'br' });
  if (path === '/gbk') return send(res, 200, Buffer.from('d6d0cec4', 'hex'), { 'content-type': 'text/html; charset=gbk' });
  if (path === '/flaky') return send(res, ...flaky(url));
  if (path === '/cookie') return send(res, 200, { got: req.headers.cookie ?? null }, { 'set-cookie': ['sid=abc; Path=/; HttpOnly', 'theme=dark; Path=/'] });
  if (path === '/upload') return send(res, 200, { parts: multipart(req, body) });
  if (path === '/server') return send(res, 200, serverless(req, body), { 'request-id': 'req-1' });
  if (path === '/gateway.do') return send(res, 200, alipay(url, body));
  if (path === '/rpc/') return send(res, ...rpc(req, url, body));
  if (path.startsWith('/wechat/pay/')) return send(res, 200, wechatV2(body), { 'content-type': 'text/xml; charset=utf-8' });
  if (path.startsWith('/wechat/v3/')) return send(res, ...wechatV3(req, path.slice('/wechat'.length) + url.search, body));
  if (path.startsWith('/status/')) return send(res, Number(path.slice(8)), { error: `status ${path.slice(8)}` });
  if (path === '/redirect') {
    const left = Number(url.searchParams.get('n'));
    return send(res, 302, '', { location: left > 1 ? `/redirect?n=${left - 1}` : '/json' });
  }
  if (path === '/chunks') {
    res.writeHead(200, { 'content-type': 'text/plain' });
    for (const part of ['one,', 'two,', 'three']) res.write(part);
    return res.end();
  }
  // Never answered: what a client's time limit is tried on.
  if (path === '/silent') return undefined;
  return send(res, 200, echo(req, url, body));
}

/** Listens on a free loopback port; gives the server and its base URL. */
function start() {
  const server = http.createServer((req, res) => {
    const chunks = [];
    req.on('data', (chunk) => chunks.push(chunk));
    req.on('end', () => {
      try {
        route(req, res, Buffer.concat(chunks));
      } catch (error) {
        send(res, 500, { error: String(error) });
      }
    });
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve({ server, url: `http://127.0.0.1:${server.address().port}` }));
  });
}

module.exports = { start };
if (require.main === module) start().then(({ url }) => console.log(url));
