//! Detail tables of reports, and their CSV (RFC 4180).

use std::fmt;

use super::Range;
use crate::{Day, Unit};

/// A detail table: names of columns, and rows of cells.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// The columns' names.
    pub columns: Vec<String>,
    /// The rows.
    pub rows: Vec<Vec<Cell>>,
}

/// A report that has a detail table.
pub trait Tabular {
    /// Its detail table.
    fn table(&self) -> Table;
}

/// A cell of a table.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Cell {
    /// What cannot be said.
    #[default]
    Empty,
    /// A text.
    Text(String),
    /// A count.
    Count(u64),
    /// A rate, a mean or a change.
    Number(f64),
}

impl Table {
    /// The table as CSV: a line of the columns' names, then one for each row, each ended by CR LF.
    ///
    /// Spreadsheets run texts as formulas that begin with `=`, `+`, `-`, `@`, a tab or a carriage
    /// return, and the names of channels come from clients. Such texts get an apostrophe in front.
    pub fn csv(&self) -> String {
        let mut writer = csv::WriterBuilder::new().flexible(true).terminator(csv::Terminator::CRLF).from_writer(Vec::new());
        let names = self.columns.iter().map(|name| guarded(name)).collect();
        let rows = self.rows.iter().map(|row| row.iter().map(Cell::to_string).collect());
        for line in std::iter::once::<Vec<String>>(names).chain(rows) {
            // Records of any length are allowed and memory takes all that is written, so that neither can fail.
            let _ = writer.write_record(line);
        }
        String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
    }
}

/// A table of buckets, of the days that were asked for and of those they are compared with: in each
/// row the period, and `cells` of the bucket: its name, whether it has ended, and what `names` name.
pub(super) fn of_buckets<'a, B: 'a>(
    unit: Unit,
    names: impl IntoIterator<Item = &'a str>,
    periods: impl IntoIterator<Item = (&'a Range, &'a [B])>,
    cells: impl Fn(&B) -> Vec<Cell>,
) -> Table {
    let bucket = match unit {
        Unit::Hour => "Hour",
        Unit::Day => "Day",
        Unit::Week => "Week",
        Unit::Month => "Month",
    };
    let rows_of = |(range, buckets): (&Range, &'a [B])| {
        let period = format!("{} to {}", range.from, range.to);
        buckets.iter().map(|bucket| [vec![Cell::Text(period.clone())], cells(bucket)].concat()).collect::<Vec<_>>()
    };
    Table {
        columns: columns(["Period", bucket, "Complete"].into_iter().chain(names)),
        rows: periods.into_iter().flat_map(rows_of).collect(),
    }
}

/// Names of columns.
pub(super) fn columns<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    names.into_iter().map(str::to_owned).collect()
}

/// The text, with an apostrophe in front where a spreadsheet would take it for a formula.
fn guarded(text: &str) -> String {
    let apostrophe = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
    format!("{apostrophe}{text}")
}

/// The cell as it stands in CSV, without the quotes around it.
impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => Ok(()),
            Self::Text(text) => f.write_str(&guarded(text)),
            Self::Count(count) => count.fmt(f),
            Self::Number(number) => number.fmt(f),
        }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Day> for Cell {
    fn from(day: Day) -> Self {
        Self::Text(day.to_string())
    }
}

impl From<bool> for Cell {
    fn from(whether: bool) -> Self {
        if whether { "yes" } else { "no" }.into()
    }
}

impl From<u8> for Cell {
    fn from(count: u8) -> Self {
        Self::Count(count.into())
    }
}

impl From<u32> for Cell {
    fn from(count: u32) -> Self {
        Self::Count(count.into())
    }
}

impl From<u64> for Cell {
    fn from(count: u64) -> Self {
        Self::Count(count)
    }
}

impl From<usize> for Cell {
    fn from(count: usize) -> Self {
        Self::Count(count as u64)
    }
}

impl From<f64> for Cell {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(cell: Option<T>) -> Self {
        cell.map_or(Self::Empty, Into::into)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn csv_of(cells: Vec<Cell>) -> String {
        Table { columns: vec![], rows: vec![cells] }.csv().strip_prefix("\"\"\r\n").unwrap().to_owned()
    }

    #[test]
    fn lines_end_with_cr_lf_and_what_cannot_be_said_is_empty() {
        let table =
            Table { columns: columns(["Day", "New users", "Share"]), rows: vec![vec![Day(0).into(), 3_u64.into(), None::<f64>.into()]] };
        assert_eq!(table.csv(), "Day,New users,Share\r\n1970-01-01,3,\r\n");
    }

    #[test]
    fn commas_quotes_and_line_ends_are_quoted() {
        assert_eq!(
            csv_of(vec!["a,b".into(), "say \"yes\"".into(), "two\nlines".into(), "微信".into()]),
            "\"a,b\",\"say \"\"yes\"\"\",\"two\nlines\",微信\r\n"
        );
    }

    #[test]
    fn texts_that_a_spreadsheet_would_run_are_defused_and_numbers_are_not() {
        let texts = ["=1+1", "+1", "-1", "@sum", "\tx", "\rx", "a=b", "'x", ""];
        let guarded: Vec<_> = texts.into_iter().map(|text| Cell::from(text).to_string()).collect();
        assert_eq!(guarded, ["'=1+1", "'+1", "'-1", "'@sum", "'\tx", "'\rx", "a=b", "'x", ""]);
        assert_eq!(csv_of(vec![(-0.5).into(), 7_u8.into()]), "-0.5,7\r\n");
    }

    #[test]
    fn names_of_columns_are_guarded_too() {
        assert_eq!(Table { columns: columns(["=cmd"]), rows: vec![] }.csv(), "'=cmd\r\n");
    }

    #[test]
    fn rows_of_another_length_are_written_as_they_are() {
        let table = Table { columns: columns(["a"]), rows: vec![vec![1_u64.into(), 2_u64.into()]] };
        assert_eq!(table.csv(), "a\r\n1,2\r\n");
    }
}
