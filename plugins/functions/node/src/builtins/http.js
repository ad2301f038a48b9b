// http: the client, over the native one.
const { Agent } = require('internal/http_agent');

const globalAgent = new Agent({ keepAlive: true, scheduling: 'lifo', timeout: 5000 });
module.exports = require('internal/http_module')({ Agent, globalAgent, protocol: 'http:', port: 80 });
