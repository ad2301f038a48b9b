//! Waiting for a task of the server.

use std::thread::sleep;
use std::time::Duration;

use clap::ValueEnum;
use serde_json::Value;

use super::super::Failure;
use super::super::client::Client;
use super::super::output::text;
use super::super::progress::Progress;

/// How long to wait before the task is asked for again, at first and later.
const FIRST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(1);

/// The form of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// One JSON object a line
    Json,
    /// Comma-separated values, names in the first line
    Csv,
}

impl Format {
    /// What the management API calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Json => "JSON",
            Self::Csv => "CSV",
        }
    }

    /// What names of such files end in.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Csv => "csv",
        }
    }
}

/// A task that the server works on.
pub struct Task<'a> {
    /// The server.
    pub client: &'a Client,
    /// The space.
    pub space: &'a str,
    /// The task's id.
    pub id: &'a str,
    /// The action that asks for its status.
    pub query: &'a str,
}

impl Task<'_> {
    /// Waits until the task has succeeded; gives its last status. `words` says how far it is.
    ///
    /// # Errors
    /// Why the task failed, or what the server answers.
    pub fn wait(&self, progress: &mut Progress, words: impl Fn(&Value) -> String) -> Result<Value, Failure> {
        let mut pause = FIRST;
        loop {
            let reply = self.client.call(self.query, &[("SpaceId", self.space), ("TaskId", self.id)])?;
            match text(&reply, &["Status"]).as_str() {
                "SUCCESS" => return Ok(reply),
                "FAILED" => return Err(failure(&reply, &words(&reply))),
                "NEW" | "WAITING" => progress.show(None, "waiting"),
                _ => progress.show(reply.get("Percent").and_then(Value::as_u64), &words(&reply)),
            }
            sleep(pause);
            pause = (pause * 2).min(LONGEST);
        }
    }
}

/// The failure of a task, whose message begins with a code.
fn failure(reply: &Value, words: &str) -> Failure {
    let detail = text(reply, &["DetailMessage"]);
    let is_code = |code: &str| !code.is_empty() && code.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
    let failure = match detail.split_once(": ").filter(|(code, _)| is_code(code)) {
        Some((code, message)) => Failure::new(message).with_code(code),
        None => Failure::new(detail),
    };
    failure.advise(format!("Until then: {words}."))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_code_is_told_apart_from_the_message() {
        let failed = failure(&json!({"DetailMessage": "INVALID_FILE_FORMAT: line 3: no JSON"}), "imported 2");
        assert_eq!(failed.code(), "INVALID_FILE_FORMAT");
        assert_eq!(failed.to_string(), "error: line 3: no JSON (INVALID_FILE_FORMAT)\nUntil then: imported 2.");
        assert_eq!(failure(&json!({"DetailMessage": "line 3: x"}), "").code(), "");
    }
}
