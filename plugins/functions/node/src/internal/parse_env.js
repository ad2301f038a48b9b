// `util.parseEnv`: the lines of a `.env` file; ours.
'use strict';
const { validateString } = require('internal/validators');

const line = /^[ \t]*(?:export[ \t]+)?([^\s=#]+)[ \t]*=[ \t]*(?:"([^"]*)"|'([^']*)'|`([^`]*)`|([^\r\n#]*))/gm;

module.exports = (content) => {
  validateString(content, 'content');
  const values = {};
  for (const [, name, double, single, back, plain] of content.matchAll(line)) {
    values[name] = double === undefined ? single ?? back ?? plain.trim() : double.replaceAll('\\n', '\n');
  }
  return values;
};
