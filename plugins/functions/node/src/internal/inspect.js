// `util.inspect` and `util.format`: npm `node-inspect-extracted`, which is Node.js's own code without what needs the engine.
'use strict';
const { inspect, format, formatWithOptions, stripVTControlCharacters, getStringWidth } = require('node-inspect-extracted');

// The state of a promise is the engine's to tell.
Object.defineProperty(Promise.prototype, inspect.custom, {
  value(depth, options, nested) {
    if (ops.kind(this) !== 'Promise') return this;
    const name = Object.getPrototypeOf(this)?.constructor?.name ?? 'Promise';
    const prefix = name === 'Promise' ? 'Promise' : `${name} [Promise]`;
    if (depth < 0) return options.stylize(`[${name}]`, 'special');
    const [state, value] = ops.promise_details(this);
    if (state === 0) return `${prefix} { ${options.stylize('<pending>', 'special')} }`;
    const inner = nested(value, { ...options, depth: options.depth === null ? null : options.depth - 1 });
    const shown = state === 2 ? `${options.stylize('<rejected>', 'special')} ${inner}` : inner;
    return shown.includes('\n') || shown.length > 72 ? `${prefix} {\n  ${shown.replaceAll('\n', '\n  ')}\n}` : `${prefix} { ${shown} }`;
  },
  enumerable: false,
  writable: true,
  configurable: true,
});

// So is what an iterator still gives.
for (const [iterator, name] of [[new Map().entries(), 'Map'], [new Set().values(), 'Set']]) {
  Object.defineProperty(Object.getPrototypeOf(iterator), inspect.custom, {
    value(depth, options, nested) {
      const preview = ops.preview(this);
      if (preview === undefined) return this;
      const [list, pairs] = preview;
      const tag = `[${name} ${pairs ? 'Entries' : 'Iterator'}]`;
      if (depth < 0) return options.stylize(`[${name} Iterator]`, 'special');
      const items = pairs ? Array.from({ length: list.length / 2 }, (_, index) => [list[2 * index], list[2 * index + 1]]) : list;
      const shown = nested(items, options);
      return items.length === 0 ? `${tag} {  }` : `${tag} {${shown.slice(1, -1)}}`;
    },
    enumerable: false,
    writable: true,
    configurable: true,
  });
}

module.exports = { inspect, format, formatWithOptions, stripVTControlCharacters, getStringWidth };
