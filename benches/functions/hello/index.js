'use strict';

// The function that mpcloud and workerd both serve.
module.exports = async (ctx) => ({ message: `Hello, ${ctx.args.name}!` });
