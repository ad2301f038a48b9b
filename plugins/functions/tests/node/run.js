// Runs the checks of each builtin under Node.js 20:
//   node run.js [CASE…]      compares with expected.json
//   node run.js --write      writes expected.json, which the tests of isolates compare with
'use strict';
const fs = require('fs');
const path = require('path');
const { isDeepStrictEqual } = require('util');

const folder = path.join(__dirname, 'cases');
const file = path.join(__dirname, 'expected.json');
const text = (error) => (error && typeof error === 'object' ? { threw: error.name, code: error.code, message: error.message } : { threw: String(error) });

async function main() {
  const wanted = process.argv.slice(2).filter((word) => !word.startsWith('--'));
  const write = process.argv.includes('--write');
  const expected = fs.existsSync(file) ? JSON.parse(fs.readFileSync(file)) : {};
  const names = fs.readdirSync(folder).map((name) => name.slice(0, -3)).filter((name) => wanted.length === 0 || wanted.includes(name));
  const results = {};
  for (const name of names) {
    const checks = require(path.join(folder, name));
    results[name] = {};
    for (const check of Object.keys(checks)) {
      let value;
      try {
        value = (await checks[check]()) ?? null;
      } catch (error) {
        value = text(error);
      }
      results[name][check] = JSON.parse(JSON.stringify(value));
      if (!write && !isDeepStrictEqual(results[name][check], expected[name]?.[check])) console.log(`${name}.${check} differs`);
    }
  }
  if (write) fs.writeFileSync(file, `${JSON.stringify(wanted.length > 0 ? { ...expected, ...results } : results, null, 1)}\n`);
}

main();
