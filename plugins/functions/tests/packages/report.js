// usage.json, and the tables of README.md between its markers, from what `observe.js` noted.
const fs = require('fs');
const path = require('path');

const CASES = path.join(__dirname, 'cases');
const README = path.join(__dirname, 'README.md');
const { dependencies } = require('./package.json');

function about(name) {
  const text = fs.readFileSync(path.join(CASES, `${name}.js`), 'utf8');
  const required = [...text.matchAll(/require\(['"`]([^'"`]+)/g)].map(([, request]) => request);
  const dependency = required.map((request) => request.split('/').slice(0, request.startsWith('@') ? 2 : 1).join('/')).find((request) => request in dependencies);
  const manifest = JSON.parse(fs.readFileSync(path.join(__dirname, 'node_modules', dependency, 'package.json')));
  return { dependency, version: manifest.version, licence: manifest.license, what: text.split('\n')[0].replace(/^\/\/ */, '') };
}

const cell = (text) => String(text).replace(/\|/g, '\\|');
const table = (head, rows) => [head, head.map(() => '---'), ...rows].map((row) => `| ${row.map(cell).join(' | ')} |`).join('\n');

/** How many cases each name occurs in, the most frequent first. */
function frequency(usage, kind) {
  const counts = new Map();
  for (const [name, noted] of Object.entries(usage)) {
    for (const used of Object.keys(noted[kind])) counts.set(used, [...(counts.get(used) ?? []), name]);
  }
  return [...counts].sort(([a, x], [b, y]) => y.length - x.length || (a < b ? -1 : 1));
}

/** `member (n)` for the members of one builtin or global, by the number of cases that called or read it. */
function members(usage, kind, name, how) {
  const counts = new Map();
  for (const noted of Object.values(usage)) {
    for (const member of noted[kind][name]?.[how] ?? []) counts.set(member, (counts.get(member) ?? 0) + 1);
  }
  return [...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)).map(([member, count]) => `${member} ${count}`).join(', ');
}

function absentRows(usage) {
  const counts = new Map();
  for (const { absent } of Object.values(usage)) for (const one of absent) counts.set(one, (counts.get(one) ?? 0) + 1);
  return [...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)).map(([one, count]) => [`\`${one}\``, count]);
}

function write(usage) {
  // What only the case itself requires says nothing about its package.
  for (const noted of Object.values(usage)) {
    noted.builtins = Object.fromEntries(Object.entries(noted.builtins).filter(([, { by }]) => by.some((one) => one !== 'case')));
  }
  fs.writeFileSync(path.join(__dirname, 'usage.json'), `${JSON.stringify(usage, null, 1)}\n`);
  const code = (list) => list.map((name) => `\`${name}\``).join(' ');
  const packages = Object.entries(usage).map(([name, noted]) => {
    const { dependency, version, licence, what } = about(name);
    return [dependency, version, licence, what, code(Object.keys(noted.builtins)) || 'none', noted.files, Math.round(noted.bytes / 1024)];
  });
  const builtins = frequency(usage, 'builtins');
  const parts = {
    packages: table(['package', 'version', 'licence', 'what is exercised', 'builtins loaded', 'files', 'KiB'], packages),
    builtins: table(['builtin', 'packages', 'which'], builtins.map(([name, list]) => [`\`${name}\``, list.length, list.join(', ')])),
    members: table(['builtin', 'functions called (packages)', 'other members read (packages)'], builtins.map(([name]) => {
      const called = new Set(members(usage, 'builtins', name, 'called').split(', ').map((one) => one.split(' ')[0]));
      const read = members(usage, 'builtins', name, 'read').split(', ').filter((one) => !called.has(one.split(' ')[0])).join(', ');
      return [`\`${name}\``, members(usage, 'builtins', name, 'called'), read.length > 600 ? `${read.slice(0, read.lastIndexOf(',', 600))}, … (all in usage.json)` : read];
    })),
    globals: table(['global', 'packages', 'members'], frequency(usage, 'globals').map(([name, list]) => [`\`${name}\``, list.length, members(usage, 'globals', name, 'read')])),
    absent: table(['asked for and not there', 'packages'], absentRows(usage)),
  };
  let text = fs.readFileSync(README, 'utf8');
  for (const [name, content] of Object.entries(parts)) {
    text = text.replace(new RegExp(`(<!-- ${name} -->\n)[^]*?(<!-- /${name} -->)`), (all, open, close) => `${open}${content}\n${close}`);
  }
  fs.writeFileSync(README, text);
}

module.exports = { write };
