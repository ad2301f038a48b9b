// Bundles each builtin into a script of its own: node build.mjs [OUTPUT_FOLDER] [--write-notices]
//
// What the npm packages in the bundles want told of them is in NOTICES, which has to be up to date; `--write-notices`
// writes it.
//
// A script is the body of a function of `(exports, require, module, internal, ops)`. What it requires of other
// builtins stays a `require`, so that every builtin is there once and is only compiled when it is used. Files in
// src/internal are builtins as well, named `internal/NAME`, which functions cannot require.
import { builtinModules } from 'node:module';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const writeNotices = process.argv.includes('--write-notices');
const out = process.argv.slice(2).find((argument) => !argument.startsWith('--')) ?? join(here, 'dist');

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

// The licences that packages may have, by what package.json calls them: what is taken of them.
const licences = new Map(['MIT', 'ISC', 'BSD-2-Clause', 'BSD-3-Clause', 'Apache-2.0', '0BSD', 'Unlicense', 'CC0-1.0', 'BlueOak-1.0.0'].map((name) => [name, name]));
licences.set('(BSD-3-Clause OR GPL-2.0)', 'BSD-3-Clause');

const read = (file) => readFileSync(file, 'utf8').replace(/^\uFEFF/, '').replace(/\r\n?/g, '\n');
const tidy = (text) => text.replace(/[ \t]+$/gm, '').replace(/^\n+|\n+$/g, '');
const words = (text) => text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, ' ').trim();
const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

// The comments of a source that are about licences, and the lines about copyright of others.
function notices(source) {
  return (source.match(/^[ \t]*\/\*[^]*?\*\/|^[ \t]*\/\/.*(?:\n[ \t]*\/\/.*)*/gm) ?? [])
    .filter((comment) => /copyright|licen[cs]e/i.test(comment))
    .map((comment) => tidy(comment.replace(/^[ \t]*(?:\/\*+!?|\*\/|\*|\/\/)[ \t]?|\*\/$/gm, '')))
    .flatMap((comment) => (/licen[cs]e|permission|redistribut|warrant/i.test(comment) ? comment : comment.split('\n').filter((line) => /copyright/i.test(line))));
}

function notice(folder, files) {
  const { name, version, license, licenses, author } = JSON.parse(read(join(folder, 'package.json')));
  // Of a list, which old packages have, one may be chosen.
  const declared = [license ?? licenses ?? []].flat().map((licence) => licence.type ?? licence);
  const chosen = declared.find((licence) => licences.has(licence));
  if (chosen === undefined) throw new Error(`npm package ${name} ${version} has the licence ${declared.join(', ') || '(none)'}, which build.mjs does not list as one to bundle`);

  // A folder within a package may have a licence of its own.
  const folders = new Set([folder]);
  for (const file of files) for (let at = dirname(join(here, file)); at.length > folder.length; at = dirname(at)) folders.add(at);
  const found = [...folders].sort(compare).flatMap((within) =>
    readdirSync(within, { withFileTypes: true })
      .filter((entry) => entry.isFile() && /^(licen[cs]e|copying|notice)\b/i.test(entry.name) && !/\.([cm]?js|json)$/i.test(entry.name))
      .map((entry) => join(within, entry.name))
      .sort(compare),
  );
  const texts = [...new Set(found.map((file) => tidy(read(file))))];
  if (texts.length === 0) {
    const by = typeof author === 'object' ? [author.name, author.email && `<${author.email}>`, author.url && `(${author.url})`].filter(Boolean).join(' ') : author;
    texts.push(`Licence: ${chosen}${by ? `\nAuthor: ${by}` : ''}`);
  }
  // What is chosen of node-forge's two licences comes first in their file.
  if (licences.get(chosen) !== chosen) texts[0] = tidy(texts[0].replace(/^(?:-+\n)?\s*GNU GENERAL PUBLIC LICENSE\n[^]*/m, ''));

  const said = words(texts.join('\n'));
  const comments = files.sort(compare).flatMap((file) => notices(read(join(here, file)))).filter((comment) => !said.includes(words(comment)));
  const own = [...new Set(comments)];
  if (own.length > 0) texts.push('Of its sources:', ...own);
  return { name, version, text: `${name} ${version} (${licences.get(chosen)})\n\n${texts.join('\n\n')}\n` };
}

// What NOTICES says when these files were bundled.
function allNotices(inputs) {
  const packages = new Map();
  for (const input of inputs) {
    const folder = /^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(input)?.[0];
    if (folder === undefined) {
      if (/^(src\/|shim:)/.test(input)) continue;
      throw new Error(`${input} is bundled, but of no npm package: whose is it?`);
    }
    packages.set(folder, [...(packages.get(folder) ?? []), input]);
  }
  const found = [...packages].map(([folder, files]) => notice(join(here, folder), files));
  found.sort((a, b) => compare(a.name, b.name) || compare(a.version, b.version));
  const head = 'The library `functions` of mpcloud has parts of these npm packages in it.\n';
  return [...new Set([head, ...found.map(({ text }) => text)])].join(`\n${'-'.repeat(80)}\n\n`);
}

const inputs = new Set();
rmSync(out, { recursive: true, force: true });
for (const [name, file] of entries) {
  const outfile = join(out, `${name}.js`);
  const result = await build({
    entryPoints: [file],
    absWorkingDir: here,
    bundle: true,
    metafile: true,
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
  for (const input of Object.keys(result.metafile.inputs)) inputs.add(input);
  mkdirSync(dirname(outfile), { recursive: true });
  writeFileSync(outfile, `'use strict';${result.outputFiles[0].text}`);
}

const committed = join(here, 'NOTICES');
const wanted = allNotices(inputs);
if (writeNotices) {
  writeFileSync(committed, wanted);
} else if (!existsSync(committed) || read(committed) !== wanted) {
  console.error('plugins/functions/node/NOTICES does not fit the npm packages that are bundled: run `npm run notices` in plugins/functions/node and commit it');
  process.exitCode = 1;
}
