'use strict';

/**
 * The function with which an object of an SDK sends any method: `send(method, params)` gives a promise of what the
 * server answered. Null when it has none.
 */
exports.sender = function (sdk) {
  if (!sdk) return null;
  var network = sdk.network;
  if (network && typeof network.forward === 'function') {
    return function (method, params) {
      return network.forward(method, params);
    };
  }
  // The SDK for servers, and early ones for clients, have just what their own services send with.
  var transport = sdk.transport || (sdk.function && sdk.function.transport);
  if (transport && typeof transport.getEncoder === 'function' && typeof transport.request === 'function') {
    return function (method, params) {
      var encoder = transport.getEncoder();
      encoder.setBodyField({ method: method, params: params });
      return transport.request(encoder).then(function (response) {
        return response.body;
      });
    };
  }
  return null;
};
