// `navigator`, as in Node.js.
'use strict';
class Navigator {
  get hardwareConcurrency() { return 1; }
  get language() { return 'en-US'; }
  get languages() { return Object.freeze(['en-US']); }
  get userAgent() { return 'Node.js/20'; }
  get platform() { return 'linux'; }
}
module.exports = new Navigator();
