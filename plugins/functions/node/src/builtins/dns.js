// dns: addresses by the system's resolver. It asks for no other records, and names of the operator's network have none.
const { make: nodeError, invalidArgType, unavailable } = require('internal/errors');

const { native } = internal;

function found(host, family) {
  if (typeof host !== 'string') throw invalidArgType('hostname', 'string', host);
  return native['dns.lookup'](host, family);
}

const familyOf = (address) => (address.includes(':') ? 6 : 4);

function settings(options) {
  const given = typeof options === 'number' ? { family: options } : options ?? {};
  const family = given.family === 'IPv4' ? 4 : given.family === 'IPv6' ? 6 : given.family ?? 0;
  if (![0, 4, 6].includes(family)) throw nodeError(TypeError, 'ERR_INVALID_ARG_VALUE', `The property 'options.family' must be one of: 0, 4, 6. Received ${family}`);
  return { all: Boolean(given.all), family, order: given.order ?? (given.verbatim === false ? 'ipv4first' : order) };
}

let order = 'verbatim';
const sorted = (addresses, wanted) => {
  if (wanted === 'verbatim') return addresses;
  const first = wanted === 'ipv4first' ? 4 : 6;
  return [...addresses.filter((one) => familyOf(one) === first), ...addresses.filter((one) => familyOf(one) !== first)];
};

async function lookup(host, options) {
  const { all, family, order: wanted } = settings(options);
  if (host === '' || host === null || host === undefined) return all ? [] : { address: null, family: family === 6 ? 6 : 4 };
  const addresses = sorted(await found(host, family), wanted).map((address) => ({ address, family: familyOf(address) }));
  return all ? addresses : addresses[0];
}

// As a resolver of its own tells errors.
async function resolved(host, family, syscall) {
  try {
    return await found(host, family);
  } catch (error) {
    if (error.code !== 'ENOTFOUND') throw error;
    throw nodeError(Error, 'ENOTFOUND', `${syscall} ENOTFOUND ${host}`, { syscall, hostname: host });
  }
}

const promises = {
  lookup,
  resolve4: async (host, options) => (await resolved(host, 4, 'queryA')).map((address) => (options?.ttl ? { address, ttl: 0 } : address)),
  resolve6: async (host, options) => (await resolved(host, 6, 'queryAaaa')).map((address) => (options?.ttl ? { address, ttl: 0 } : address)),
  async resolve(host, type = 'A') {
    if (type === 'A') return promises.resolve4(host);
    if (type === 'AAAA') return promises.resolve6(host);
    throw unavailable(`the resolution of ${type} records`);
  },
  getServers: () => [],
  setServers() {
    throw unavailable('a DNS server of one\'s own');
  },
  setDefaultResultOrder(value) {
    order = value;
  },
  getDefaultResultOrder: () => order,
};
for (const type of ['Any', 'Caa', 'Cname', 'Mx', 'Naptr', 'Ns', 'Ptr', 'Soa', 'Srv', 'Txt']) {
  promises[`resolve${type}`] = async () => {
    throw unavailable(`the resolution of ${type.toUpperCase()} records`);
  };
}
promises.reverse = promises.lookupService = async () => {
  throw unavailable('the resolution of addresses to names');
};

// The functions with callbacks, of those with promises.
const callbacks = {};
for (const name of Object.keys(promises)) {
  if (/^(get|set)/.test(name)) callbacks[name] = promises[name];
  else if (name !== 'lookup') {
    callbacks[name] = (...args) => {
      const callback = args.pop();
      if (typeof callback !== 'function') throw invalidArgType('callback', 'function', callback);
      promises[name](...args).then((result) => callback(null, result), callback);
    };
  }
}
const custom = Symbol.for('nodejs.util.promisify.custom');
callbacks.lookup = (host, options, callback) => {
  if (typeof options === 'function') [options, callback] = [undefined, options];
  if (typeof callback !== 'function') throw invalidArgType('callback', 'function', callback);
  const { all } = settings(options);
  lookup(host, options).then((result) => (all ? callback(null, result) : callback(null, result.address, result.family)), callback);
};
callbacks.lookup[custom] = lookup;

class Resolver {
  cancel() {}
}
for (const name of Object.keys(callbacks)) if (name !== 'lookup') Resolver.prototype[name] = callbacks[name];
class PromisesResolver {
  cancel() {}
}
for (const name of Object.keys(promises)) if (name !== 'lookup') PromisesResolver.prototype[name] = promises[name];
promises.Resolver = PromisesResolver;

const codes = { NODATA: 'ENODATA', FORMERR: 'EFORMERR', SERVFAIL: 'ESERVFAIL', NOTFOUND: 'ENOTFOUND', NOTIMP: 'ENOTIMP', REFUSED: 'EREFUSED', TIMEOUT: 'ETIMEOUT', CANCELLED: 'ECANCELLED' };
Object.assign(promises, codes);
module.exports = { ...callbacks, ...codes, Resolver, promises, ADDRCONFIG: 32, V4MAPPED: 8, ALL: 16 };
