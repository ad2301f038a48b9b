'use strict';

// The least that a Node.js server does around a function: JSON in, one call, JSON out.
const { createServer } = require('node:http');
const { resolve } = require('node:path');

const run = require(resolve(process.argv[2]));

const server = createServer((request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', async () => {
    const { functionArgs } = JSON.parse(Buffer.concat(chunks).toString());
    const body = JSON.stringify({ success: true, data: await run({ args: functionArgs }) });
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
    response.end(body);
  });
});

server.listen(0, '127.0.0.1', () => console.log(`127.0.0.1:${server.address().port}`));
