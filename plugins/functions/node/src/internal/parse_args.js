// `util.parseArgs`; ours.
'use strict';
const { make, invalidArgType } = require('internal/errors');
const { validateObject, validateArray, validateBoolean, validateOneOf } = require('internal/validators');

function store(values, options, name, value, negative) {
  if (name === '__proto__') return;
  const given = options[name];
  const own = value ?? !negative;
  if (given?.multiple) (values[name] ??= []).push(own);
  else values[name] = own;
}

function check(options, token, config) {
  if (!config.strict) return;
  const { name, rawName, value } = token;
  const option = options[name];
  if (option === undefined) {
    const hint = config.allowPositionals ? `. To specify a positional argument starting with a '-', place it at the end of the command after '--', as in '-- "${rawName}"` : '';
    throw make(TypeError, 'ERR_PARSE_ARGS_UNKNOWN_OPTION', `Unknown option '${rawName}'${hint}`);
  }
  const shown = `${option.short ? `-${option.short}, ` : ''}--${name}`;
  if (option.type === 'string' && typeof value !== 'string') throw make(TypeError, 'ERR_PARSE_ARGS_INVALID_OPTION_VALUE', `Option '${shown} <value>' argument missing`);
  if (option.type === 'boolean' && value !== undefined) throw make(TypeError, 'ERR_PARSE_ARGS_INVALID_OPTION_VALUE', `Option '${shown}' does not take an argument`);
  if (token.inlineValue === false && value?.length > 1 && value.startsWith('-')) {
    const example = rawName.startsWith('--') ? `'${rawName}=-XYZ'` : `'--${name}=-XYZ' or '${rawName}-XYZ'`;
    throw make(TypeError, 'ERR_PARSE_ARGS_INVALID_OPTION_VALUE', `Option '${rawName}' argument is ambiguous.\nDid you forget to specify the option argument for '${rawName}'?\nTo specify an option argument starting with a dash use ${example}.`);
  }
}

function tokenize(args, options) {
  const tokens = [];
  const byShort = (letter) => Object.keys(options).find((name) => options[name].short === letter) ?? letter;
  const takesValue = (name) => options[name]?.type === 'string';
  const queue = args.map((arg, index) => ({ arg, index }));
  while (queue.length > 0) {
    const { arg, index } = queue.shift();
    if (arg === '--') {
      tokens.push({ kind: 'option-terminator', index });
      for (const rest of queue) tokens.push({ kind: 'positional', index: rest.index, value: rest.arg });
      break;
    }
    if (/^-[^-]/.test(arg)) {
      const name = byShort(arg[1]);
      if (takesValue(name) && arg.length > 2) tokens.push({ kind: 'option', name, rawName: `-${arg[1]}`, index, value: arg.slice(2), inlineValue: true });
      else if (takesValue(name)) {
        const next = queue[0]?.arg;
        if (next !== undefined) queue.shift();
        tokens.push({ kind: 'option', name, rawName: arg, index, value: next, inlineValue: next === undefined ? undefined : false });
      } else {
        tokens.push({ kind: 'option', name, rawName: `-${arg[1]}`, index, value: undefined, inlineValue: undefined });
        if (arg.length > 2) queue.unshift({ arg: `-${arg.slice(2)}`, index });
      }
    } else if (/^--./.test(arg)) {
      const at = arg.indexOf('=', 2);
      const name = at < 0 ? arg.slice(2) : arg.slice(2, at);
      if (at >= 0) tokens.push({ kind: 'option', name, rawName: `--${name}`, index, value: arg.slice(at + 1), inlineValue: true });
      else if (takesValue(name)) {
        const next = queue[0]?.arg;
        if (next !== undefined) queue.shift();
        tokens.push({ kind: 'option', name, rawName: arg, index, value: next, inlineValue: next === undefined ? undefined : false });
      } else tokens.push({ kind: 'option', name, rawName: arg, index, value: undefined, inlineValue: undefined });
    } else tokens.push({ kind: 'positional', index, value: arg });
  }
  return tokens;
}

module.exports = (given = {}) => {
  validateObject(given, 'config');
  const { args = [], options = {}, strict = true, allowNegative = false, tokens: wanted = false } = given;
  const config = { strict, allowPositionals: given.allowPositionals ?? !strict };
  validateArray(args, 'args');
  validateObject(options, 'options');
  for (const [name, option] of Object.entries(options)) {
    validateObject(option, `options.${name}`);
    validateOneOf(option.type, `options.${name}.type`, ['string', 'boolean']);
    if (option.multiple !== undefined) validateBoolean(option.multiple, `options.${name}.multiple`);
    if (option.short !== undefined && (typeof option.short !== 'string' || option.short.length !== 1)) throw invalidArgType(`options.${name}.short`, 'string', option.short);
  }
  const values = { __proto__: null };
  const positionals = [];
  const tokens = tokenize([...args], options);
  for (const token of tokens) {
    if (token.kind === 'positional') {
      if (!config.allowPositionals) throw make(TypeError, 'ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL', `Unexpected argument '${token.value}'. This command does not take positional arguments`);
      positionals.push(token.value);
    } else if (token.kind === 'option') {
      const negative = allowNegative && token.name.startsWith('no-') && options[token.name] === undefined;
      if (negative) token.name = token.name.slice(3);
      check(options, token, config);
      store(values, options, token.name, token.value, negative);
    }
  }
  for (const [name, option] of Object.entries(options)) {
    if (option.default !== undefined && values[name] === undefined) values[name] = option.default;
  }
  return wanted ? { values, positionals, tokens } : { values, positionals };
};
