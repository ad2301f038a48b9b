// The table of `console.table`.
'use strict';
const { inspect, getStringWidth } = require('internal/inspect');

const shown = (value) => inspect(value, { maxArrayLength: 3, breakLength: Infinity, depth: value !== null && typeof value === 'object' && !Array.isArray(value) && Object.keys(value).length > 2 ? -1 : 0 });

function render(head, columns) {
  const rows = Math.max(...columns.map((column) => column.length));
  const widths = columns.map((column, index) => Math.max(getStringWidth(head[index]), ...column.map((cell) => getStringWidth(cell ?? ''))) + 2);
  const line = (left, middle, right) => left + widths.map((width) => '\u2500'.repeat(width)).join(middle) + right;
  const row = (cells) => {
    const padded = cells.map((cell, index) => ` ${cell}${' '.repeat(widths[index] - getStringWidth(cell) - 1)}`);
    return `\u2502${padded.join('\u2502')}\u2502`;
  };
  const lines = [line('\u250c', '\u252c', '\u2510'), row(head), line('\u251c', '\u253c', '\u2524')];
  for (let i = 0; i < rows; i++) lines.push(row(columns.map((column) => column[i] ?? '')));
  lines.push(line('\u2514', '\u2534', '\u2518'));
  return lines.join('\n');
}

module.exports = (rows, wanted) => {
  if (rows instanceof Map) {
    const entries = [...rows];
    return render(['(iteration index)', 'Key', 'Values'], [entries.map((_, index) => `${index}`), entries.map(([key]) => shown(key)), entries.map(([, value]) => shown(value))]);
  }
  if (rows instanceof Set) {
    const values = [...rows];
    return render(['(iteration index)', 'Values'], [values.map((_, index) => `${index}`), values.map(shown)]);
  }
  const keys = Object.keys(rows);
  const columns = new Map((wanted ?? []).map((name) => [name, []]));
  const values = [];
  let hasValues = false;
  keys.forEach((key, index) => {
    const row = rows[key];
    if (row === null || (typeof row !== 'object' && typeof row !== 'function')) {
      values[index] = shown(row);
      hasValues = true;
      return;
    }
    for (const name of wanted ?? Object.keys(row)) {
      if (!columns.has(name)) columns.set(name, []);
      columns.get(name)[index] = Object.hasOwn(row, name) ? shown(row[name]) : '';
    }
  });
  const head = ['(index)', ...columns.keys(), ...(hasValues ? ['Values'] : [])];
  return render(head, [keys, ...columns.values(), ...(hasValues ? [values] : [])].map((column) => Array.from({ length: keys.length }, (_, index) => column[index] ?? '')));
};
