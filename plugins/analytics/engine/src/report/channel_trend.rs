//! 6.8.2 渠道对比: one figure of several channels by day, week or month.

use serde::{Deserialize, Serialize};

use super::channel_choice::{asked, highest};
use super::channel_list::Figure;
use super::channel_tally::{Places, tallies};
use super::table::{Table, Tabular};
use super::{Range, buckets};
use crate::{ChannelId, Day, Error, Result, Snapshot, Unit};

/// The most channels in one report.
pub const MOST: usize = 20;

/// How many channels are shown unless they are said.
pub const UNLESS_SAID: usize = 10;

/// What is asked.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Params {
    /// The first day.
    pub from: Day,
    /// The last day.
    pub to: Day,
    /// Days, weeks or months.
    #[serde(default)]
    pub unit: Unit,
    /// The figure.
    #[serde(default)]
    pub figure: Figure,
    /// The channels, at most [`MOST`]; a name that comes again is left out. Unless it is said, of
    /// those with active users in the whole buckets, the [`UNLESS_SAID`] with the highest figure over
    /// all of these; what cannot be said comes last, equal ones by name (by its bytes).
    #[serde(default)]
    pub channels: Option<Vec<String>>,
}

/// One figure of several channels.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChannelTrend {
    /// The figure.
    pub figure: Figure,
    /// The buckets' unit.
    pub unit: Unit,
    /// The days, in whole buckets.
    #[serde(flatten)]
    pub range: Range,
    /// The first days of the buckets that have begun.
    pub buckets: Vec<Day>,
    /// The channels, in the order they were asked in, or the highest figure first.
    pub channels: Vec<Row>,
}

/// The figure of a channel.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    /// The channel's name.
    pub channel: String,
    /// The figure of each bucket. Counts are never absent.
    pub values: Vec<Option<f64>>,
}

/// Makes the report.
///
/// # Errors
/// [`Error::Parameter`](crate::Error::Parameter) when the range is not valid, the unit is the hour,
/// or there are too many channels.
pub fn channel_trend(snapshot: &Snapshot, params: &Params) -> Result<ChannelTrend> {
    let (figure, unit) = (params.figure, params.unit);
    if unit == Unit::Hour {
        return Err(Error::parameter("`unit` is `day`, `week` or `month`: channels are not compared by hours"));
    }
    let asked_for = Range { from: params.from, to: params.to };
    asked_for.check(unit)?;
    let range = asked_for.whole(unit);
    let chosen = match &params.channels {
        Some(names) => asked(snapshot, names, MOST)?,
        None => {
            let all = tallies(snapshot, &range, &Places::all(snapshot), &[figure]);
            let active = all.iter().zip(0..).filter(|(tally, _)| tally.daily_active > 0);
            highest(snapshot, active.map(|(tally, id)| (ChannelId(id), tally.figure(figure))), UNLESS_SAID)
        }
    };
    let places = Places::of(snapshot, &chosen);
    let spans = buckets::of(snapshot, &range, unit);
    let mut channels: Vec<_> =
        chosen.into_iter().map(|channel| Row { channel: channel.name, values: Vec::with_capacity(spans.len()) }).collect();
    for span in &spans {
        let tallies = tallies(snapshot, &Range { from: span.from, to: span.to }, &places, &[figure]);
        channels.iter_mut().zip(tallies).for_each(|(row, tally)| row.values.push(tally.figure(figure)));
    }
    Ok(ChannelTrend { figure, unit, range, buckets: spans.iter().map(|span| span.from).collect(), channels })
}

impl Tabular for ChannelTrend {
    /// A row for each bucket, a column for each channel.
    fn table(&self) -> Table {
        let names = self.channels.iter().map(|row| row.channel.clone());
        let row = |(place, at): (usize, &Day)| {
            let values = self.channels.iter().map(|channel| channel.values.get(place).copied().flatten().into());
            std::iter::once((*at).into()).chain(values).collect()
        };
        Table {
            columns: std::iter::once("First day".to_owned()).chain(names).collect(),
            rows: self.buckets.iter().enumerate().map(row).collect(),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::report::testing::{Application, day, week};

    fn report(snapshot: &Snapshot, from: &str, to: &str, unit: Unit, figure: Figure, channels: Option<&[&str]>) -> ChannelTrend {
        let channels = channels.map(|names| names.iter().map(|name| (*name).to_owned()).collect());
        channel_trend(snapshot, &Params { from: day(from), to: day(to), unit, figure, channels }).unwrap()
    }

    fn brief(trend: &ChannelTrend) -> Vec<(&str, Vec<f64>)> {
        let values = |row: &Row| row.values.iter().map(|value| value.unwrap_or(-1.0)).collect();
        trend.channels.iter().map(|row| (row.channel.as_str(), values(row))).collect()
    }

    #[test]
    fn each_figure_by_day() {
        let of = |figure| report(&week(), "2026-11-21", "2026-11-30", Unit::Day, figure, Some(&["ad", ""]));
        let values = |figure| of(figure).channels.into_iter().map(|row| row.values).collect::<Vec<_>>();
        let counts = |some: [u64; 6]| some.map(|count| Some(count as f64)).to_vec();
        assert_eq!(of(Figure::NewUsers).buckets, (21..=26).map(|date| day(&format!("2026-11-{date}"))).collect::<Vec<_>>());
        assert_eq!(values(Figure::NewUsers), [counts([1, 0, 0, 1, 0, 0]), counts([1, 0, 0, 0, 0, 1])]);
        assert_eq!(values(Figure::ActiveUsers), [counts([1, 1, 0, 1, 1, 0]), counts([1, 0, 0, 0, 1, 1])]);
        assert_eq!(values(Figure::Launches), [counts([1, 2, 0, 1, 1, 0]), counts([1, 0, 0, 0, 1, 1])]);
        assert_eq!(values(Figure::SingleUseTime)[0], [Some(60_000.0), Some(60_000.0), None, Some(10_000.0), Some(0.0), None]);
        assert_eq!(values(Figure::DailyUseTime)[0], [Some(60_000.0), Some(120_000.0), None, Some(10_000.0), Some(0.0), None]);
        assert_eq!(
            values(Figure::NextDayRetention),
            [[Some(1.0), None, None, Some(1.0), None, None], [Some(0.0), None, None, None, None, None]]
        );
    }

    #[test]
    fn users_count_once_in_a_week_and_days_add_up() {
        let of = |figure| report(&week(), "2026-11-21", "2026-11-22", Unit::Week, figure, Some(&["ad"]));
        let values = |figure| brief(&of(figure)).remove(0).1;
        assert_eq!(of(Figure::ActiveUsers).range, Range { from: day("2026-11-15"), to: day("2026-11-28") });
        assert_eq!(of(Figure::ActiveUsers).buckets, [day("2026-11-15"), day("2026-11-22")]);
        assert_eq!(values(Figure::ActiveUsers), [1.0, 2.0]);
        assert_eq!(values(Figure::Launches), [1.0, 4.0]);
        // 130 s of one user on the 22nd and of another on the 24th and 25th.
        assert_eq!(values(Figure::DailyUseTime), [60_000.0, 130_000.0 / 3.0]);
        assert_eq!(values(Figure::NextDayRetention), [1.0, 1.0]);
    }

    #[test]
    fn months_have_their_own_lengths() {
        let launches = ["2026-01-31", "2026-02-01", "2026-02-28", "2026-03-01"].map(|date| ("a", format!("{date} 12:00")));
        let mut application = Application::with(&[]);
        launches.iter().for_each(|(device, at)| application.launch(device, at, 1, "ad"));
        let trend = report(&application.at("2026-03-02 12:00"), "2026-01-31", "2026-03-01", Unit::Month, Figure::Launches, None);
        assert_eq!(brief(&trend), [("ad", vec![1.0, 2.0, 1.0])]);
        assert_eq!(trend.range.to, day("2026-03-31"));
    }

    #[test]
    fn ten_with_the_highest_figure_of_the_whole_buckets_are_shown() {
        let mut application = Application::with(&[]);
        for (launches, channel) in
            [1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 3].into_iter().zip(["k", "j", "i", "h", "g", "f", "e", "d", "c", "b", "a"])
        {
            for hour in 0..launches {
                application.launch(channel, &format!("2026-11-22 {hour:02}:00"), 1, channel);
            }
        }
        // Outside of the days that are asked for, within their week.
        application.launch("k", "2026-11-24 10:00", 1, "k");
        application.launch("k", "2026-11-24 11:00", 1, "k");
        application.launch("k", "2026-11-24 12:00", 1, "k");
        let trend = report(&application.at("2026-11-26 12:00"), "2026-11-22", "2026-11-22", Unit::Week, Figure::Launches, None);
        let names: Vec<_> = brief(&trend).into_iter().map(|(name, _)| name.to_owned()).collect();
        assert_eq!(names, ["k", "a", "b", "c", "d", "e", "f", "g", "h", "i"]);
    }

    #[test]
    fn channels_come_in_the_order_they_are_asked_in_each_once() {
        let trend = report(&week(), "2026-11-21", "2026-11-22", Unit::Day, Figure::NewUsers, Some(&["nowhere", "ad", "nowhere"]));
        assert_eq!(brief(&trend), [("nowhere", vec![0.0, 0.0]), ("ad", vec![1.0, 0.0])]);
    }

    #[test]
    fn nobody_has_no_channels() {
        let snapshot = Application::with(&[]).at("2026-11-26 10:00");
        let trend = report(&snapshot, "2026-11-25", "2026-11-26", Unit::Day, Figure::ActiveUsers, None);
        assert_eq!((trend.channels.len(), trend.buckets.len()), (0, 2));
    }

    #[test]
    fn hours_reversed_days_and_too_many_channels_are_refused() {
        let refused = |from, to, unit, names| {
            let channels = Some(vec!["ad".to_owned(); names]);
            channel_trend(&week(), &Params { from: day(from), to: day(to), unit, figure: Figure::NewUsers, channels }).is_err()
        };
        assert!(!refused("2026-11-21", "2026-11-22", Unit::Week, MOST));
        assert!(refused("2026-11-21", "2026-11-22", Unit::Week, MOST + 1));
        assert!(refused("2026-11-21", "2026-11-22", Unit::Hour, 1));
        assert!(refused("2026-11-22", "2026-11-21", Unit::Day, 1));
        assert!(refused("2024-11-24", "2026-11-26", Unit::Month, 1));
    }

    #[test]
    fn its_table_has_a_column_for_each_channel() {
        let trend = report(&week(), "2026-11-21", "2026-11-22", Unit::Day, Figure::NextDayRetention, Some(&["ad", "=x"]));
        assert_eq!(trend.table().csv(), "First day,ad,'=x\r\n2026-11-21,1,\r\n2026-11-22,,\r\n");
    }
}
