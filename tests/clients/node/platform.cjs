// A mini-program platform for the client SDK, in Node.js: what `my`, `wx` and `dd` are on a phone.
'use strict';

const crypto = require('node:crypto');
const fs = require('node:fs');
const MPServerless = require('@alicloud/mpserverless-sdk');

/** Everything that the SDK sent, with what came back, in order of the replies. */
const exchanges = [];

async function send(url, headers, body) {
  const response = await fetch(url, { method: 'POST', headers, body });
  return { status: response.status, headers: Object.fromEntries(response.headers), data: JSON.parse(await response.text()) };
}

const platform = {
  async request(options) {
    const headers = { ...options.headers, ...options.header };
    const body = typeof options.data === 'string' ? options.data : JSON.stringify(options.data);
    const reply = await send(options.url, headers, body);
    const sent = JSON.parse(body);
    // The SDK takes replies apart.
    exchanges.push({ method: sent.method, token: sent.token, reply: structuredClone(reply.data) });
    options.complete({ data: reply.data, status: reply.status, statusCode: reply.status, header: reply.headers, headers: reply.headers });
  },
  getAuthCode(options) {
    options.complete({ authCode: 'code' });
  },
  // A phone insists on HTTPS, which these servers do not have.
  async uploadFile(options) {
    const form = new FormData();
    for (const [name, value] of Object.entries(options.formData)) form.append(name, value);
    form.append(options.name, new Blob([fs.readFileSync(options.filePath)]), options.fileName);
    const response = await fetch(options.url.replace(/^https:/, 'http:'), { method: 'POST', body: form });
    options.complete({ data: await response.text(), statusCode: response.status });
  },
  getFileInfo(options) {
    options.complete({ size: fs.statSync(options.filePath).size });
  },
  getImageInfo(options) {
    options.complete({ type: options.src.split('.').pop() });
  },
};

/** An SDK object for the space in the configuration. */
function connect(config) {
  const { appId = 'test-app', authCode } = config;
  const own = authCode === undefined ? platform : { ...platform, getAuthCode: (options) => options.complete({ authCode }) };
  return new MPServerless(own, {
    appId,
    spaceId: config.spaceId,
    clientSecret: config.clientSecret,
    endpoint: config.endpoint,
    timeout: '30s',
  });
}

/** A signed call without the SDK, so that nothing authorizes again behind our back. */
async function callWithToken(config, token, method, params) {
  const body = { spaceId: config.spaceId, method, params: JSON.stringify(params), timestamp: Date.now(), token };
  const names = ['method', 'params', 'spaceId', 'timestamp', 'token'];
  const text = names.map((name) => `${name}=${body[name]}`).join('&');
  const sign = crypto.createHmac('md5', config.clientSecret).update(text).digest('hex');
  const headers = { 'content-type': 'application/json', 'x-serverless-sign': sign };
  return (await send(`${config.endpoint}/client`, headers, JSON.stringify(body))).data;
}

/** Waits until a token is refused. Each look extends a session, so the looks are further apart than a session is long. */
async function waitUntilRefused(config, token) {
  for (let looks = 0; looks < 20; looks += 1) {
    await new Promise((resolve) => setTimeout(resolve, config.longerThanASession));
    const reply = await callWithToken(config, token, 'serverless.auth.user.getProfileInfo', { authType: 'anonymous' });
    if (!reply.success) return reply.error.code;
  }
  throw new Error('the token never expired');
}

/** What a call gave: its value, or the error it was rejected with. */
async function outcome(promise) {
  try {
    return { ok: await promise };
  } catch (error) {
    return { error: { code: error.code, message: error.message, name: error.name } };
  }
}

/** Runs a scenario with the configuration in argv and prints its result as one line of JSON. */
function run(scenario) {
  scenario(JSON.parse(process.argv[2])).then(
    (result) => console.log(JSON.stringify(result)),
    (error) => {
      console.error(error);
      process.exitCode = 1;
    },
  );
}

module.exports = { connect, exchanges, outcome, run, waitUntilRefused };
