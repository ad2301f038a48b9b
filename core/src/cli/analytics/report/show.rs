//! Reports as tables.

use serde_json::Value;

use super::super::super::output::{table, text};
use super::super::{list, named};
use super::figures::Kind::{Count, Mean, Rate, Text, Time};
use super::figures::{Column, Kind, bound, figure, tabled};

/// The channels that are not shown by themselves, as CSV has them too.
const OTHERS: &str = "(all others)";

pub fn overview(reply: &Value) -> String {
    let rows = [
        ("new users a day", "newUsers", Mean),
        ("next-day retention", "nextDayRetention", Rate),
        ("active users a day", "activeUsers", Mean),
        ("time of a user a day", "dailyUseTime", Time),
        ("active users in 7 days", "activeUsers7Days", Count),
        ("active users in 30 days", "activeUsers30Days", Count),
        ("cumulative users", "cumulativeUsers", Count),
    ];
    format!("until {}, means of 7 days\n\n{}", text(reply, &["until"]), changes(&rows, "A WEEK EARLIER", reply))
}

pub fn realtime(reply: &Value) -> String {
    let rows = [
        ("new users", "newUsers", Count),
        ("launches", "launches", Count),
        ("active users", "activeUsers", Count),
        ("active users in the last full hour", "hourActiveUsers", Count),
    ];
    let (today, yesterday) = (list(reply, "today"), list(reply, "yesterday"));
    let row = |(index, before): (usize, &Value)| {
        let both = |key: &str| {
            [today.get(index), Some(before)].map(|hour| figure(hour.and_then(|hour| hour.get(key)).unwrap_or(&Value::Null), Count))
        };
        let figures = ["newUsers", "launches", "activeUsers", "activeUsersSoFar"].map(both);
        std::iter::once(format!("{index:02}")).chain(figures.into_iter().flatten()).collect()
    };
    let by_hour: Vec<Vec<String>> = yesterday.iter().enumerate().map(row).collect();
    let headings = ["HOUR", "NEW", "BEFORE", "LAUNCHES", "BEFORE", "ACTIVE", "BEFORE", "ACTIVE SO FAR", "BEFORE"];
    format!(
        "{} until {}:00\n\n{}\n\n{}",
        text(reply, &["date"]),
        text(reply, &["untilHour"]),
        changes(&rows, "YESTERDAY", reply),
        table(&headings, &by_hour)
    )
}

/// Figures beside the same ones of an earlier period.
fn changes(rows: &[(&str, &str, Kind)], earlier: &str, reply: &Value) -> String {
    let row = |(name, key, kind): &(&str, &str, Kind)| {
        let of = |part: &str| reply.get(*key).and_then(|change| change.get(part)).unwrap_or(&Value::Null);
        let change = of("change").as_f64().map_or_else(|| "-".to_owned(), |change| format!("{:+.1}%", change * 100.0));
        vec![(*name).to_owned(), figure(of("value"), *kind), figure(of("previous"), *kind), change]
    };
    table(&["FIGURE", "VALUE", earlier, "CHANGE"], &rows.iter().map(row).collect::<Vec<_>>())
}

pub fn trend(reply: &Value) -> String {
    series(
        reply,
        &[
            ("NEW", "newUsers", Count),
            ("ACTIVE", "activeUsers", Count),
            ("RETURNING", "returningUsers", Count),
            ("LAUNCHES", "launches", Count),
            ("CUMULATIVE", "cumulativeUsers", Count),
            ("TIME/USER", "dailyUseTime", Time),
            ("LAUNCHES/USER", "dailyLaunches", Mean),
            ("TIME/LAUNCH", "singleUseTime", Time),
            ("NEXT DAY", "nextDayRetention", Rate),
        ],
        |_| String::new(),
    )
}

pub fn new_users(reply: &Value) -> String {
    let retention: [Column; 4] =
        [("DAY", "date", Text), ("NEW", "newUsers", Count), ("NEXT DAY", "retained", Count), ("RATE", "rate", Rate)];
    series(reply, &[("NEW", "newUsers", Count), ("OF ACTIVE", "share", Rate)], |series| {
        let days = list(series, "nextDayRetention");
        let came_back = if days.is_empty() { String::new() } else { format!("\n\nback on the next day\n{}", tabled(&retention, days)) };
        format!("\n\nnew users in all: {}{came_back}", text(series, &["total"]))
    })
}

pub fn active_users(reply: &Value) -> String {
    let mut columns: Vec<Column> = vec![
        ("ACTIVE", "activeUsers", Count),
        ("SHARE", "share", Rate),
        ("NEW", "newUsers", Count),
        ("RETURNING", "returningUsers", Count),
    ];
    match text(reply, &["unit"]).as_str() {
        "day" => columns.extend([("OF 7 DAYS", "stickiness7Days", Rate), ("OF 30 DAYS", "stickiness30Days", Rate)]),
        "week" | "month" => columns.push(("OF CUMULATIVE", "activeRate", Rate)),
        _ => {}
    }
    series(reply, &columns, |series| {
        let hours = list(series, "byHour").iter().enumerate();
        let rows: Vec<Vec<String>> = hours.map(|(hour, mean)| vec![format!("{hour:02}"), figure(mean, Mean)]).collect();
        let by_hour = if rows.is_empty() { String::new() } else { format!("\n\nmean of each hour\n{}", table(&["HOUR", "ACTIVE"], &rows)) };
        format!("\n\nactive users, each once: {}{by_hour}", text(series, &["total"]))
    })
}

pub fn launches(reply: &Value) -> String {
    series(reply, &[("LAUNCHES", "launches", Count), ("SHARE", "share", Rate)], |series| {
        format!("\n\nlaunches in all: {}", text(series, &["total"]))
    })
}

/// Buckets of a report and of the days that it is compared with.
fn series(reply: &Value, columns: &[Column], after: impl Fn(&Value) -> String) -> String {
    let unit = text(reply, &["unit"]);
    let heading = unit.to_uppercase();
    let one = |series: &Value| {
        let headings: Vec<&str> = std::iter::once(heading.as_str()).chain(columns.iter().map(|(heading, ..)| *heading)).collect();
        let cells = |bucket: &Value| {
            let figures = columns.iter().map(|(_, key, kind)| figure(bucket.get(*key).unwrap_or(&Value::Null), *kind));
            std::iter::once(at(bucket)).chain(figures).collect()
        };
        let rows: Vec<Vec<String>> = list(series, "buckets").iter().map(cells).collect();
        let open = list(series, "buckets").iter().any(|bucket| !has_ended(bucket));
        let note = if open { "\n* has not ended" } else { "" };
        format!("{}, by {unit}s\n{}{note}{}", range(series), table(&headings, &rows), after(series))
    };
    match reply.get("comparison") {
        Some(comparison) if !comparison.is_null() => format!("{}\n\ncompared with {}", one(reply), one(comparison)),
        _ => one(reply),
    }
}

fn has_ended(bucket: &Value) -> bool {
    bucket.get("complete").and_then(Value::as_bool).unwrap_or(true)
}

fn at(bucket: &Value) -> String {
    let mark = if has_ended(bucket) { "" } else { " *" };
    text(bucket, &["at"]) + mark
}

fn range(value: &Value) -> String {
    format!("{} to {}", text(value, &["from"]), text(value, &["to"]))
}

pub fn retention(reply: &Value) -> String {
    let unit = text(reply, &["unit"]);
    let periods = list(reply, "periods").iter().map(|period| format!("+{}", figure(period, Count)));
    let headings: Vec<String> = [unit.to_uppercase(), "USERS".to_owned()].into_iter().chain(periods).collect();
    let row = |row: &Value| {
        let cell = |(rate, count): (&Value, &Value)| match (rate.is_null(), count.is_null()) {
            (true, _) => figure(count, Count),
            (false, _) => format!("{} ({})", figure(rate, Rate), figure(count, Count)),
        };
        let cells = list(row, "rates").iter().zip(list(row, "retained")).map(cell);
        [text(row, &["at"]), text(row, &["users"])].into_iter().chain(cells).collect()
    };
    let rows: Vec<Vec<String>> = list(reply, "rows").iter().map(row).collect();
    let headings: Vec<&str> = headings.iter().map(String::as_str).collect();
    format!("{} users of {}, by {unit}s: how many came back\n{}", text(reply, &["users"]), range(reply), table(&headings, &rows))
}

pub fn use_time(reply: &Value) -> String {
    let what = if text(reply, &["per"]) == "user" { "users" } else { "launches" };
    let one = |day: &Value| {
        let row = |class: &Value| {
            let millis = |key: &str| class.get(key).and_then(Value::as_u64);
            let from = bound(millis("from").unwrap_or_default());
            let name = millis("below").map_or_else(|| format!("{from} and more"), |below| format!("{from} to {}", bound(below)));
            vec![name, text(class, &["count"]), share(class)]
        };
        let average = figure(day.get("average").unwrap_or(&Value::Null), Time);
        let rows: Vec<Vec<String>> = list(day, "classes").iter().map(row).collect();
        let [date, total] = ["date", "total"].map(|key| text(day, &[key]));
        format!("{date}: {total} {what}, {average} on average\n{}", table(&["TIME", &what.to_uppercase(), "SHARE"], &rows))
    };
    beside(reply, one)
}

pub fn frequency(reply: &Value) -> String {
    let one = |period: &Value| {
        let row = |class: &Value| {
            let from = text(class, &["from"]);
            let name = match text(class, &["to"]) {
                to if to.is_empty() => format!("{from} and more"),
                to if to == from => from,
                to => format!("{from} to {to}"),
            };
            vec![name, text(class, &["users"]), share(class)]
        };
        let average = figure(period.get("average").unwrap_or(&Value::Null), Mean);
        let days = if text(period, &["from"]) == text(period, &["to"]) { text(period, &["date"]) } else { range(period) };
        let rows: Vec<Vec<String>> = list(period, "classes").iter().map(row).collect();
        let users = text(period, &["users"]);
        format!("{days}: {users} users, {average} launches on average\n{}", table(&["LAUNCHES", "USERS", "SHARE"], &rows))
    };
    beside(reply, one)
}

fn share(class: &Value) -> String {
    figure(class.get("share").unwrap_or(&Value::Null), Rate)
}

/// A distribution, and those of other days.
fn beside(reply: &Value, one: impl Fn(&Value) -> String) -> String {
    std::iter::once(reply).chain(list(reply, "comparisons")).map(one).collect::<Vec<_>>().join("\n\n")
}

pub fn channel_top(reply: &Value) -> String {
    let one = |(name, key): (&str, &str)| {
        let ranking = reply.get(key).unwrap_or(&Value::Null);
        let row = |name: String, share: &Value| {
            let of = |key: &str, kind| figure(share.get(key).unwrap_or(&Value::Null), kind);
            vec![name, of("users", Count), of("share", Rate), of("usersBefore", Count), of("shareBefore", Rate)]
        };
        let channels = list(ranking, "channels").iter().map(|share| row(named(&text(share, &["channel"])), share));
        let others = row(OTHERS.to_owned(), ranking.get("others").unwrap_or(&Value::Null));
        let rows: Vec<Vec<String>> = channels.chain([others]).collect();
        format!("{name}\n{}", table(&["CHANNEL", "USERS", "SHARE", "DAY BEFORE", "SHARE"], &rows))
    };
    let rankings = [("new users", "newUsers"), ("active users", "activeUsers"), ("cumulative users", "cumulativeUsers")];
    format!("{}\n\n{}", text(reply, &["date"]), rankings.map(one).join("\n\n"))
}

pub fn channel_day(reply: &Value) -> String {
    let hours: Vec<String> = (0..24).map(|hour| format!("{hour:02}")).collect();
    let headings: Vec<&str> = ["CHANNEL", "NEW"].into_iter().chain(hours.iter().map(String::as_str)).collect();
    let row = |row: &Value| {
        let hours = list(row, "hours").iter().map(|count| figure(count, Count));
        [named(&text(row, &["channel"])), text(row, &["newUsers"])].into_iter().chain(hours).collect()
    };
    let rows: Vec<Vec<String>> = list(reply, "channels").iter().map(row).collect();
    format!("{}: {} new users by all channels\n{}", text(reply, &["date"]), text(reply, &["total"]), table(&headings, &rows))
}

pub fn channel_list(reply: &Value) -> String {
    let row = |name: String, row: &Value| {
        let of = |key: &str, kind| figure(row.get(key).unwrap_or(&Value::Null), kind);
        let counts = ["newUsers", "activeUsers", "launches"].map(|key| of(key, Count));
        let times = ["singleUseTime", "dailyUseTime"].map(|key| of(key, Time));
        std::iter::once(name).chain(counts).chain(times).chain([of("nextDayRetention", Rate)]).collect()
    };
    let channels = list(reply, "channels").iter().map(|channel| row(named(&text(channel, &["channel"])), channel));
    let others = row(OTHERS.to_owned(), reply.get("others").unwrap_or(&Value::Null));
    let rows: Vec<Vec<String>> = channels.chain([others]).collect();
    let headings = ["CHANNEL", "NEW", "ACTIVE", "LAUNCHES", "TIME/LAUNCH", "TIME/USER", "NEXT DAY"];
    format!("{}: {} channels with active users\n{}", range(reply), text(reply, &["count"]), table(&headings, &rows))
}

pub fn channel_trend(reply: &Value) -> String {
    let (unit, shown) = (text(reply, &["unit"]), text(reply, &["figure"]));
    let kind = match shown.as_str() {
        "singleUseTime" | "dailyUseTime" => Time,
        "nextDayRetention" => Rate,
        _ => Count,
    };
    let channels = list(reply, "channels");
    let names: Vec<String> = channels.iter().map(|channel| named(&text(channel, &["channel"]))).collect();
    let heading = unit.to_uppercase();
    let headings: Vec<&str> = std::iter::once(heading.as_str()).chain(names.iter().map(String::as_str)).collect();
    let row = |(index, day): (usize, &Value)| {
        let values = channels.iter().map(|channel| figure(list(channel, "values").get(index).unwrap_or(&Value::Null), kind));
        std::iter::once(figure(day, Text)).chain(values).collect()
    };
    let rows: Vec<Vec<String>> = list(reply, "buckets").iter().enumerate().map(row).collect();
    format!("{shown} of {}, by {unit}s\n{}", range(reply), table(&headings, &rows))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn changes_stand_beside_figures() {
        let change = |value: Value, previous: Value, change: Value| json!({"value": value, "previous": previous, "change": change});
        let none = change(json!(null), json!(null), json!(null));
        let reply = json!({"until": "2026-11-25", "newUsers": change(json!(1.5), json!(1.0), json!(0.5)), "nextDayRetention": none,
            "activeUsers": none, "dailyUseTime": change(json!(83_000.0), json!(100_000.0), json!(-0.17)), "activeUsers7Days": none,
            "activeUsers30Days": none, "cumulativeUsers": change(json!(12.0), json!(0.0), json!(null))});
        let shown = overview(&reply);
        assert!(shown.starts_with("until 2026-11-25"), "{shown}");
        for line in ["new users a day          1.5     1.0             +50.0%", "time of a user a day     1m 23s  1m 40s          -17.0%"] {
            assert!(shown.contains(line), "{line}\n{shown}");
        }
    }

    #[test]
    fn hours_stand_beside_those_of_yesterday() {
        let hour = |hour: u8, count: u64| json!({"hour": hour, "newUsers": count, "launches": 2, "activeUsers": 3, "activeUsersSoFar": 4});
        let reply = json!({"date": "2026-11-26", "untilHour": 1, "today": [hour(0, 7)], "yesterday": [hour(0, 1), hour(1, 0)]});
        let shown = realtime(&reply);
        assert!(shown.starts_with("2026-11-26 until 1:00"), "{shown}");
        let rows = "00    7    1       2         2       3       3       4              4\n01    -    0       -         2       -       3       -              4";
        assert!(shown.ends_with(rows), "{shown}");
    }

    #[test]
    fn buckets_that_have_not_ended_are_marked_and_comparisons_follow() {
        let bucket = |at: &str, complete: bool| json!({"at": at, "complete": complete, "launches": 3, "share": 0.5});
        let reply = json!({"unit": "day", "from": "2026-11-25", "to": "2026-11-26", "total": 6,
            "buckets": [bucket("2026-11-25", true), bucket("2026-11-26", false)],
            "comparison": {"from": "2026-11-23", "to": "2026-11-24", "total": 3, "buckets": [bucket("2026-11-23", true)]}});
        assert_eq!(
            launches(&reply),
            "2026-11-25 to 2026-11-26, by days
DAY           LAUNCHES  SHARE
2026-11-25    3         50.0%
2026-11-26 *  3         50.0%
* has not ended

launches in all: 6

compared with 2026-11-23 to 2026-11-24, by days
DAY         LAUNCHES  SHARE
2026-11-23  3         50.0%

launches in all: 3"
        );
    }

    #[test]
    fn retention_has_rates_and_counts() {
        let reply = json!({"unit": "week", "users": "new", "from": "2026-11-01", "to": "2026-11-14", "periods": [1, 2],
            "rows": [{"at": "2026-11-01", "users": 4, "retained": [2, null], "rates": [0.5, null]},
                     {"at": "2026-11-08", "users": 0, "retained": [0, null], "rates": [null, null]}]});
        assert_eq!(
            retention(&reply),
            "new users of 2026-11-01 to 2026-11-14, by weeks: how many came back
WEEK        USERS  +1         +2
2026-11-01  4      50.0% (2)  -
2026-11-08  0      0          -"
        );
    }

    #[test]
    fn classes_have_bounds() {
        let reply = json!({"per": "launch", "date": "2026-11-25", "average": 2000.0, "total": 2, "comparisons": [],
            "classes": [{"from": 0, "below": 3000, "count": 2, "share": 1.0}, {"from": 1_800_000, "below": null, "count": 0, "share": 0.0}]});
        assert_eq!(
            use_time(&reply),
            "2026-11-25: 2 launches, 2.0s on average
TIME          LAUNCHES  SHARE
0s to 3s      2         100.0%
30m and more  0         0.0%"
        );
        let reply = json!({"unit": "day", "date": "2026-11-25", "from": "2026-11-25", "to": "2026-11-25", "average": 1.5, "users": 2,
            "comparisons": [], "classes": [{"from": 1, "to": 2, "users": 2, "share": 1.0}, {"from": 100, "to": null, "users": 0, "share": 0.0}]});
        assert!(frequency(&reply).contains("1 to 2        2      100.0%\n100 and more  0      0.0%"), "{}", frequency(&reply));
    }

    #[test]
    fn channels_without_a_name_have_one() {
        let row = |channel: &str| json!({"channel": channel, "newUsers": 1, "activeUsers": 2, "launches": 3, "singleUseTime": 500.0, "dailyUseTime": null, "nextDayRetention": 0.5});
        let reply = json!({"from": "2026-11-25", "to": "2026-11-25", "count": 1, "channels": [row("")], "others": row("")});
        assert!(
            channel_list(&reply).contains("(none)        1    2       3         0.5s         -          50.0%"),
            "{}",
            channel_list(&reply)
        );
        assert!(channel_list(&reply).contains("(all others)  1  "), "{}", channel_list(&reply));
        let reply = json!({"figure": "nextDayRetention", "unit": "day", "from": "2026-11-25", "to": "2026-11-25", "buckets": ["2026-11-25"],
            "channels": [{"channel": "a", "values": [0.5]}, {"channel": "", "values": [null]}]});
        assert!(channel_trend(&reply).ends_with("DAY         a      (none)\n2026-11-25  50.0%  -"), "{}", channel_trend(&reply));
    }
}
