//! What commands print: JSON or text on standard output, everything else on standard error.

use std::io::{ErrorKind, IsTerminal as _, Write as _, stderr, stdin, stdout};

use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::Failure;

/// How a command prints its result.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    /// JSON instead of text.
    pub json: bool,
}

impl Output {
    /// Prints a result, as JSON or as the text that `human` makes.
    ///
    /// # Errors
    /// When standard output is closed or the value cannot be encoded.
    pub fn result(self, value: &impl Serialize, human: impl FnOnce() -> String) -> Result<(), Failure> {
        let text = if self.json { serde_json::to_string(value).map_err(|e| Failure::new(e.to_string()))? } else { human() };
        print(&text)
    }

    /// Prints JSON text, which people see indented.
    ///
    /// # Errors
    /// As [`result`](Self::result).
    pub fn raw(self, text: &str) -> Result<(), Failure> {
        let raw: &RawValue = serde_json::from_str(text).map_err(|e| Failure::new(format!("the server's answer is not JSON: {e}")))?;
        self.result(&raw, || serde_json::to_string_pretty(&serde_json::from_str::<Value>(text).unwrap_or_default()).unwrap_or_default())
    }
}

/// Prints a line on standard output. A reader that has seen enough, such as `head`, is no failure.
///
/// # Errors
/// When it cannot be written to.
pub fn print(text: &str) -> Result<(), Failure> {
    let mut out = stdout().lock();
    match writeln!(out, "{}", text.trim_end_matches('\n')).and_then(|()| out.flush()) {
        Err(e) if e.kind() != ErrorKind::BrokenPipe => Err(Failure::new(format!("standard output: {e}"))),
        _ => Ok(()),
    }
}

/// Prints a line on standard error. Nobody listens when that fails.
pub fn complain(text: &str) {
    let _ = writeln!(stderr(), "{text}");
}

/// Asks a yes-or-no question of whoever sits at the terminal. Scripts are not asked.
pub fn confirm(question: &str) -> bool {
    if !stdin().is_terminal() || !stderr().is_terminal() {
        return true;
    }
    let _ = write!(stderr(), "{question} [y/N] ");
    let mut answer = String::new();
    stdin().read_line(&mut answer).is_ok() && matches!(answer.trim(), "y" | "Y" | "yes")
}

/// Rows under headings, in columns as wide as they need to be.
pub fn table(headings: &[&str], rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.chain(headings.get(column).map(|heading| heading.chars().count())).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..headings.len()).map(width).collect();
    let line = |cells: Vec<&str>| {
        let padded: Vec<String> = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        padded.join("  ").trim_end().to_owned()
    };
    let heading = line(headings.to_vec());
    let rows = rows.iter().map(|row| line(row.iter().map(String::as_str).collect()));
    std::iter::once(heading).chain(rows).collect::<Vec<_>>().join("\n")
}

/// A field of a reply as text; empty when it is absent.
pub fn text(value: &Value, path: &[&str]) -> String {
    match path.iter().try_fold(value, |value, key| value.get(key)) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

/// A reply of the management API as the command line prints it: keys in camelCase at every depth.
pub fn camel(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let rename = |key: String| {
                let mut letters = key.chars();
                letters.next().map(|first| first.to_ascii_lowercase().to_string() + letters.as_str()).unwrap_or_default()
            };
            Value::Object(map.into_iter().map(|(key, value)| (rename(key), camel(value))).collect::<Map<_, _>>())
        }
        Value::Array(items) => items.into_iter().map(camel).collect(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [vec!["a".to_owned(), "小程序".to_owned()], vec!["long".to_owned(), String::new()]];
        assert_eq!(table(&["ID", "NAME"], &rows), "ID    NAME\na     小程序\nlong");
    }

    #[test]
    fn replies_are_read_and_renamed() {
        let reply = json!({"DataList": [{"Name": "f", "Spec": {"Memory": 512}}], "Total": null});
        assert_eq!(text(&reply["DataList"][0], &["Spec", "Memory"]), "512");
        assert_eq!(text(&reply, &["Total"]), "");
        assert_eq!(camel(reply), json!({"dataList": [{"name": "f", "spec": {"memory": 512}}], "total": null}));
    }
}
