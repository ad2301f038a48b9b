// Node.js's `child_process`: functions start no processes.
'use strict';
const { absent } = require('internal/errors');
for (const name of ['exec', 'execFile', 'execFileSync', 'execSync', 'fork', 'spawn', 'spawnSync']) exports[name] = absent('child_process');
exports.ChildProcess = absent('child_process');
