//! `mpcloud analytics report`: a subcommand for each report, with the options that it has.

mod figures;
mod options;
mod show;

use std::io::Write as _;

use clap::Subcommand;
use serde_json::{Map, Value, json};

use self::options::{ChannelDay, ChannelList, ChannelTop, ChannelTrend, Form, Frequency, Plain, Retention, Trend, UseTime};
use super::super::client::Client;
use super::super::output::{complain, print, text};
use super::super::save::{exists, save};
use super::super::{Failure, Options};
use super::days::yesterday;
use super::{Target, ask, list};

/// The reports.
#[derive(Debug, Subcommand)]
pub enum Report {
    /// Seven figures until yesterday, and how they changed in a week
    #[command(after_help = "Example:\n  mpcloud analytics report overview --app KEY --space ID")]
    Overview(Plain),
    /// Nine figures by hour, day, week or month
    #[command(after_help = "Examples:
  mpcloud analytics report trend --app KEY --space ID
  mpcloud analytics report trend --app KEY --space ID --last 30 --compare previous
  mpcloud analytics report trend --app KEY --space ID --from 2026-01-01 --to 2026-06-30 --unit month --csv")]
    Trend(Trend),
    /// Today until the last full hour, beside yesterday
    #[command(after_help = "Example:\n  mpcloud analytics report realtime --app KEY --space ID")]
    Realtime(Plain),
    /// New users, and how many of them came back on the next day
    #[command(after_help = "Example:\n  mpcloud analytics report new-users --app KEY --space ID --channel poster --compare month")]
    NewUsers(Trend),
    /// Active users: new and returning ones, by hour, how often they come back
    #[command(after_help = "Example:\n  mpcloud analytics report active-users --app KEY --space ID --unit week")]
    ActiveUsers(Trend),
    /// Launches
    #[command(after_help = "Example:\n  mpcloud analytics report launches --app KEY --space ID --unit hour --last 1")]
    Launches(Trend),
    /// How many of the new or active users came back later
    #[command(after_help = "Examples:
  mpcloud analytics report retention --app KEY --space ID --last 30
  mpcloud analytics report retention --app KEY --space ID --unit month --users active")]
    Retention(Retention),
    /// How long launches last, or users stay in a day
    #[command(after_help = "Examples:
  mpcloud analytics report use-time --app KEY --space ID
  mpcloud analytics report use-time --app KEY --space ID --per user --date 2026-11-20 --compare week,month,2026-10-01")]
    UseTime(UseTime),
    /// How often users launch in a day, a week or a month
    #[command(after_help = "By weeks and months, the whole one before that of the date is counted.

Example:
  mpcloud analytics report frequency --app KEY --space ID --unit week")]
    Frequency(Frequency),
    /// The ten strongest channels of a day, and the rest
    #[command(after_help = "Example:\n  mpcloud analytics report channel-top --app KEY --space ID --date 2026-11-26")]
    ChannelTop(ChannelTop),
    /// New users of a day by channel and hour
    #[command(after_help = "Example:\n  mpcloud analytics report channel-day --app KEY --space ID --channels poster --channels friends")]
    ChannelDay(ChannelDay),
    /// The figures of each channel over some days
    #[command(after_help = "Example:\n  mpcloud analytics report channel-list --app KEY --space ID --figure next-day-retention --limit 20")]
    ChannelList(ChannelList),
    /// One figure of several channels by day, week or month
    #[command(after_help = "Example:
  mpcloud analytics report channel-trend --app KEY --space ID --figure active-users --channels poster --channels friends --last 30")]
    ChannelTrend(ChannelTrend),
}

impl Report {
    pub fn run(self, options: &Options) -> Result<(), Failure> {
        let form = self.form();
        form.check(options)?;
        let client = options.client()?;
        let target = self.target();
        let mut params = self.params(&client)?;
        params.insert("appKey".into(), json!(target.app));
        if form.csv {
            params.insert("format".into(), json!("csv"));
        }
        let reply = ask(&client, &target.space, self.method(), &Value::Object(params))?;
        warn_of_unknown(&client, target, &self.channels());
        if form.csv {
            return form.write(&text(&reply.value, &["csv"]), options);
        }
        options.output().result(&reply.raw, || self.show(&reply.value))
    }

    fn method(&self) -> &'static str {
        match self {
            Self::Overview(_) => "analytics.report.overview",
            Self::Trend(_) => "analytics.report.trend",
            Self::Realtime(_) => "analytics.report.realtime",
            Self::NewUsers(_) => "analytics.report.newUsers",
            Self::ActiveUsers(_) => "analytics.report.activeUsers",
            Self::Launches(_) => "analytics.report.launches",
            Self::Retention(_) => "analytics.report.retention",
            Self::UseTime(_) => "analytics.report.useTime",
            Self::Frequency(_) => "analytics.report.frequency",
            Self::ChannelTop(_) => "analytics.report.channelTop",
            Self::ChannelDay(_) => "analytics.report.channelDay",
            Self::ChannelList(_) => "analytics.report.channelList",
            Self::ChannelTrend(_) => "analytics.report.channelTrend",
        }
    }

    fn plain(&self) -> &Plain {
        match self {
            Self::Overview(plain) | Self::Realtime(plain) => plain,
            Self::Trend(trend) | Self::NewUsers(trend) | Self::ActiveUsers(trend) | Self::Launches(trend) => &trend.plain,
            Self::Retention(retention) => &retention.plain,
            Self::UseTime(use_time) => &use_time.plain,
            Self::Frequency(frequency) => &frequency.plain,
            Self::ChannelTop(top) => &top.plain,
            Self::ChannelDay(day) => &day.plain,
            Self::ChannelList(list) => &list.plain,
            Self::ChannelTrend(trend) => &trend.plain,
        }
    }

    fn target(&self) -> &Target {
        &self.plain().target
    }

    /// The channels that were asked for, and that have a name.
    fn channels(&self) -> Vec<&str> {
        let names: &[String] = match self {
            Self::Trend(trend) | Self::NewUsers(trend) | Self::ActiveUsers(trend) | Self::Launches(trend) => trend.channel.as_slice(),
            Self::Retention(retention) => retention.channel.as_slice(),
            Self::ChannelDay(day) => day.channels.names.as_deref().unwrap_or_default(),
            Self::ChannelList(list) => list.channels.names.as_deref().unwrap_or_default(),
            Self::ChannelTrend(trend) => trend.channels.names.as_deref().unwrap_or_default(),
            Self::Overview(_) | Self::Realtime(_) | Self::UseTime(_) | Self::Frequency(_) | Self::ChannelTop(_) => &[],
        };
        names.iter().map(String::as_str).filter(|name| !name.is_empty()).collect()
    }

    fn form(&self) -> &Form {
        &self.plain().form
    }

    fn params(&self, client: &Client) -> Result<Map<String, Value>, Failure> {
        let yesterday = || yesterday(client, self.target());
        match self {
            Self::Overview(_) | Self::Realtime(_) => Ok(Map::new()),
            Self::Trend(trend) | Self::NewUsers(trend) | Self::ActiveUsers(trend) | Self::Launches(trend) => trend.params(yesterday),
            Self::Retention(retention) => retention.params(yesterday),
            Self::UseTime(use_time) => use_time.params(yesterday),
            Self::Frequency(frequency) => frequency.params(yesterday),
            Self::ChannelTop(top) => Ok(top.params()),
            Self::ChannelDay(day) => day.params(yesterday),
            Self::ChannelList(list) => list.params(yesterday),
            Self::ChannelTrend(trend) => trend.params(yesterday),
        }
    }

    fn show(&self, reply: &Value) -> String {
        match self {
            Self::Overview(_) => show::overview(reply),
            Self::Trend(_) => show::trend(reply),
            Self::Realtime(_) => show::realtime(reply),
            Self::NewUsers(_) => show::new_users(reply),
            Self::ActiveUsers(_) => show::active_users(reply),
            Self::Launches(_) => show::launches(reply),
            Self::Retention(_) => show::retention(reply),
            Self::UseTime(_) => show::use_time(reply),
            Self::Frequency(_) => show::frequency(reply),
            Self::ChannelTop(_) => show::channel_top(reply),
            Self::ChannelDay(_) => show::channel_day(reply),
            Self::ChannelList(_) => show::channel_list(reply),
            Self::ChannelTrend(_) => show::channel_trend(reply),
        }
    }
}

/// Says which channels nobody came by: their figures are zeros, as those of a mistyped name are.
fn warn_of_unknown(client: &Client, target: &Target, channels: &[&str]) {
    if channels.is_empty() {
        return;
    }
    let Target { app, space } = target;
    let Ok(known) = ask(client, space, "analytics.channels", &json!({"appKey": app})) else { return };
    for channel in unknown(channels, list(&known.value, "channels")) {
        complain(&format!("nobody came by the channel `{channel}`; see `mpcloud analytics channels --app {app} --space {space}`"));
    }
}

fn unknown<'a>(channels: &[&'a str], known: &[Value]) -> Vec<&'a str> {
    channels.iter().copied().filter(|channel| !known.iter().any(|known| known == channel)).collect()
}

impl Form {
    /// What would be refused after the server was asked.
    fn check(&self, options: &Options) -> Result<(), Failure> {
        match &self.output {
            None if self.csv && options.json => {
                Err(Failure::usage("--json and --csv both want standard output").advise("Name a file with --output."))
            }
            Some(file) if !self.force && file.exists() => Err(exists(file)),
            _ => Ok(()),
        }
    }

    fn write(&self, csv: &str, options: &Options) -> Result<(), Failure> {
        let Some(file) = &self.output else { return print(csv) };
        let cannot = |e| Failure::new(format!("cannot write {}: {e}", file.display()));
        let bytes = save(file, self.force, |out| out.write_all(csv.as_bytes()).map(|()| csv.len() as u64).map_err(cannot))?;
        let shown = file.display().to_string();
        options.output().result(&json!({"file": shown, "bytes": bytes}), || format!("wrote {shown}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_channels_that_nobody_came_by_are_unknown() {
        let known = [json!("poster"), json!("a,b")];
        assert_eq!(unknown(&["poster", "Poster", "a", "a,b"], &known), ["Poster", "a"]);
    }
}
