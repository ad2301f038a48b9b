//! `mpcloud db restore`.

use clap::Args;
use serde_json::{Value, json};

use super::super::output::text;
use super::super::progress::Progress;
use super::super::{Failure, Options};
use super::task::Task;

/// `mpcloud db restore`.
#[derive(Debug, Args)]
#[command(after_help = "The new collections appear when all of them are complete. To put one in the place of the old:
  mpcloud db restore BACKUP --space ID --collection users=users_bak
  mpcloud db drop users --space ID
  mpcloud db rename users_bak users --space ID")]
pub struct Restore {
    /// The backup's id, as `db backup list` shows it
    backup: String,
    /// The space's id
    #[arg(long, value_name = "ID")]
    space: String,
    /// A collection of the backup, and its new name; once for each collection
    #[arg(long = "collection", value_name = "OLD=NEW", required = true, value_parser = pair)]
    collections: Vec<(String, String)>,
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((old, new)) if !old.is_empty() && !new.is_empty() && !text.contains(',') => Ok((old.to_owned(), new.to_owned())),
        _ => Err("it must be OLD=NEW, without commas".to_owned()),
    }
}

impl Restore {
    pub fn run(self, options: &Options) -> Result<(), Failure> {
        let client = options.client()?;
        let (old, new): (Vec<&str>, Vec<&str>) = self.collections.iter().map(|(old, new)| (old.as_str(), new.as_str())).unzip();
        let space = self.space.as_str();
        let parameters =
            [("SpaceId", space), ("BackupId", &self.backup), ("OriginCollections", &old.join(",")), ("NewCollections", &new.join(","))];
        let created = client.call("CreateDBRestoreTask", &parameters)?;
        let id = text(&created, &["TaskId"]);
        let task = Task { client: &client, space, id: &id, query: "QueryDBRestoreTaskStatus" };
        let mut progress = Progress::new(options);
        let done = task.wait(&mut progress, |reply| format!("restored {} documents", text(reply, &["SuccessCount"])));
        progress.end();
        let done = done?;
        let count = |name: &str| done.get(name).and_then(Value::as_u64).unwrap_or_default();
        let (succeeded, failed) = (count("SuccessCount"), count("FailedCount"));
        options.output().result(&json!({"collections": new, "succeeded": succeeded, "failed": failed}), || match failed {
            0 => format!("restored {succeeded} documents into {}", new.join(", ")),
            _ => format!("restored {succeeded} documents into {}; {failed} could not be stored, see the server's log", new.join(", ")),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::pair;

    #[test]
    fn pairs_have_two_names() {
        assert_eq!(pair("a=b=c"), Ok(("a".to_owned(), "b=c".to_owned())));
        for bad in ["a", "=b", "a=", "a=b,c=d"] {
            assert!(pair(bad).is_err(), "{bad}");
        }
    }
}
