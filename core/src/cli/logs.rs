//! `mpcloud function logs`.

use std::collections::HashSet;
use std::thread::sleep;
use std::time::Duration;

use clap::Args;
use serde::Serialize;
use serde_json::Value;

use super::client::Client;
use super::output::{print, text};
use super::{Failure, Options};
use crate::management::timestamp;

/// How often `-f` asks for new lines.
const INTERVAL: Duration = Duration::from_secs(1);

/// How many calls of the function are asked for at once.
const PAGE_SIZE: &str = "100";

/// Prints a function's log, oldest line first.
#[derive(Debug, Args)]
#[command(after_help = "With --json every line is a JSON object: time, level, requestId, content.

Examples:
  mpcloud function logs hello --space ID
  mpcloud function logs hello --space ID -f")]
pub struct Logs {
    /// The function's name
    name: String,
    /// The space's id
    #[arg(long, value_name = "ID")]
    space: String,
    /// Go on with new lines as they come
    #[arg(short, long)]
    follow: bool,
}

/// A line of a log.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    /// When the call's first line was written: the lines of a call stay together.
    #[serde(skip)]
    start: String,
    request_id: String,
    /// Its place among the lines of the call.
    #[serde(skip)]
    place: usize,
    time: String,
    level: String,
    content: String,
}

impl Logs {
    pub fn run(&self, options: &Options) -> Result<(), Failure> {
        let client = options.client()?;
        let mut printed = HashSet::new();
        loop {
            let current: HashSet<Line> = self.lines(&client)?.into_iter().collect();
            let mut new: Vec<&Line> = current.difference(&printed).collect();
            new.sort_unstable();
            for line in new {
                print(&if options.json {
                    serde_json::to_string(line).map_err(|e| Failure::new(e.to_string()))?
                } else {
                    format!("{} {:<5} {} {}", line.time, line.level, line.request_id, line.content)
                })?;
            }
            if !self.follow {
                return Ok(());
            }
            // Lines that the server does not send any more need not be remembered.
            printed = current;
            sleep(INTERVAL);
        }
    }

    fn lines(&self, client: &Client) -> Result<Vec<Line>, Failure> {
        let parameters = [("SpaceId", self.space.as_str()), ("Name", &self.name), ("PageSize", PAGE_SIZE)];
        Ok(lines(&client.call("ListFunctionLog", &parameters)?))
    }
}

/// Milliseconds since 1970 as ISO 8601; other text as it is.
fn time(text: String) -> String {
    match text.parse::<i64>() {
        Ok(ms) => format!("{}.{:03}Z", timestamp::format(ms).trim_end_matches('Z'), ms.rem_euclid(1000)),
        Err(_) => text,
    }
}

fn lines(reply: &Value) -> Vec<Line> {
    let entries = reply.get("DataList").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let at = |entry: &Value, key: &str, place: usize| {
        entry.get(key).and_then(|list| list.get(place)).map(|item| text(item, &[])).unwrap_or_default()
    };
    entries
        .iter()
        .flat_map(|entry| {
            let count = entry.get("Contents").and_then(Value::as_array).map_or(0, Vec::len);
            (0..count).map(move |place| Line {
                start: time(at(entry, "Timestamps", 0)),
                request_id: text(entry, &["RequestId"]),
                place,
                time: time(at(entry, "Timestamps", place)),
                level: at(entry, "Levels", place),
                content: at(entry, "Contents", place),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_reply_becomes_lines() {
        let reply = json!({"DataList": [
            {"RequestId": "b", "Contents": ["two", "three"], "Levels": ["info", "error"], "Timestamps": ["1545403746724", "1545403746723"]},
            {"RequestId": "a", "Contents": ["one"], "Levels": ["info"], "Timestamps": ["1545403746009"]},
        ]});
        let mut lines = lines(&reply);
        lines.sort_unstable();
        let contents: Vec<&str> = lines.iter().map(|line| line.content.as_str()).collect();
        assert_eq!(contents, ["one", "two", "three"]);
        assert_eq!(lines.first().map(|line| line.time.as_str()), Some("2018-12-21T14:49:06.009Z"));
        assert_eq!(lines.last().map(|line| line.level.as_str()), Some("error"));
    }
}
