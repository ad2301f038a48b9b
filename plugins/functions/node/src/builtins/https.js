// https: http's client with TLS.
const { Agent: HttpAgent } = require('internal/http_agent');

class Agent extends HttpAgent {
  constructor(options) {
    super(options);
    this.defaultPort = 443;
    this.protocol = 'https:';
    this.maxCachedSessions = this.options.maxCachedSessions ?? 100;
  }
  getName(options = {}) {
    const parts = ['ca', 'cert', 'clientCertEngine', 'ciphers', 'key', 'pfx', 'rejectUnauthorized', 'servername'].map((name) => (options[name] === undefined ? '' : `${options[name]}`));
    return `${super.getName(options)}:${parts.join(':')}`;
  }
}

const Callable = new Proxy(Agent, {
  apply(target, self, args) {
    return self instanceof Agent ? Object.assign(self, new target(...args)) : new target(...args);
  },
});
Agent.prototype.constructor = Callable;

module.exports = require('internal/http_module')({ Agent: Callable, globalAgent: new Callable({ keepAlive: true, scheduling: 'lifo', timeout: 5000 }), protocol: 'https:', port: 443 });
