'use strict';

// Signs texts as the server SDK does: RSA over MD5, in hex. The file named by the argument has the key and the texts.
const { readFileSync } = require('node:fs');
const { createPrivateKey, sign } = require('node:crypto');

const { key, texts } = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const loaded = createPrivateKey(key);
console.log(JSON.stringify(texts.map((text) => sign('RSA-MD5', Buffer.from(text), loaded).toString('hex'))));
