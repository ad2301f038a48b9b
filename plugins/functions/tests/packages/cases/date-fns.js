// Parsing, formats, arithmetic, intervals and the Chinese locale, free of the machine's time zone.
const { parse, format, formatISO, parseISO, add, differenceInCalendarDays, eachDayOfInterval, endOfMonth, isWeekend, getISOWeek,
  formatDistance, intervalToDuration, isValid, startOfWeek, closestTo, areIntervalsOverlapping } = require('date-fns');
const { zhCN } = require('date-fns/locale');

module.exports = async (ctx) => {
  const day = parse('2024-02-29 08:05', 'yyyy-MM-dd HH:mm', new Date(2000, 0, 1));
  const text = (date) => format(date, 'yyyy-MM-dd HH:mm:ss');
  return {
    formatted: format(day, "EEEE, do MMMM yyyy 'at' h:mm a"), chinese: format(day, 'PPPP', { locale: zhCN }),
    date: formatISO(day, { representation: 'date' }), instant: parseISO('2024-02-29T08:05:00+08:00').toISOString(),
    added: text(add(day, { years: 1, months: 1, hours: 3 })), month: text(endOfMonth(day)),
    week: [getISOWeek(day), text(startOfWeek(day, { weekStartsOn: 1 }))], days: differenceInCalendarDays(new Date(2024, 11, 25), day),
    weekend: eachDayOfInterval({ start: day, end: new Date(2024, 2, 4) }).filter(isWeekend).map((date) => format(date, 'MM-dd')),
    distance: formatDistance(new Date(2024, 0, 1), new Date(2024, 0, 4), { locale: zhCN, addSuffix: true }),
    duration: intervalToDuration({ start: new Date(2024, 0, 1), end: new Date(2024, 1, 3, 4, 5) }), invalid: isValid(new Date('nope')),
    closest: text(closestTo(day, [new Date(2024, 0, 1), new Date(2024, 2, 1)])),
    overlap: areIntervalsOverlapping({ start: new Date(2024, 0, 1), end: new Date(2024, 0, 5) }, { start: new Date(2024, 0, 4), end: new Date(2024, 0, 9) }),
  };
};
