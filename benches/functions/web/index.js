'use strict';

const axios = require('axios');
const jwt = require('jsonwebtoken');

const SECRET = 'a secret of the benches';

module.exports = async (ctx) => {
  const { name } = jwt.verify(jwt.sign({ name: ctx.args.name }, SECRET), SECRET);
  return { message: `Hello, ${name}!`, uri: axios.getUri({ url: '/hello', params: { name } }) };
};
