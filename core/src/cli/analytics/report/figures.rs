//! Figures as people read them.

use serde_json::Value;

use super::super::super::output::{table, text};

/// What a figure is, and how it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// As it is.
    Text,
    /// A whole number.
    Count,
    /// A mean: one place.
    Mean,
    /// Milliseconds: `1m 23s`.
    Time,
    /// A fraction: `25.0%`.
    Rate,
}

/// A column of a table: its heading, the key of a row that it shows, and how.
pub type Column = (&'static str, &'static str, Kind);

/// Writes a figure; `-` where it cannot be said.
pub fn figure(value: &Value, kind: Kind) -> String {
    match (kind, value.as_f64()) {
        (_, None) if value.is_null() => "-".to_owned(),
        (Kind::Text, _) | (_, None) => text(value, &[]),
        (Kind::Count, Some(count)) => format!("{count:.0}"),
        (Kind::Mean, Some(mean)) => format!("{mean:.1}"),
        (Kind::Time, Some(millis)) => time(millis),
        (Kind::Rate, Some(rate)) => format!("{:.1}%", rate * 100.0),
    }
}

/// Rows as a table.
pub fn tabled(columns: &[Column], rows: &[Value]) -> String {
    let headings: Vec<&str> = columns.iter().map(|(heading, ..)| *heading).collect();
    let cells = |row: &Value| columns.iter().map(|(_, key, kind)| figure(row.get(*key).unwrap_or(&Value::Null), *kind)).collect();
    table(&headings, &rows.iter().map(cells).collect::<Vec<Vec<String>>>())
}

/// Milliseconds as `12.3s`, `1m 23s` or `2h 5m 0s`.
pub fn time(millis: f64) -> String {
    let tenths = (millis / 100.0).round();
    if tenths < 600.0 {
        return format!("{:.1}s", tenths / 10.0);
    }
    let seconds = (millis / 1000.0).round() as u64;
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}h {minutes}m {seconds}s") } else { format!("{minutes}m {seconds}s") }
}

/// A bound of a class of times, which is a round one: `3s`, `10m`.
pub fn bound(millis: u64) -> String {
    let seconds = millis / 1000;
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 if seconds.is_multiple_of(60) => format!("{}m", seconds / 60),
        _ => time(millis as f64),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn figures_are_short() {
        for (value, kind, shown) in [
            (json!(null), Kind::Rate, "-"),
            (json!(1234), Kind::Count, "1234"),
            (json!(12.0), Kind::Count, "12"),
            (json!("2026-11-26"), Kind::Text, "2026-11-26"),
            (json!("x"), Kind::Time, "x"),
            (json!(1.25), Kind::Mean, "1.2"),
            (json!(0), Kind::Time, "0.0s"),
            (json!(12_340), Kind::Time, "12.3s"),
            (json!(59_940), Kind::Time, "59.9s"),
            (json!(59_960), Kind::Time, "1m 0s"),
            (json!(83_000), Kind::Time, "1m 23s"),
            (json!(7_500_000), Kind::Time, "2h 5m 0s"),
            (json!(0.25), Kind::Rate, "25.0%"),
            (json!(-0.5), Kind::Rate, "-50.0%"),
        ] {
            assert_eq!(figure(&value, kind), shown, "{value}");
        }
        assert_eq!([3_000, 60_000, 1_800_000, 90_000].map(bound), ["3s", "1m", "30m", "1m 30s"]);
    }

    #[test]
    fn what_a_row_lacks_is_a_dash() {
        let columns = [("DAY", "at", Kind::Text), ("RATE", "rate", Kind::Rate)];
        assert_eq!(
            tabled(&columns, &[json!({"at": "2026-11-26", "rate": 0.5}), json!({"at": "x"})]),
            "DAY         RATE\n2026-11-26  50.0%\nx           -"
        );
    }
}
