//! The cron dialect of timers (manual, 2.9): what a text may be, and when it is due.
//!
//! `cron:` and six fields, one space between them: second, minute, hour, day, month, weekday. The
//! manual's first example has five and means "every full hour", so that five fields are taken as
//! well: they begin with the minute, and the second is 0.

mod due;
mod field;

use sdk_plugin::contract::management::INVALID_PARAMETER;
use sdk_plugin::{Error, Result};

use field::Field;

/// The longest text, in bytes.
const MAX_LENGTH: usize = 256;

const HOUR: Field = Field { name: "hour", from: 0, to: 23, names: &[], any: false };
const DAY: Field = Field { name: "day", from: 1, to: 31, names: &[], any: true };
const MONTH: Field = Field {
    name: "month",
    from: 1,
    to: 12,
    names: &["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"],
    any: false,
};
/// 0 and 7 are both Sunday.
const WEEKDAY: Field = Field { name: "weekday", from: 0, to: 7, names: &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"], any: true };

/// How many days each month has at most.
const DAYS: [u32; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/// When a timer is due. Sets are bits: bit 5 of `hours` is five o'clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    second: u32,
    minute: u32,
    hours: u32,
    days: u32,
    months: u32,
    /// Bit 0 is Sunday.
    weekdays: u32,
}

impl Schedule {
    /// Reads a text.
    ///
    /// # Errors
    /// `InvalidParameter` with the rule that it breaks.
    pub fn parse(text: &str) -> Result<Self> {
        let fields = text
            .strip_prefix("cron:")
            .ok_or_else(|| invalid(format!("`{}` must begin with `cron:`, as `cron:0 0 * * * *` does", shown(text))))?;
        if text.len() > MAX_LENGTH {
            return Err(invalid(format!("it must have at most {MAX_LENGTH} characters")));
        }
        if fields.is_empty() {
            return Err(invalid("after `cron:` must follow six fields: second, minute, hour, day, month, weekday"));
        }
        if fields.contains(|c: char| c.is_whitespace() && c != ' ') || fields.split(' ').any(str::is_empty) {
            return Err(invalid("there must be one space between two fields, and no other spaces"));
        }
        let fields: Vec<&str> = fields.split(' ').collect();
        let [second, minute, hour, day, month, weekday] = match fields[..] {
            [minute, hour, day, month, weekday] => ["0", minute, hour, day, month, weekday],
            [second, minute, hour, day, month, weekday] => [second, minute, hour, day, month, weekday],
            [_, _, _, _, _, _, _] => return Err(invalid("a year cannot be given: there must be six fields, from second to weekday")),
            _ => {
                let count = fields.len();
                return Err(invalid(format!("there must be six fields (second, minute, hour, day, month, weekday), not {count}")));
            }
        };
        let schedule = Self {
            second: number("second", second)?,
            minute: number("minute", minute)?,
            hours: HOUR.set(hour)?,
            days: DAY.set(day)?,
            months: MONTH.set(month)?,
            weekdays: week(WEEKDAY.set(weekday)?),
        };
        if !is_any(day) && !is_any(weekday) {
            return Err(invalid(format!("day `{day}` and weekday `{weekday}` cannot both be given: one of them must be `*` or `?`")));
        }
        let exists =
            (1..).zip(DAYS).any(|(month, days)| schedule.months >> month & 1 == 1 && (1..=days).any(|day| schedule.days >> day & 1 == 1));
        if !exists {
            return Err(invalid(format!("it is never due: month `{month}` has no day `{day}`")));
        }
        Ok(schedule)
    }
}

fn is_any(text: &str) -> bool {
    matches!(text, "*" | "?")
}

/// A set of days of the week in which Sunday is 0 only.
fn week(set: u32) -> u32 {
    (set | set >> 7) & 0x7f
}

/// A second or a minute: timers are due once an hour at most, so they are one number.
fn number(name: &str, text: &str) -> Result<u32> {
    field::digits(text).filter(|n| *n < 60).ok_or_else(|| {
        invalid(format!("the {name} must be one number from 0 to 59, not `{}`: a timer is due once an hour at most", shown(text)))
    })
}

fn invalid(why: impl AsRef<str>) -> Error {
    Error::new(INVALID_PARAMETER, format!("TimingTriggerConfig: {}", why.as_ref()))
}

/// A piece of a text that may be long.
fn shown(text: &str) -> String {
    text.chars().take(40).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn why(text: &str) -> String {
        let error = Schedule::parse(text).expect_err(text);
        assert_eq!(error.code(), INVALID_PARAMETER);
        error.message().strip_prefix("TimingTriggerConfig: ").unwrap().to_owned()
    }

    fn bits(set: impl IntoIterator<Item = u32>) -> u32 {
        set.into_iter().fold(0, |bits, n| bits | 1 << n)
    }

    #[test]
    fn the_manuals_examples_are_read() {
        let hourly = Schedule::parse("cron:0 0 * * * *").unwrap();
        assert_eq!((hourly.second, hourly.minute, hourly.hours), (0, 0, bits(0..24)));
        assert_eq!(Schedule::parse("cron:00 * * * *").unwrap(), hourly, "five fields begin with the minute");
        assert_eq!(Schedule::parse("cron:0 0 2,3,4 * * *").unwrap().hours, bits([2, 3, 4]));
        assert_eq!(Schedule::parse("cron:0 0 0 1-5 * ?").unwrap().days, bits(1..=5));
        assert_eq!(Schedule::parse("cron:0 0 1/10 * * ?").unwrap().hours, bits([1, 11, 21]));
        assert_eq!(Schedule::parse("cron:30 59 23 ? JAN,DEC MON-FRI").unwrap().months, bits([1, 12]));
    }

    #[test]
    fn sets_are_lists_of_numbers_ranges_and_steps() {
        let hours = |text: &str| Schedule::parse(&format!("cron:0 0 {text} * * ?")).unwrap().hours;
        assert_eq!(hours("*/6"), bits([0, 6, 12, 18]));
        assert_eq!(hours("8-18/5"), bits([8, 13, 18]));
        assert_eq!(hours("1,5-7,20/2"), bits([1, 5, 6, 7, 20, 22]));
        assert_eq!(hours("08"), bits([8]));
        let weekdays = |text: &str| Schedule::parse(&format!("cron:0 0 0 ? * {text}")).unwrap().weekdays;
        assert_eq!(weekdays("0"), bits([0]));
        assert_eq!(weekdays("7"), bits([0]));
        assert_eq!(weekdays("SUN"), bits([0]));
        assert_eq!(weekdays("5-7"), bits([5, 6, 0]));
        assert_eq!(weekdays("SAT-SUN"), bits([6, 0]));
        assert_eq!(weekdays("SUN-TUE"), bits([0, 1, 2]));
        assert_eq!(weekdays("MON-SUN"), bits(0..7));
        assert_eq!(weekdays("*"), bits(0..7));
    }

    #[test]
    fn every_restriction_has_a_text_of_its_own() {
        for (text, says) in [
            ("0 0 * * * *", "must begin with `cron:`"),
            ("Cron:0 0 * * * *", "must begin with `cron:`"),
            ("cron:", "must follow six fields"),
            ("cron: 0 0 * * * *", "one space between two fields"),
            ("cron:0 0 * * * * ", "one space between two fields"),
            ("cron:0  0 * * * *", "one space between two fields"),
            ("cron:0\t0 * * * *", "one space between two fields"),
            ("cron:0 0 * * * * 2026", "a year cannot be given"),
            ("cron:0 0 * *", "not 4"),
            ("cron:0 0 * * * * * *", "not 8"),
            ("cron:* 0 * * * *", "the second must be one number from 0 to 59, not `*`"),
            ("cron:60 0 * * * *", "the second must be"),
            ("cron:0 */5 * * * *", "the minute must be one number from 0 to 59, not `*/5`"),
            ("cron:0 1,2 * * * *", "the minute must be"),
            ("cron:0 +1 * * * *", "the minute must be"),
            ("cron:0 0 24 * * *", "the hour `24` is not from 0 to 23"),
            ("cron:0 0 ? * * *", "`?` is for day and weekday only"),
            ("cron:0 0 0 * ? *", "`?` is for day and weekday only"),
            ("cron:0 0 0 0 * *", "the day `0` is not from 1 to 31"),
            ("cron:0 0 0 32 * *", "the day `32` is not from 1 to 31"),
            ("cron:0 0 0 * 13 *", "the month `13` is not from 1 to 12"),
            ("cron:0 0 0 * jan *", "the month `jan` is not from 1 to 12, or one of JAN"),
            ("cron:0 0 0 * * 8", "the weekday `8` is not from 0 to 7"),
            ("cron:0 0 0 * * Mon", "in capitals"),
            ("cron:0 0 5-3 * * *", "the range `5-3` of the hour ends before it begins"),
            ("cron:0 0 */0 * * *", "the step `0` of the hour is not from 1 to 23"),
            ("cron:0 0 */x * * *", "the step `x` of the hour"),
            ("cron:0 0 1/2/3 * * *", "the step `2/3` of the hour"),
            ("cron:0 0 1,,2 * * *", "the hour has an empty entry"),
            ("cron:0 0 *,2 * * *", "the hour `*` is not"),
            ("cron:0 0 1-2-3 * * *", "the hour `2-3` is not"),
            ("cron:0 0 L * * *", "the hour `L` is not"),
            ("cron:0 0 0 1 * MON", "cannot both be given"),
            ("cron:0 0 0 */2 * 1-5", "cannot both be given"),
            ("cron:0 0 0 31 FEB,APR ?", "never due"),
        ] {
            let message = why(text);
            assert!(message.contains(says), "{text:?}: {message}");
        }
        assert!(why(&format!("cron:0 0 {} * * *", "1,".repeat(200))).contains("at most 256"));
        assert!(Schedule::parse("cron:0 0 0 29 FEB ?").is_ok());
        assert!(Schedule::parse("cron:0 0 0 ? * ?").is_ok());
    }
}
