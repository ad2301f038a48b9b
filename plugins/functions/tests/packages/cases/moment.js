// Parsing, UTC formats, arithmetic, differences, the Chinese locale, durations.
const moment = require('moment');
require('moment/locale/zh-cn');

module.exports = async (ctx) => {
  const at = moment.utc('2024-02-29T08:05:09.123Z').locale('en');
  const shanghai = at.clone().utcOffset(8);
  return {
    iso: at.toISOString(), shanghai: shanghai.format(), custom: shanghai.format('YYYY-MM-DD HH:mm:ss.SSS Z'),
    english: at.format('dddd, MMMM Do YYYY, h:mm a'), chinese: shanghai.clone().locale('zh-cn').format('LLLL'),
    nextYear: at.clone().add(1, 'year').format('YYYY-MM-DD'), endOfMonth: at.clone().endOf('month').toISOString(),
    week: [at.isoWeek(), at.isoWeekday(), at.dayOfYear(), at.quarter()], leap: at.isLeapYear(),
    parsed: moment.utc('05/03/2024 14-30', 'DD/MM/YYYY HH-mm', true).valueOf(),
    invalid: [moment('2023-02-29', 'YYYY-MM-DD', true).isValid(), moment.utc('nope', moment.ISO_8601).isValid()],
    diff: at.diff(moment.utc('2020-02-29'), 'days'), between: at.isBetween('2024-01-01', '2024-12-31'),
    from: moment.utc('2024-01-01').locale('zh-cn').from(moment.utc('2024-01-04')), duration: moment.duration('P1DT2H30M').asMinutes(),
    human: moment.duration(90, 'minutes').locale('en').humanize(), json: JSON.stringify({ at }),
    unix: moment.unix(1700000000).utc().format('X x'),
  };
};
