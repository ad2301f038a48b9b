'use strict';

// Answers a greeting. Whatever a function returns is what `function.invoke` resolves with.
module.exports = async (ctx) => {
  const name = ctx.args.name || 'world';
  ctx.logger.info(`greeting ${name}`);
  return { message: `Hello, ${name}!` };
};
