// Runs the cases under Node.js, each in a process of its own, against one local server.
//   node run.js [CASE…]            compares with expected.json
//   node run.js --write [CASE…]    writes expected.json
//   node run.js --report           writes usage.json and the tables of README.md
const { fork } = require('child_process');
const { isDeepStrictEqual } = require('util');
const fs = require('fs');
const path = require('path');

const CASES = path.join(__dirname, 'cases');
const EXPECTED = path.join(__dirname, 'expected.json');
const LIMIT_MS = 30_000;

function names(wanted) {
  const all = fs.readdirSync(CASES).filter((file) => file.endsWith('.js')).map((file) => file.slice(0, -3)).sort();
  const unknown = wanted.filter((name) => !all.includes(name));
  if (unknown.length > 0) throw new Error(`no such case: ${unknown.join(', ')}`);
  return wanted.length > 0 ? wanted : all;
}

/** One case in a child with almost no environment; `observe` also notes which builtins and globals it uses. */
function run(name, url, observe) {
  return new Promise((resolve) => {
    const env = { PATH: process.env.PATH, TZ: process.env.TZ || 'Asia/Shanghai' };
    const child = fork(path.join(__dirname, 'child.js'), [name, url, observe ? 'observe' : ''], { env, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    let answer = { error: 'the process ended without an answer' };
    const timer = setTimeout(() => { answer = { error: `no answer in ${LIMIT_MS} ms` }; child.kill('SIGKILL'); }, LIMIT_MS);
    child.on('message', (message) => { answer = message; });
    child.on('close', () => { clearTimeout(timer); resolve(answer); });
  });
}

async function main() {
  const flags = process.argv.slice(2).filter((word) => word.startsWith('--'));
  const wanted = names(process.argv.slice(2).filter((word) => !word.startsWith('--')));
  const expected = fs.existsSync(EXPECTED) ? JSON.parse(fs.readFileSync(EXPECTED)) : {};
  const { server, url } = await require('./server').start();
  const usage = {};
  let passed = 0;
  let failed = 0;
  for (const name of wanted) {
    const answer = await run(name, url, flags.includes('--report'));
    const ok = !answer.error && (flags.includes('--write') || isDeepStrictEqual(answer.value, expected[name]));
    if (ok) {
      passed += 1;
      expected[name] = answer.value;
      usage[name] = answer.usage;
    } else {
      failed += 1;
      console.error(`${name}: ${answer.error ?? difference(answer.value, expected[name])}`);
    }
  }
  server.close();
  server.closeAllConnections();
  if (flags.includes('--write')) {
    const sorted = Object.fromEntries(Object.entries(expected).sort(([a], [b]) => (a < b ? -1 : 1)));
    fs.writeFileSync(EXPECTED, `${JSON.stringify(sorted, null, 1)}\n`);
  }
  if (flags.includes('--report') && failed === 0) require('./report').write(usage);
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed > 0 ? 1 : 0;
}

/** The first key whose value differs, with both values. */
function difference(got, wanted) {
  for (const key of Object.keys({ ...wanted, ...got })) {
    if (!isDeepStrictEqual(got?.[key], wanted?.[key])) return `${key}: got ${JSON.stringify(got?.[key])}, expected ${JSON.stringify(wanted?.[key])}`;
  }
  return 'differs';
}

main();
