'use strict';

const Ajv = require('ajv');
const dayjs = require('dayjs');
const _ = require('lodash');

const check = new Ajv().compile({ type: 'object', properties: { name: { type: 'string' } }, required: ['name'] });

module.exports = async (ctx) => {
  if (!check(ctx.args)) throw new Error('no name');
  const day = dayjs('2026-01-31').add(1, 'month').format('YYYY-MM-DD');
  return { message: `Hello, ${_.trim(ctx.args.name)}!`, day, groups: _.groupBy([1, 2, 3], (n) => n % 2) };
};
