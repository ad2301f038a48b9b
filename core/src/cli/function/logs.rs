//! `mpcloud function logs`.

use std::collections::HashMap;
use std::thread::sleep;
use std::time::Duration;

use clap::Args;
use serde::Serialize;
use serde_json::Value;

use super::{Client, Failure, Options, text};
use crate::cli::output::print;
use crate::management::timestamp;

/// How often `-f` asks for new lines.
const INTERVAL: Duration = Duration::from_secs(1);

/// How many calls of the function are asked for at once.
const PAGE_SIZE: usize = 100;

/// By how much the clocks and writes of several nodes may be apart, in milliseconds.
const OVERLAP: u64 = 5_000;

/// Prints a function's log, oldest line first.
#[derive(Debug, Args)]
#[command(after_help = "With --json every line is a JSON object: time, level, requestId, content.
Times are ISO 8601 in UTC, or milliseconds since 1970.

Examples:
  mpcloud function logs hello --space ID
  mpcloud function logs hello --space ID -f
  mpcloud function logs hello --space ID --status fail --from 2026-01-31T08:00:00Z
  mpcloud function logs hello --space ID --request-id 6f1c…")]
pub struct Logs {
    /// The function's name
    name: String,
    /// The space's id
    #[arg(long, value_name = "ID")]
    space: String,
    /// Go on with new lines as they come
    #[arg(short, long)]
    follow: bool,
    /// Only calls that ended so
    #[arg(long, value_parser = ["success", "fail"])]
    status: Option<String>,
    /// Only the call with this id
    #[arg(long, value_name = "ID")]
    request_id: Option<String>,
    /// Only calls that began then or later
    #[arg(long, value_name = "TIME", value_parser = moment)]
    from: Option<i64>,
    /// Only calls that began then or earlier
    #[arg(long, value_name = "TIME", value_parser = moment)]
    to: Option<i64>,
    /// How many calls to print, the newest ones
    #[arg(long, value_name = "N", default_value_t = 100)]
    limit: usize,
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
        // Each line that was printed, with when its call was logged.
        let mut printed: HashMap<Line, u64> = HashMap::new();
        let mut newest = 0;
        loop {
            let entries = self.entries(&client, newest)?;
            let mut new: Vec<(Line, u64)> = entries.iter().flat_map(lines).filter(|(line, _)| !printed.contains_key(line)).collect();
            new.sort_unstable();
            for (line, _) in &new {
                print(&if options.json {
                    serde_json::to_string(line).map_err(|e| Failure::new(e.to_string()))?
                } else {
                    format!("{} {:<5} {} {}", line.time, line.level, line.request_id, line.content)
                })?;
            }
            if !self.follow {
                return Ok(());
            }
            printed.extend(new);
            newest = printed.values().copied().max().unwrap_or(newest);
            // Lines that the server does not send any more need not be remembered.
            printed.retain(|_, logged| logged.saturating_add(OVERLAP) >= newest);
            sleep(INTERVAL);
        }
    }

    /// The newest calls; all that were logged after `newest`, or shortly before, unless that is 0.
    /// A call is logged when it has ended, which may be long after it began.
    fn entries(&self, client: &Client, newest: u64) -> Result<Vec<Value>, Failure> {
        let since = newest.saturating_sub(OVERLAP).to_string();
        let (from, to) = (self.from.map(|ms| ms.to_string()), self.to.map(|ms| ms.to_string()));
        let mut parameters = vec![("SpaceId", self.space.as_str()), ("Name", &self.name)];
        let filters = [("Status", &self.status), ("LogRequestId", &self.request_id), ("FromDate", &from), ("ToDate", &to)];
        parameters.extend(filters.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?))));
        if newest > 0 {
            parameters.push(("LoggedFrom", &since));
            return client.all("ListFunctionLog", &parameters);
        }
        let size = self.limit.clamp(1, PAGE_SIZE).to_string();
        let mut all = Vec::new();
        for page in 1.. {
            let page = page.to_string();
            let paged: Vec<_> = parameters.iter().copied().chain([("PageNum", page.as_str()), ("PageSize", &size)]).collect();
            let reply = client.call("ListFunctionLog", &paged)?;
            let entries = reply.get("DataList").and_then(Value::as_array).cloned().unwrap_or_default();
            let last = entries.len() < self.limit.clamp(1, PAGE_SIZE);
            all.extend(entries);
            if last || all.len() >= self.limit {
                break;
            }
        }
        all.truncate(self.limit);
        Ok(all)
    }
}

/// A time on the command line, in milliseconds since 1970.
fn moment(text: &str) -> Result<i64, String> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let parsed = if digits { text.parse().ok() } else { timestamp::parse(text) };
    parsed.ok_or_else(|| "a time is ISO 8601 in UTC, such as 2026-01-31T08:00:00Z, or milliseconds since 1970".to_owned())
}

/// Milliseconds since 1970 as ISO 8601; other text as it is.
fn time(text: String) -> String {
    match text.parse::<i64>() {
        Ok(ms) => format!("{}.{:03}Z", timestamp::format(ms).trim_end_matches('Z'), ms.rem_euclid(1000)),
        Err(_) => text,
    }
}

/// The lines of a call, each with when the call was logged.
fn lines(entry: &Value) -> Vec<(Line, u64)> {
    let at = |key: &str, place: usize| entry.get(key).and_then(|list| list.get(place)).map(|item| text(item, &[])).unwrap_or_default();
    let logged = entry.get("LoggedAt").and_then(Value::as_u64).unwrap_or_default();
    let count = entry.get("Contents").and_then(Value::as_array).map_or(0, Vec::len);
    let line = |place| Line {
        start: time(at("Timestamps", 0)),
        request_id: text(entry, &["RequestId"]),
        place,
        time: time(at("Timestamps", place)),
        level: at("Levels", place),
        content: at("Contents", place),
    };
    (0..count).map(|place| (line(place), logged)).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_reply_becomes_lines() {
        let entries = [
            json!({"RequestId": "b", "Contents": ["two", "three"], "Levels": ["info", "error"], "Timestamps": ["1545403746724", "1545403746723"], "LoggedAt": 7}),
            json!({"RequestId": "a", "Contents": ["one"], "Levels": ["info"], "Timestamps": ["1545403746009"]}),
        ];
        let mut lines: Vec<(Line, u64)> = entries.iter().flat_map(lines).collect();
        lines.sort_unstable();
        let contents: Vec<(&str, u64)> = lines.iter().map(|(line, logged)| (line.content.as_str(), *logged)).collect();
        assert_eq!(contents, [("one", 0), ("two", 7), ("three", 7)]);
        assert_eq!(lines.first().map(|(line, _)| line.time.as_str()), Some("2018-12-21T14:49:06.009Z"));
        assert_eq!(lines.last().map(|(line, _)| line.level.as_str()), Some("error"));
    }

    #[test]
    fn a_time_is_written_in_two_ways() {
        assert_eq!(moment("2018-12-21T14:49:06Z"), Ok(1_545_403_746_000));
        assert_eq!(moment("1545403746724"), Ok(1_545_403_746_724));
        for bad in ["", "yesterday", "-1", "2018-12-21"] {
            assert!(moment(bad).is_err(), "{bad}");
        }
    }
}
