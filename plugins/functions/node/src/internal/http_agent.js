// http.Agent: which connections requests share. They are native; an agent is the name of a set of them.
const EventEmitter = require('events');

const { native } = internal;
let last = 0;

class Agent extends EventEmitter {
  constructor(options) {
    super();
    this.options = { __proto__: null, ...options };
    this.defaultPort = 80;
    this.protocol = 'http:';
    this.keepAlive = Boolean(this.options.keepAlive);
    this.keepAliveMsecs = this.options.keepAliveMsecs || 1000;
    this.maxSockets = this.options.maxSockets || Infinity;
    this.maxTotalSockets = this.options.maxTotalSockets ?? Infinity;
    this.maxFreeSockets = this.options.maxFreeSockets || 256;
    this.scheduling = this.options.scheduling || 'lifo';
    this.requests = { __proto__: null };
    this.sockets = { __proto__: null };
    this.freeSockets = { __proto__: null };
    this.totalSocketCount = 0;
    this._number = ++last;
  }

  getName(options = {}) {
    let name = `${options.host || 'localhost'}:${options.port || ''}:${options.localAddress || ''}`;
    if (options.family === 4 || options.family === 6) name += `:${options.family}`;
    if (options.socketPath) name += `:${options.socketPath}`;
    return name;
  }

  // Begins a request now, or when one of the same name ends.
  addRequest(request, options) {
    const name = this.getName(options);
    const active = (this.sockets[name] ??= []);
    if (active.length >= this.maxSockets || this.totalSocketCount >= this.maxTotalSockets) this._sweep();
    if (active.length < this.maxSockets && this.totalSocketCount < this.maxTotalSockets) {
      active.push(request._socket);
      this.totalSocketCount++;
      request._start(name);
    } else {
      (this.requests[name] ??= []).push(request);
    }
  }

  // Ends what calls left behind that are over.
  _sweep() {
    const now = Date.now();
    for (const list of Object.values(this.sockets)) for (const { _request } of [...list]) if (_request?._until < now) _request.destroy();
  }

  _ended(name, socket) {
    const active = this.sockets[name];
    const at = active ? active.indexOf(socket) : -1;
    if (at < 0) return;
    active.splice(at, 1);
    this.totalSocketCount--;
    if (active.length === 0) delete this.sockets[name];
    for (const waiting of [name, ...Object.keys(this.requests)]) {
      const request = this.requests[waiting]?.shift();
      if (this.requests[waiting]?.length === 0) delete this.requests[waiting];
      if (request === undefined) continue;
      if (request.destroyed) continue;
      (this.sockets[waiting] ??= []).push(request._socket);
      this.totalSocketCount++;
      request._start(waiting);
      return;
    }
  }

  keepSocketAlive() {
    return true;
  }
  reuseSocket() {}
  removeSocket() {}
  createConnection(options, callback) {
    return require('net').createConnection(options, callback);
  }

  destroy() {
    native['http.close_agent'](this._number);
    for (const list of Object.values(this.sockets)) for (const socket of [...list]) socket.destroy();
  }

  get defaultMaxSockets() {
    return Infinity;
  }
}

// Older packages inherit from it with `call`.
const Callable = new Proxy(Agent, {
  apply(target, self, args) {
    return self instanceof Agent ? Object.assign(self, new target(...args)) : new target(...args);
  },
});
Agent.prototype.constructor = Callable;
Agent.defaultMaxSockets = Infinity;

module.exports = { Agent: Callable };
