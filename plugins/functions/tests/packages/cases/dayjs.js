// UTC, time zones through Intl, custom formats, relative times, durations, the Chinese locale.
const dayjs = require('dayjs');
for (const name of ['utc', 'timezone', 'customParseFormat', 'relativeTime', 'duration', 'isoWeek', 'weekOfYear', 'advancedFormat']) {
  dayjs.extend(require(`dayjs/plugin/${name}`));
}
require('dayjs/locale/zh-cn');

module.exports = async (ctx) => {
  const at = dayjs.utc('2024-02-29T23:05:09.123Z');
  return {
    format: at.format('YYYY-MM-DD HH:mm:ss.SSS [Q]Q Do'), shanghai: at.tz('Asia/Shanghai').format(),
    newYork: at.tz('America/New_York').format('YYYY-MM-DDTHH:mm:ssZ'),
    parsedInZone: dayjs.tz('2024-07-01 12:00', 'America/New_York').toISOString(),
    strict: dayjs.utc('31/12/2023', 'DD/MM/YYYY', true).toISOString(), invalid: dayjs('2023-13-45', 'YYYY-MM-DD', true).isValid(),
    add: at.add(1, 'month').format('MM-DD'), end: at.endOf('month').toISOString(), diff: at.diff('2024-01-01T00:00:00Z', 'hour', true),
    ago: dayjs.utc('2024-01-01').locale('zh-cn').from(dayjs.utc('2024-01-04')), week: [at.isoWeek(), at.week()],
    duration: dayjs.duration({ hours: 1, minutes: 30 }).asMinutes(), iso: dayjs.duration(93784000).toISOString(),
    weekday: at.locale('zh-cn').format('dddd'), unix: dayjs.unix(1700000000).valueOf(), sorted: at.isAfter(dayjs(0)),
  };
};
