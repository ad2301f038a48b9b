// Node.js's `cluster`: functions start no processes.
'use strict';
const EventEmitter = require('events');
const { absent } = require('internal/errors');
module.exports = Object.assign(new EventEmitter(), {
  isMaster: true, isPrimary: true, isWorker: false, workers: {}, settings: {}, SCHED_NONE: 1, SCHED_RR: 2, schedulingPolicy: 2,
  Worker: absent('cluster.Worker'), fork: absent('cluster'), setupPrimary: absent('cluster'), setupMaster: absent('cluster'), disconnect: absent('cluster'),
});
