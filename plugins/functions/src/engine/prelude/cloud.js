// `ctx.cloud`: every path of names is a function, and what it does is the cloud-call plugin's: it gets the path and the
// arguments as they are, `ctx.cloud.payment.common.create({ … })` as `payment.common.create`.
(function (internal) {
  'use strict';

  const METHOD = 'serverless.cloudcall.invoke';

  // Names of the first package of cloud calls.
  const aliases = {
    __proto__: null,
    'mini.sendTemplateMessage': 'marketing.templateMessage.send',
    'mini.detectRiskContent': 'security.textRisk.detect',
  };

  // What the language and its tools look for by themselves: an API that is awaited, shown or logged by mistake is no
  // promise of anything, and is not called.
  const lookedFor = { __proto__: null, then: true, toJSON: true, inspect: true, nodeType: true, prototype: true };

  function api(invocation, path) {
    const run = async (...args) => {
      try {
        return await internal.call(invocation, METHOD, { api: aliases[path] ?? path, args }, (result) => result);
      } catch (error) {
        if (error.code === 'InvalidMethod.Format') {
          error.code = 'FEATURE_NOT_SUPPORT';
          error.message = `ctx.cloud.${path} needs a plugin for cloud calls, and this server has none`;
        } else if (error.code === undefined) {
          error.code = 'INVALID_PARAM';
          error.message = `the arguments of ctx.cloud.${path} are no JSON: ${error.message}`;
        }
        throw error;
      }
    };
    return new Proxy(run, {
      get: (target, name) =>
        typeof name === 'symbol' || name in lookedFor || name in Function.prototype
          ? target[name]
          : api(invocation, path === '' ? name : `${path}.${name}`),
    });
  }

  internal.cloud = (invocation) => api(invocation, '');
});
