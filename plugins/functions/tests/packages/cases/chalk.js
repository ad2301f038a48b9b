// Colours at fixed levels, nesting, templates, 256 and true colours.
const chalk = require('chalk');

module.exports = async (ctx) => {
  const one = new chalk.Instance({ level: 1 });
  const rich = new chalk.Instance({ level: 3 });
  const none = new chalk.Instance({ level: 0 });
  return {
    red: one.red('错误'), nested: one.bold.green(`a ${one.underline.blue('b')} c`), lines: one.bgYellow('x\ny'),
    hex: rich.hex('#ff8800')('o'), rgb: rich.bgRgb(1, 2, 3).inverse('x'), ansi256: new chalk.Instance({ level: 2 }).hex('#ff8800')('o'),
    template: one`{red.bold ${'变量'} {dim small}}`, none: none.red('plain'), visible: none.visible('gone'), level: typeof chalk.level,
    support: typeof chalk.supportsColor,
  };
};
