// `util.format` and a compact `util.inspect`, for log lines.
(function (internal) {
  'use strict';

  const { stringify } = JSON;
  const { isArray } = Array;
  const { keys, prototype } = Object;
  const toText = String;
  const maxDepth = 3;
  const maxItems = 100;

  function tag(value) {
    return Reflect.apply(prototype.toString, value, []);
  }

  function inspectError(error) {
    return typeof error.stack === 'string' && error.stack.includes(error.message) ? error.stack : `${error.name}: ${error.message}\n${error.stack || ''}`.trimEnd();
  }

  function list(items, open, close) {
    if (items.length === 0) return open + close;
    const line = `${open} ${items.join(', ')} ${close}`;
    return line.length <= 76 && !line.includes('\n') ? line : `${open}\n  ${items.join(',\n').replaceAll('\n', '\n  ')}\n${close}`;
  }

  function inspect(value, depth = 0, seen = []) {
    switch (typeof value) {
      case 'string':
        return depth === 0 ? value : `'${value.replaceAll("'", "\\'").replaceAll('\n', '\\n')}'`;
      case 'bigint':
        return `${value}n`;
      case 'symbol':
        return toText(value);
      case 'function':
        return value.name ? `[Function: ${value.name}]` : '[Function (anonymous)]';
      case 'object':
        break;
      default:
        return Object.is(value, -0) ? '-0' : toText(value);
    }
    if (value === null) return 'null';
    if (value instanceof Error) return depth === 0 ? inspectError(value) : `[${value.name}: ${value.message}]`;
    if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString();
    if (value instanceof RegExp) return toText(value);
    if (seen.includes(value)) return '[Circular]';
    if (depth > maxDepth) return isArray(value) ? '[Array]' : '[Object]';

    seen = [...seen, value];
    const nested = (inner) => inspect(inner, depth + 1, seen);
    if (isArray(value)) {
      const items = value.slice(0, maxItems).map(nested);
      if (value.length > maxItems) items.push(`... ${value.length - maxItems} more items`);
      return list(items, '[', ']');
    }
    if (value instanceof Map) {
      return `Map(${value.size}) ${list([...value].slice(0, maxItems).map(([k, v]) => `${nested(k)} => ${nested(v)}`), '{', '}')}`;
    }
    if (value instanceof Set) {
      return `Set(${value.size}) ${list([...value].slice(0, maxItems).map(nested), '{', '}')}`;
    }
    if (value instanceof Promise) return 'Promise {}';
    const name = value.constructor && value.constructor.name;
    const prefix = name && name !== 'Object' ? `${name} ` : tag(value) === '[object Object]' ? '' : `${tag(value)} `;
    const fields = keys(value);
    const items = fields.slice(0, maxItems).map((key) => `${/^[A-Za-z_$][\w$]*$/.test(key) ? key : `'${key}'`}: ${nested(value[key])}`);
    if (fields.length > maxItems) items.push(`... ${fields.length - maxItems} more keys`);
    return prefix + list(items, '{', '}');
  }

  function json(value) {
    try {
      return stringify(value);
    } catch (error) {
      if (error instanceof TypeError && /circular/i.test(error.message)) return '[Circular]';
      throw error;
    }
  }

  function number(value, convert) {
    if (typeof value === 'bigint') return `${value}n`;
    return typeof value === 'symbol' ? 'NaN' : toText(convert(value));
  }

  const placeholders = {
    __proto__: null,
    s: (value) => (typeof value === 'object' && value !== null && !(value instanceof Error) ? inspect(value, 1) : typeof value === 'bigint' ? `${value}n` : typeof value === 'object' ? inspect(value) : toText(value)),
    d: (value) => (typeof value === 'object' && value !== null ? 'NaN' : number(value, Number)),
    i: (value) => (typeof value === 'object' && value !== null ? 'NaN' : number(value, parseInt)),
    f: (value) => (typeof value === 'symbol' ? 'NaN' : toText(parseFloat(value))),
    j: json,
    o: (value) => inspect(value, 1),
    O: (value) => inspect(value, 1),
    c: () => '',
  };

  function format(first, ...rest) {
    let used = 0;
    let text;
    if (typeof first === 'string') {
      text = rest.length === 0 ? first : first.replace(/%([sdifjoOc%])/g, (whole, kind) => {
        if (kind === '%') return '%';
        return used < rest.length ? toText(placeholders[kind](rest[used++])) : whole;
      });
    } else {
      text = inspect(first, typeof first === 'object' && !(first instanceof Error) ? 1 : 0);
    }
    for (; used < rest.length; used++) {
      const value = rest[used];
      text += ` ${typeof value === 'string' ? value : inspect(value, typeof value === 'object' && !(value instanceof Error) ? 1 : 0)}`;
    }
    return text;
  }

  internal.format = format;
});
