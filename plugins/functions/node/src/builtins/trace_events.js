// Node.js's `trace_events`: nothing is traced.
'use strict';
const { unavailable } = require('internal/errors');
module.exports = {
  createTracing() {
    throw unavailable('trace_events');
  },
  getEnabledCategories: () => undefined,
};
