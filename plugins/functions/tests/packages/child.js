// One case in this process: the context of a cloud function as far as the cases use it, the answer to the parent.
const path = require('path');
const util = require('util');

const [, , name, url, observe] = process.argv;
const logger = Object.fromEntries(['debug', 'info', 'warn', 'error'].map((level) => [level, (...args) => util.format(...args)]));
const ctx = { args: { ...require('./args.json'), url }, env: { MP_SPACE_ID: 'space-1', MP_SOURCE: 'client' }, logger };

async function main() {
  // Taken before the observer replaces the globals.
  const { exit, send } = { exit: process.exit.bind(process), send: process.send.bind(process) };
  const usage = observe ? require('./observe').start() : undefined;
  let answer;
  try {
    const value = await require(path.join(__dirname, 'cases', name))(ctx);
    // Only what JSON can say reaches a caller.
    answer = { value: JSON.parse(JSON.stringify(value)), usage: usage?.() };
  } catch (error) {
    answer = { error: error.stack };
  }
  send(answer, () => exit(0));
}

main();
