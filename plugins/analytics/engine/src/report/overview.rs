//! 6.4.1 整体趋势概览: seven figures until yesterday, and their change against seven days earlier.

use serde::Serialize;

use super::audience::Audience;
use super::table::{self, Table, Tabular};
use super::{Change, rate};
use crate::{Day, Snapshot};

/// The overview. Each figure is compared with the same one as it was seven days earlier.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Overview {
    /// The last day that counts: yesterday.
    pub until: Day,
    /// 新增用户(7日平均): the mean of new users of the last seven days, those without any among them.
    pub new_users: Change,
    /// 新用户次日留存率(7日平均): the mean of the next-day retention of the last seven days whose next
    /// day has ended (so the last is the day before yesterday); days without new users are left out.
    pub next_day_retention: Change,
    /// 活跃用户(7日平均): the mean of active users of the last seven days, those without any among them.
    pub active_users: Change,
    /// 使用时长(7日平均): the mean of the daily use time of the last seven days, in milliseconds; days
    /// without active users are left out.
    pub daily_use_time: Change,
    /// 近7日总活跃用户数: the users that were active in the last seven days, each once.
    pub active_users_7_days: Change,
    /// 累计用户数: the users with a launch until yesterday.
    pub cumulative_users: Change,
    /// 近30日总活跃用户数: the users that were active in the last thirty days, each once.
    pub active_users_30_days: Change,
}

/// Makes the overview.
pub fn overview(snapshot: &Snapshot) -> Overview {
    let audience = Audience::of(snapshot, None);
    let until = audience.today().plus(-1);
    let figures = Figures::until(&audience, until);
    let before = Figures::until(&audience, until.plus(-7));
    let change = |figure: fn(&Figures) -> Option<f64>| Change::between(figure(&figures), figure(&before));
    Overview {
        until,
        new_users: change(|figures| figures.new_users),
        next_day_retention: change(|figures| figures.next_day_retention),
        active_users: change(|figures| figures.active_users),
        daily_use_time: change(|figures| figures.daily_use_time),
        active_users_7_days: change(|figures| figures.active_users_7_days),
        cumulative_users: change(|figures| figures.cumulative_users),
        active_users_30_days: change(|figures| figures.active_users_30_days),
    }
}

/// The figures as they were at the end of a day.
struct Figures {
    new_users: Option<f64>,
    next_day_retention: Option<f64>,
    active_users: Option<f64>,
    daily_use_time: Option<f64>,
    active_users_7_days: Option<f64>,
    cumulative_users: Option<f64>,
    active_users_30_days: Option<f64>,
}

impl Figures {
    fn until(audience: &Audience<'_>, until: Day) -> Self {
        let week = |until: Day| (until.0 - 6..=until.0).map(Day);
        let tallies = || week(until).map(|day| audience.day(day));
        let retention = |day| rate(audience.retained(day)?, audience.day(day).new);
        let active_in = |days: i32| audience.active_between(until.plus(1 - days), until) as f64;
        Self {
            new_users: mean(tallies().map(|tally| tally.new as f64)),
            next_day_retention: mean(week(until.plus(-1)).filter_map(retention)),
            active_users: mean(tallies().map(|tally| tally.active as f64)),
            daily_use_time: mean(tallies().filter_map(|tally| rate(tally.duration, tally.active))),
            active_users_7_days: Some(active_in(7)),
            cumulative_users: Some(audience.cumulative(until) as f64),
            active_users_30_days: Some(active_in(30)),
        }
    }
}

fn mean(figures: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = figures.fold((0.0, 0_u32), |(sum, count), figure| (sum + figure, count + 1));
    (count > 0).then(|| sum / f64::from(count))
}

impl Tabular for Overview {
    fn table(&self) -> Table {
        let figures = [
            ("New users (mean of 7 days)", &self.new_users),
            ("Next-day retention (mean of 7 days)", &self.next_day_retention),
            ("Active users (mean of 7 days)", &self.active_users),
            ("Daily use time (ms, mean of 7 days)", &self.daily_use_time),
            ("Active users in 7 days", &self.active_users_7_days),
            ("Cumulative users", &self.cumulative_users),
            ("Active users in 30 days", &self.active_users_30_days),
        ];
        let value = format!("Until {}", self.until);
        let previous = format!("Until {}", self.until.plus(-7));
        let row = |(name, figure): (&str, &Change)| vec![name.into(), figure.value.into(), figure.previous.into(), figure.change.into()];
        Table { columns: table::columns(["Figure", &value, &previous, "Change"]), rows: figures.into_iter().map(row).collect() }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::report::testing::{Application, day, week};

    fn figures(change: Change) -> (Option<f64>, Option<f64>) {
        (change.value, change.previous)
    }

    #[test]
    fn today_does_not_count() {
        let overview = overview(&week());
        assert_eq!(overview.until, day("2026-11-25"));
        // The 19th to the 25th, beside the 12th to the 18th, when there was nobody.
        assert_eq!(overview.new_users, Change { value: Some(3.0 / 7.0), previous: Some(0.0), change: None });
        assert_eq!(figures(overview.active_users), (Some(6.0 / 7.0), Some(0.0)));
        // 30 s on the 21st, 120 s on the 22nd, 10 s on the 24th and the 25th; the 23rd has no users.
        assert_eq!(figures(overview.daily_use_time), (Some(42_500.0), None));
        // Half on the 21st, all on the 24th.
        assert_eq!(figures(overview.next_day_retention), (Some(0.75), None));
        assert_eq!(figures(overview.active_users_7_days), (Some(3.0), Some(0.0)));
        assert_eq!(figures(overview.active_users_30_days), (Some(3.0), Some(0.0)));
        assert_eq!(figures(overview.cumulative_users), (Some(3.0), Some(0.0)));
    }

    #[test]
    fn it_is_compared_with_itself_seven_days_earlier() {
        let mut application = Application::with(&[
            // The last day of the earlier thirty, the first day of the earlier seven, and the day before.
            ("a", "2026-10-20 12:00", 0, ""),
            ("b", "2026-11-12 12:00", 0, ""),
            ("c", "2026-11-11 12:00", 0, ""),
            ("c", "2026-11-12 12:00", 0, ""),
            ("a", "2026-11-19 12:00", 0, ""),
        ]);
        let overview = overview(&application.at("2026-11-26 00:00"));
        assert_eq!(overview.new_users, Change { value: Some(0.0), previous: Some(1.0 / 7.0), change: Some(-1.0) });
        // The window of retention ends a day earlier, so that it has the 11th and not the 18th.
        assert_eq!(figures(overview.next_day_retention), (None, Some(0.5)));
        assert_eq!(overview.active_users_7_days, Change { value: Some(1.0), previous: Some(2.0), change: Some(-0.5) });
        assert_eq!(overview.active_users_30_days, Change { value: Some(3.0), previous: Some(3.0), change: Some(0.0) });
        assert_eq!(overview.cumulative_users, Change { value: Some(3.0), previous: Some(3.0), change: Some(0.0) });
    }

    #[test]
    fn the_table_has_a_row_for_each_figure() {
        let csv = overview(&week()).table().csv();
        let lines: Vec<_> = csv.lines().collect();
        assert_eq!((lines.len(), lines[0], lines[6]), (8, "Figure,Until 2026-11-25,Until 2026-11-18,Change", "Cumulative users,3,0,"));
        assert_eq!(lines[4], "\"Daily use time (ms, mean of 7 days)\",42500,,");
    }
}
