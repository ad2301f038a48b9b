// Bundles each builtin into a script of its own: node build.mjs OUTPUT_FOLDER
//
// A script is the body of a function of `(exports, require, module, internal, ops)`. What it requires of other
// builtins stays a `require`, so that every builtin is there once and is only compiled when it is used. Files in
// src/internal are builtins as well, named `internal/NAME`, which functions cannot require.
import { builtinModules } from 'node:module';
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const out = process.argv[2] ?? join(here, 'dist');

function scripts(folder, prefix) {
  const found = [];
  for (const entry of readdirSync(join(here, 'src', folder), { withFileTypes: true })) {
    if (entry.isDirectory()) found.push(...scripts(join(folder, entry.name), `${prefix}${entry.name}/`));
    else if (entry.name.endsWith('.js')) found.push([`${prefix}${entry.name.slice(0, -3)}`, join(here, 'src', folder, entry.name)]);
  }
  return found;
}

const entries = new Map([...scripts('builtins', ''), ...scripts('internal', 'internal/')]);

// What old packages bring for older engines, and what is there already.
const shims = {
  'object.assign/polyfill': 'module.exports = () => Object.assign;',
  'object-is/polyfill': 'module.exports = () => Object.is;',
  'object-is': 'module.exports = Object.is;',
  'is-nan': 'module.exports = Number.isNaN;',
  'call-bind/callBound': 'const names = { "RegExp.prototype.test": RegExp.prototype.test }; module.exports = (name) => Function.prototype.call.bind(names[name]);',
  'abort-controller': 'module.exports = require("internal/abort");',
  qs: 'module.exports = require("internal/url_query");',
};

// What undici's fetch has instead: what sends its requests, and less of two builtins that take long to load.
const ofFetch = { '../../global': 'internal/fetch_dispatcher', 'node:assert': 'internal/assertion', 'node:crypto': 'internal/fetch_crypto' };

// `node:x` and `x` are the builtin wherever it is required, but for the file that a builtin is made from: that means
// the npm package of its name.
const builtins = {
  name: 'builtins',
  setup({ onResolve, onLoad, resolve }) {
    onLoad({ filter: /.*/, namespace: 'shim' }, ({ path }) => ({ contents: shims[path], resolveDir: here }));
    onResolve({ filter: /.*/ }, async ({ path, importer, kind, resolveDir, pluginData }) => {
      if (kind === 'entry-point' || pluginData === 'npm') return undefined;
      // `npm:x` is the package x even where a builtin has its name; `npm:x/` reaches into it.
      if (path.startsWith('npm:')) return resolve(path.slice(4).replace(/\/$/, '') + (path.endsWith('/') ? '/' : ''), { kind, importer, resolveDir, pluginData: 'npm' });
      if (importer.includes('/undici/') && Object.hasOwn(ofFetch, path)) return { path: ofFetch[path], external: true };
      if (path === 'iconv-lite' && importer.includes('/urllib/')) return { path: 'internal/iconv', external: true };
      // An option of urllib's that needs a package which functions do not have.
      if (path === 'proxy-agent') return { path, external: true };
      // urllib needs all of what these stand for.
      if (Object.hasOwn(shims, path) && !importer.includes('/urllib/')) return { path, namespace: 'shim' };
      if (importer.includes('/node_modules/assert/') && path.endsWith('/util/comparisons')) return { path: 'internal/comparisons', external: true };
      const name = path.replace(/^node:/, '').replace(/\/$/, '');
      // One that there is not is an error for whoever requires it, not for those who may.
      return entries.has(name) || builtinModules.includes(name) ? { path: name, external: true } : undefined;
    });
  },
};

// What `node-inspect-extracted` has in place of Node.js's bindings to the engine.
const bindings = [
  ['getPromiseDetails:function(){return[c,void 0]}', 'getPromiseDetails:function(t){var d=ops.promise_details(t);return[[c,0,l][d[0]],d[1]]}'],
  ['getProxyDetails:a.getProxyDetails', 'getProxyDetails:function(t,n){var d=ops.proxy_details(t);return d===undefined||n===undefined||n?d:d[0]}'],
  ['previewEntries:function(t){return[[],!1]}', 'previewEntries:function(t,n){var p=ops.preview(t);return n?p||[[],!1]:p?p[0]:[]}'],
  [/getOwnNonIndexProperties:function\(t\)\{.*?return n\}(?=,getPromiseDetails)/s, 'getOwnNonIndexProperties:function(t,f){return ops.own_names(t,f===2)}'],
];

const inspectBindings = {
  name: 'inspect bindings',
  setup({ onLoad }) {
    onLoad({ filter: /node-inspect-extracted\/dist\/inspect\.js$/ }, ({ path }) => {
      let contents = readFileSync(path, 'utf8');
      for (const [from, to] of [...bindings].reverse()) {
        const replaced = contents.replace(from, () => to);
        if (replaced === contents) throw new Error(`${path} has changed: ${from}`);
        contents = replaced;
      }
      return { contents };
    });
  },
};

rmSync(out, { recursive: true, force: true });
for (const [name, file] of entries) {
  const outfile = join(out, `${name}.js`);
  const result = await build({
    entryPoints: [file],
    bundle: true,
    write: false,
    format: 'cjs',
    platform: 'neutral',
    mainFields: ['main', 'module'],
    conditions: ['require', 'default'],
    target: 'esnext',
    charset: 'ascii',
    legalComments: 'none',
    minifyWhitespace: true,
    minifySyntax: true,
    plugins: [builtins, inspectBindings],
    logLevel: 'warning',
  });
  mkdirSync(dirname(outfile), { recursive: true });
  writeFileSync(outfile, `'use strict';${result.outputFiles[0].text}`);
}
