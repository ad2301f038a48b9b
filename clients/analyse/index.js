'use strict';

// The syntax is ES2015, and nothing newer than promises is needed, since mini programs run on old phones without a build.

const Client = require('./lib/client');
const log = require('./lib/log');
const runtimes = require('./lib/runtimes');

/** Calls of `resume` and `pause` before `init` that are remembered. */
const MOST_EARLY = 100;

let client = null;
let early = [];

function init(appKey, runtime, options) {
  guarded(() => {
    // WeChat's form leaves out the runtime.
    const left = options === undefined && !runtimes.isRuntime(runtime);
    const given = (left ? runtime : options) || {};
    if (typeof appKey !== 'string' || appKey === '') {
      log.error('MPAnalyse.init needs the AppKey of an analytics app: MPAnalyse.init("AppKey", my, { mpServerless })');
      return;
    }
    if (client && client.appKey !== appKey) {
      log.error('MPAnalyse.init was called before with another AppKey, which stays in use');
      return;
    }
    if (!client) {
      const found = runtimes.find(left ? undefined : runtime);
      if (!found) {
        log.error('MPAnalyse.init found no mini program: pass `my`, `wx` or alike as the second argument');
        return;
      }
      client = new Client(appKey, found, given.platformParam);
      client.replay(early, Date.now());
      early = [];
    }
    client.connect(given.mpServerless);
  });
}

function resume() {
  guarded(() => (client ? client.resume(Date.now()) : remember('resume')));
}

function pause() {
  guarded(() => (client ? client.pause(Date.now()) : remember('pause')));
}

function remember(call) {
  if (early.length < MOST_EARLY) early.push({ call: call, at: Date.now() });
}

/** Statistics never throw into the app. */
function guarded(action) {
  try {
    action();
  } catch (error) {
    log.error(`MPAnalyse failed: ${error && error.message}`);
  }
}

const MPAnalyse = { init: init, resume: resume, pause: pause };
// For compilers that turn `import MPAnalyse from` into `require`.
Object.defineProperty(MPAnalyse, '__esModule', { value: true });
Object.defineProperty(MPAnalyse, 'default', { value: MPAnalyse });

module.exports = MPAnalyse;
