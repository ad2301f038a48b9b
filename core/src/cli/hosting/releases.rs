//! `mpcloud hosting releases` and `rollback`.

use clap::Args;
use serde_json::{Value, json};

use super::{Failure, Options};
use crate::cli::output::{camel, table, text};
use crate::management::timestamp;

/// Prints the releases that are kept, newest first.
pub fn list(space: &str, options: &Options) -> Result<(), Failure> {
    let reply = options.client()?.call("ListWebHostingReleases", &[("SpaceId", space)])?;
    let releases = reply.get("DataList").and_then(Value::as_array).cloned().unwrap_or_default();
    options.output().result(&json!({"releases": releases.iter().cloned().map(camel).collect::<Vec<_>>()}), || {
        let row = |(index, release): (usize, &Value)| {
            let made = release.get("CreatedAt").and_then(Value::as_i64).map(timestamp::format).unwrap_or_default();
            let source = text(release, &["Source"]);
            let of = if source == text(release, &["Release"]) { String::new() } else { format!("of {source}") };
            vec![
                text(release, &["Release"]),
                if index == 0 { "current".to_owned() } else { String::new() },
                text(release, &["Kind"]),
                of,
                text(release, &["Files"]),
                text(release, &["Bytes"]),
                made,
            ]
        };
        table(&["RELEASE", "", "MADE BY", "", "FILES", "BYTES", "CREATED"], &releases.iter().enumerate().map(row).collect::<Vec<_>>())
    })
}

/// `mpcloud hosting rollback`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  mpcloud hosting rollback --space ID            the release before the current one
  mpcloud hosting rollback --space ID --to 3     release 3")]
pub struct Rollback {
    /// The space's id
    #[arg(long, value_name = "ID")]
    space: String,
    /// A release's number; the one before the current one by default
    #[arg(long, value_name = "RELEASE")]
    to: Option<u64>,
}

impl Rollback {
    pub fn run(&self, options: &Options) -> Result<(), Failure> {
        let to = self.to.map(|to| to.to_string()).unwrap_or_default();
        let parameters = [("SpaceId", self.space.as_str()), ("Release", to.as_str())];
        let parameters = if to.is_empty() { &parameters[..1] } else { &parameters[..] };
        let mut reply = options.client()?.call("RollbackWebHosting", parameters)?;
        if let Some(map) = reply.as_object_mut() {
            map.remove("RequestId");
        }
        let message = format!("release {} has the files of release {}", text(&reply, &["Release"]), text(&reply, &["Source"]));
        options.output().result(&camel(reply), || message)
    }
}
