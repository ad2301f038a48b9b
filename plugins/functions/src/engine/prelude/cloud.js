// `ctx.cloud`: every path of names is a function, and what it does is the cloud-call plugin's: it gets the path and the
// arguments, `ctx.cloud.payment.common.create({ … })` as `payment.common.create`.
(function (internal) {
  'use strict';

  const METHOD = 'serverless.cloudcall.invoke';

  function api(invocation, path) {
    const run = async (...args) => {
      try {
        return await internal.call(invocation, METHOD, { api: path, args }, (result) => result);
      } catch (error) {
        if (error.code !== 'InvalidMethod.Format') throw error;
        error.code = 'FEATURE_NOT_SUPPORT';
        error.message = `ctx.cloud.${path} needs a plugin for cloud calls, and this server has none`;
        throw error;
      }
    };
    return new Proxy(run, {
      // An API that is awaited, shown or turned into text by mistake is no promise of anything.
      get: (target, name) =>
        typeof name === 'symbol' || name === 'then' || name in Function.prototype ? target[name] : api(invocation, path === '' ? name : `${path}.${name}`),
    });
  }

  internal.cloud = (invocation) => api(invocation, '');
});
