//! 6.5.3 启动次数: launches by hour, day, week or month.

use serde::Serialize;

use super::audience::Audience;
use super::compared::Compared;
use super::table::{self, Table, Tabular};
use super::{Range, rate, trend};
use crate::{Result, Snapshot, Unit};

/// What is asked: as for the trend.
pub type Params = trend::Params;

/// Launches.
pub type Launches = Compared<Series>;

/// Launches of some days.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Series {
    /// The days, in whole buckets.
    #[serde(flatten)]
    pub range: Range,
    /// The launches of all buckets.
    pub total: u64,
    /// The buckets.
    pub buckets: Vec<Bucket>,
}

/// The launches of a bucket.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Bucket {
    /// Its first day, or its hour, as in the trend.
    pub at: String,
    /// Whether it has ended.
    pub complete: bool,
    /// 启动次数.
    pub launches: u64,
    /// 启动次数占比: of all buckets' launches.
    pub share: Option<f64>,
}

/// Makes the report.
///
/// # Errors
/// [`Error::Parameter`](crate::Error::Parameter) when the range is not valid, or the unit is the hour
/// and there is a channel.
pub fn launches(snapshot: &Snapshot, params: &Params) -> Result<Launches> {
    Compared::of(snapshot, params, series_of)
}

fn series_of(audience: &Audience<'_>, range: Range, unit: Unit) -> Series {
    let tallies = audience.tallies(&range, unit);
    let total = tallies.iter().map(|(_, tally)| tally.launches).sum();
    let buckets = tallies.into_iter().map(|(span, tally)| Bucket {
        at: span.label(),
        complete: span.complete,
        launches: tally.launches,
        share: rate(tally.launches, total),
    });
    Series { range, total, buckets: buckets.collect() }
}

impl Tabular for Launches {
    fn table(&self) -> Table {
        let periods = self.all().map(|series| (&series.range, series.buckets.as_slice()));
        table::of_buckets(self.unit, ["Launches", "Share"], periods, |bucket| {
            vec![bucket.at.as_str().into(), bucket.complete.into(), bucket.launches.into(), bucket.share.into()]
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::report::Comparison;
    use crate::report::testing::{day, week};

    fn params(from: &str, to: &str, unit: Unit) -> Params {
        Params { from: day(from), to: day(to), unit, channel: None, compare: None }
    }

    fn launched(series: &Series) -> Vec<(&str, u64, Option<f64>)> {
        series.buckets.iter().map(|one| (one.at.as_str(), one.launches, one.share)).collect()
    }

    #[test]
    fn shares_are_of_all_buckets() {
        let report = launches(&week(), &params("2026-11-21", "2026-11-30", Unit::Week)).unwrap();
        assert_eq!(report.series.total, 8);
        assert_eq!(launched(&report.series), [("2026-11-15", 2, Some(0.25)), ("2026-11-22", 6, Some(0.75))]);
        let nothing = launches(&week(), &params("2026-11-23", "2026-11-23", Unit::Day)).unwrap();
        assert_eq!(launched(&nothing.series), [("2026-11-23", 0, None)]);
    }

    #[test]
    fn a_channel_has_those_of_its_users_and_no_hours() {
        let ad = Params { channel: Some("ad".to_owned()), ..params("2026-11-22", "2026-11-26", Unit::Week) };
        assert_eq!(launched(&launches(&week(), &ad).unwrap().series), [("2026-11-22", 4, Some(1.0))]);
        let hours = Params { unit: Unit::Hour, ..ad };
        assert!(launches(&week(), &hours).unwrap_err().to_string().contains("`channel`"));
    }

    #[test]
    fn hours_stand_beside_those_of_a_day_before() {
        let params = Params { compare: Some(Comparison::Previous), ..params("2026-11-26", "2026-11-26", Unit::Hour) };
        let report = launches(&week(), &params).unwrap();
        assert_eq!((report.series.total, report.series.buckets.len()), (1, 11));
        assert_eq!(launched(&report.series)[9], ("2026-11-26 09", 1, Some(1.0)));
        let before = report.comparison.as_ref().unwrap();
        assert_eq!((before.total, before.buckets.len()), (2, 24));
        let csv = report.table().csv();
        assert!(csv.starts_with("Period,Hour,Complete,Launches,Share\r\n2026-11-26 to 2026-11-26,2026-11-26 00,yes,0,0\r\n"), "{csv}");
        assert!(csv.contains("2026-11-25 to 2026-11-25,2026-11-25 10,yes,2,1\r\n"), "{csv}");
    }
}
