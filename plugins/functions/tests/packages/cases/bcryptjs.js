// Password hashes with fixed salts against known ones, synchronous and asynchronous.
const bcrypt = require('bcryptjs');

module.exports = async (ctx) => {
  const salt = '$2a$05$CCCCCCCCCCCCCCCCCCCCC.';
  const fresh = await bcrypt.hash('密码', 4);
  return {
    known: bcrypt.hashSync('U*U', salt), empty: bcrypt.hashSync('', '$2a$06$DCq7YPn5Rq63x1Lad4cll.'),
    later: await bcrypt.hash('U*U*', salt),
    compared: [
      bcrypt.compareSync('U*U', '$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW'), await bcrypt.compare('密码', fresh),
      await bcrypt.compare('x', fresh),
    ],
    rounds: [bcrypt.getRounds(fresh), bcrypt.getSalt(fresh).length, /^\$2[ab]\$04\$.{22}$/.test(bcrypt.genSaltSync(4))],
    callback: await new Promise((resolve) => bcrypt.compare('a', salt, (error, same) => resolve([error && error.message, same ?? null]))),
    bad: await bcrypt.hash('a', 'nope').catch((error) => error.message),
  };
};
