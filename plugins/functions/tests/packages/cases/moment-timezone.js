// Named zones from the package's own data: daylight saving, conversion, parsing in a zone.
const moment = require('moment-timezone');

module.exports = async (ctx) => {
  const at = moment.utc('2024-03-10T09:59:59Z');
  return {
    zones: ['Asia/Shanghai', 'America/Los_Angeles', 'Europe/London', 'Asia/Kolkata'].map((zone) => at.clone().tz(zone).format()),
    afterJump: at.clone().add(1, 'second').tz('America/Los_Angeles').format('YYYY-MM-DD HH:mm z Z'),
    parsed: moment.tz('2024-11-03 01:30', 'America/New_York').toISOString(),
    startOfDay: moment.tz('2024-06-01 12:00', 'Asia/Shanghai').startOf('day').utc().format(),
    offset: moment.tz.zone('Asia/Tokyo').utcOffset(0), known: moment.tz.names().includes('Asia/Urumqi'),
    unknown: moment.tz.zone('Mars/Base'), inZone: at.tz('Asia/Tokyo').tz(),
  };
};
