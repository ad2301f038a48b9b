// fetch, Headers, Request, Response and FormData of npm `undici`, which are Node.js's own, over the native client.
const { fetch: undici } = require('undici/lib/web/fetch/index.js');
const { Headers } = require('undici/lib/web/fetch/headers.js');
const { Request } = require('undici/lib/web/fetch/request.js');
const { Response } = require('undici/lib/web/fetch/response.js');
const { FormData } = require('undici/lib/web/fetch/formdata.js');

async function fetch(input, init = undefined) {
  try {
    return await undici(input, init);
  } catch (error) {
    if (error && typeof error === 'object') Error.captureStackTrace?.(error);
    throw error;
  }
}

module.exports = { fetch, Headers, Request, Response, FormData };
