'use strict';

// Looks at every value of its arguments, changes what it finds, and answers all of it.
module.exports = async (ctx) => {
  let values = 0;
  let total = 0;
  const touched = (value) => {
    if (Array.isArray(value)) return value.map(touched);
    if (typeof value === 'object' && value !== null) {
      const copy = {};
      for (const key of Object.keys(value)) copy[key] = touched(value[key]);
      return copy;
    }
    values += 1;
    if (typeof value === 'number') {
      total += value;
      return value + 1;
    }
    return typeof value === 'string' ? value.toUpperCase() : !value;
  };
  const orders = touched(ctx.args.orders);
  return { values, total, orders };
};
