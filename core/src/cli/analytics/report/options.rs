//! The options of reports, and the parameters that they make.

use std::convert::Infallible;
use std::path::PathBuf;

use clap::Args;
use serde_json::{Map, Value, json};

use super::super::super::Failure;
use super::super::days::{Days, day, month_before, week_before};
use super::super::{NO_CHANNEL, Target};

type Params = Result<Map<String, Value>, Failure>;

const UNITS: [&str; 4] = ["hour", "day", "week", "month"];
const LONG_UNITS: [&str; 3] = ["day", "week", "month"];
const FIGURES: [&str; 6] = ["new-users", "active-users", "launches", "single-use-time", "daily-use-time", "next-day-retention"];

/// What every report takes.
#[derive(Clone, Debug, Args)]
pub struct Plain {
    #[command(flatten)]
    pub target: Target,
    #[command(flatten)]
    pub form: Form,
}

/// How a report is printed.
#[derive(Clone, Debug, Args)]
pub struct Form {
    /// Print the detail table as CSV, with times in milliseconds and rates as fractions
    #[arg(long)]
    pub csv: bool,
    /// Write the CSV to a file
    #[arg(long, short, value_name = "FILE", requires = "csv")]
    pub output: Option<PathBuf>,
    /// Replace a file that exists
    #[arg(long, requires = "output")]
    pub force: bool,
}

/// Trend, new users, active users and launches.
#[derive(Clone, Debug, Args)]
pub struct Trend {
    #[command(flatten)]
    pub plain: Plain,
    #[command(flatten)]
    days: Days,
    /// The length of a row; by hours there are at most 7 days
    #[arg(long, value_parser = UNITS, default_value = "day")]
    unit: String,
    /// Only users that first came by this channel, `(none)` for those that came by none; not by hours
    #[arg(long, value_name = "NAME", value_parser = channel)]
    pub channel: Option<String>,
    /// Show earlier days as well: those just before, a week or a month earlier, or from a day on
    #[arg(long, value_name = "previous|week|month|DAY", value_parser = comparison)]
    compare: Option<String>,
}

impl Trend {
    pub fn params(&self, yesterday: impl FnOnce() -> Result<String, Failure>) -> Params {
        let mut params = optional([("channel", &self.channel), ("compare", &self.compare)]);
        params.insert("unit".into(), json!(self.unit));
        self.days.add(&mut params, &self.unit, yesterday)?;
        Ok(params)
    }
}

/// Retention.
#[derive(Clone, Debug, Args)]
pub struct Retention {
    #[command(flatten)]
    pub plain: Plain,
    #[command(flatten)]
    days: Days,
    /// The length of a row
    #[arg(long, value_parser = LONG_UNITS, default_value = "day")]
    unit: String,
    /// Whose retention
    #[arg(long, value_parser = ["new", "active"], default_value = "new")]
    users: String,
    /// Only users that first came by this channel, `(none)` for those that came by none
    #[arg(long, value_name = "NAME", value_parser = channel)]
    pub channel: Option<String>,
}

impl Retention {
    pub fn params(&self, yesterday: impl FnOnce() -> Result<String, Failure>) -> Params {
        let mut params = optional([("channel", &self.channel)]);
        params.insert("unit".into(), json!(self.unit));
        params.insert("users".into(), json!(self.users));
        self.days.add(&mut params, &self.unit, yesterday)?;
        Ok(params)
    }
}

/// One day.
#[derive(Clone, Debug, Args)]
struct Date {
    /// The day [default: yesterday]
    #[arg(long, value_name = "DAY", value_parser = day)]
    date: Option<String>,
}

impl Date {
    fn params(&self, yesterday: impl FnOnce() -> Result<String, Failure>) -> Params {
        let date = match &self.date {
            Some(date) => date.clone(),
            None => yesterday()?,
        };
        Ok(Map::from_iter([("date".to_owned(), json!(date))]))
    }
}

/// Other days to show beside one.
#[derive(Clone, Debug, Args)]
struct Beside {
    /// Other days to show as well, at most 10, with commas between them; week and month are the same day then
    #[arg(long, value_name = "week,month,DAY", value_delimiter = ',', value_parser = other_day)]
    compare: Vec<String>,
}

impl Beside {
    /// Adds the days to parameters that have the day beside which they are shown.
    fn add(&self, params: &mut Map<String, Value>) {
        let date = params.get("date").and_then(Value::as_str).unwrap_or_default();
        let other = |other: &String| match other.as_str() {
            "week" => week_before(date),
            "month" => month_before(date),
            day => day.to_owned(),
        };
        let days: Vec<String> = self.compare.iter().map(other).collect();
        params.insert("compare".into(), json!(days));
    }
}

/// Use time.
#[derive(Clone, Debug, Args)]
pub struct UseTime {
    #[command(flatten)]
    pub plain: Plain,
    #[command(flatten)]
    date: Date,
    /// The time of a launch, or of a user in the day
    #[arg(long, value_parser = ["launch", "user"], default_value = "launch")]
    per: String,
    #[command(flatten)]
    beside: Beside,
}

impl UseTime {
    pub fn params(&self, yesterday: impl FnOnce() -> Result<String, Failure>) -> Params {
        let mut params = self.date.params(yesterday)?;
        params.insert("per".into(), json!(self.per));
        self.beside.add(&mut params);
        Ok(params)
    }
}

/// Frequency.
#[derive(Clone, Debug, Args)]
pub struct Frequency {
    #[command(flatten)]
    pub plain: Plain,
    #[command(flatten)]
    date: Date,
    /// Launches in what
    #[arg(long, value_parser = LONG_UNITS, default_value = "day")]
    unit: String,
    #[command(flatten)]
    beside: Beside,
}

impl Frequency {
    pub fn params(&self, yesterday: impl FnOnce() -> Result<String, Failure>) -> Params {
        let mut params = self.date.params(yesterday)?;
        params.insert("unit".into(), json!(self.unit));
        self.beside.add(&mut params);
        Ok(params)
    }
}

/// The strongest channels.
#[derive(Clone, Debug, Args)]
pub struct ChannelTop {
    #[command(flatten)]
    pub plain: Plain,
    /// The day [default: today]
    #[arg(long, value_name = "DAY", value_parser = day)]
    date: Option<String>,
}

impl ChannelTop {
    pub fn params(&self) -> Map<String, Value> {
        optional([("date", &self.date)])
    }
}

/// Which channels are shown.
#[derive(Clone, Debug, Args)]
pub struct Channels {
    /// A channel to show, `(none)` for users that came by none; repeat it for others [default: the ten strongest]
    #[arg(long = "channels", value_name = "NAME", value_parser = channel)]
    pub names: Option<Vec<String>>,
}

impl Channels {
    fn add(&self, params: &mut Map<String, Value>) {
        if let Some(names) = &self.names {
            params.insert("channels".into(), json!(names));
        }
    }
}

/// New users of a day by channel.
#[derive(Clone, Debug, Args)]
pub struct ChannelDay {
    #[command(flatten)]
    pub plain: Plain,
    #[command(flatten)]
    date: Date,
    #[command(flatten)]
    pub channels: Channels,
}

impl ChannelDay {
    pub fn params(&self, yesterday: impl FnOnce() -> Result<String, Failure>) -> Params {
        let mut params = self.date.params(yesterday)?;
        self.channels.add(&mut params);
        Ok(params)
    }
}

/// The channels over some days.
#[derive(Clone, Debug, Args)]
pub struct ChannelList {
    #[command(flatten)]
    pub plain: Plain,
    #[command(flatten)]
    days: Days,
    /// By what they are sorted, the highest first
    #[arg(long, value_parser = FIGURES, default_value = "new-users")]
    figure: String,
    /// How many are shown by themselves [default: 10]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=2002))]
    limit: Option<u16>,
    #[command(flatten)]
    pub channels: Channels,
}

impl ChannelList {
    pub fn params(&self, yesterday: impl FnOnce() -> Result<String, Failure>) -> Params {
        let mut params = Map::from_iter([("sort".to_owned(), json!(camel(&self.figure)))]);
        if let Some(limit) = self.limit {
            params.insert("limit".into(), json!(limit));
        }
        self.channels.add(&mut params);
        self.days.add(&mut params, "day", yesterday)?;
        Ok(params)
    }
}

/// One figure of several channels.
#[derive(Clone, Debug, Args)]
pub struct ChannelTrend {
    #[command(flatten)]
    pub plain: Plain,
    #[command(flatten)]
    days: Days,
    /// The length of a row
    #[arg(long, value_parser = LONG_UNITS, default_value = "day")]
    unit: String,
    /// The figure
    #[arg(long, value_parser = FIGURES, default_value = "new-users")]
    figure: String,
    #[command(flatten)]
    pub channels: Channels,
}

impl ChannelTrend {
    pub fn params(&self, yesterday: impl FnOnce() -> Result<String, Failure>) -> Params {
        let mut params = Map::from_iter([("unit".to_owned(), json!(self.unit)), ("figure".to_owned(), json!(camel(&self.figure)))]);
        self.channels.add(&mut params);
        self.days.add(&mut params, &self.unit, yesterday)?;
        Ok(params)
    }
}

fn optional<const N: usize>(given: [(&str, &Option<String>); N]) -> Map<String, Value> {
    given.into_iter().filter_map(|(name, value)| Some((name.to_owned(), json!(value.as_ref()?)))).collect()
}

fn comparison(text: &str) -> Result<String, String> {
    if matches!(text, "previous" | "week" | "month") {
        return Ok(text.to_owned());
    }
    day(text).map_err(|_| "write previous, week, month, or the first of the days as 2026-11-26".to_owned())
}

fn other_day(text: &str) -> Result<String, String> {
    if matches!(text, "week" | "month") {
        return Ok(text.to_owned());
    }
    day(text).map_err(|_| "write week, month, or a day as 2026-11-26".to_owned())
}

/// Reads a channel's name, also as tables show it.
fn channel(text: &str) -> Result<String, Infallible> {
    Ok(if text == NO_CHANNEL { String::new() } else { text.to_owned() })
}

/// `new-users` as methods write it: `newUsers`.
fn camel(name: &str) -> String {
    let mut words = name.split('-');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |done, word| {
        let mut letters = word.chars();
        let initial = letters.next().map(|letter| letter.to_ascii_uppercase());
        done + &initial.into_iter().chain(letters).collect::<String>()
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use clap::Command;

    use super::*;

    fn params<T: Args>(line: &str, params: impl Fn(&T) -> Params) -> Value {
        let words = ["report", "--app", "k", "--space", "s"].into_iter().chain(line.split_whitespace());
        let matches = T::augment_args(Command::new("report")).try_get_matches_from(words).unwrap();
        Value::Object(params(&T::from_arg_matches(&matches).unwrap()).unwrap())
    }

    fn yesterday() -> Result<String, Failure> {
        Ok("2026-11-25".to_owned())
    }

    #[test]
    fn options_become_the_parameters_of_methods() {
        let trend = |line| params::<Trend>(line, |trend| trend.params(yesterday));
        assert_eq!(trend(""), json!({"from": "2026-11-19", "to": "2026-11-25", "unit": "day"}));
        assert_eq!(
            trend("--from 2026-11-01 --to 2026-11-02 --unit hour --channel poster --compare week"),
            json!({"from": "2026-11-01", "to": "2026-11-02", "unit": "hour", "channel": "poster", "compare": "week"})
        );
        assert_eq!(trend("--last 1 --compare 2026-01-01")["compare"], "2026-01-01");
        assert_eq!(trend("--channel (none)")["channel"], "");
        assert_eq!(
            params::<Retention>("--users active", |retention| retention.params(yesterday)),
            json!({"from": "2026-11-19", "to": "2026-11-25", "unit": "day", "users": "active"})
        );
        assert_eq!(
            params::<UseTime>("--compare 2026-11-01,2026-11-02 --per user", |use_time| use_time.params(yesterday)),
            json!({"date": "2026-11-25", "per": "user", "compare": ["2026-11-01", "2026-11-02"]})
        );
        assert_eq!(
            params::<Frequency>("--date 2026-11-01", |frequency| frequency.params(yesterday)),
            json!({"date": "2026-11-01", "unit": "day", "compare": []})
        );
        assert_eq!(params::<ChannelTop>("", |top| Ok(top.params())), json!({}), "the method's day, which is today");
        assert_eq!(params::<ChannelTop>("--date 2026-11-01", |top| Ok(top.params())), json!({"date": "2026-11-01"}));
        assert_eq!(
            params::<ChannelDay>("--channels a --channels b,c --channels (none)", |day| day.params(yesterday)),
            json!({"date": "2026-11-25", "channels": ["a", "b,c", ""]})
        );
        assert_eq!(
            params::<ChannelList>("--last 2 --figure single-use-time --limit 3", |list| list.params(yesterday)),
            json!({"from": "2026-11-24", "to": "2026-11-25", "sort": "singleUseTime", "limit": 3})
        );
        assert_eq!(
            params::<ChannelTrend>("--last 2 --channels=", |trend| trend.params(yesterday)),
            json!({"from": "2026-11-24", "to": "2026-11-25", "unit": "day", "figure": "newUsers", "channels": [""]})
        );
    }

    #[test]
    fn distributions_stand_beside_the_same_day_of_the_week_and_the_month_before() {
        assert_eq!(
            params::<UseTime>("--compare week,month,2026-11-02", |use_time| use_time.params(yesterday))["compare"],
            json!(["2026-11-18", "2026-10-25", "2026-11-02"])
        );
        assert_eq!(
            params::<Frequency>("--date 2026-03-31 --compare month --compare week", |frequency| frequency.params(yesterday))["compare"],
            json!(["2026-02-28", "2026-03-24"])
        );
    }
}
