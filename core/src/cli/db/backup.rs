//! `mpcloud db backup`.

use clap::Subcommand;
use serde_json::{Value, json};

use super::super::output::{camel, table, text};
use super::super::progress::Progress;
use super::super::{Failure, Options};
use super::task::Task;

/// The commands on backups.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the backups, newest first; the time is when each began
    List {
        /// The space's id
        #[arg(long, value_name = "ID")]
        space: String,
    },
    /// List the collections of a backup
    Show {
        /// The backup's id
        backup: String,
        /// The space's id
        #[arg(long, value_name = "ID")]
        space: String,
    },
    /// Make a backup now, beside the nightly ones
    Now {
        /// The space's id
        #[arg(long, value_name = "ID")]
        space: String,
    },
}

impl Command {
    pub fn run(self, options: &Options) -> Result<(), Failure> {
        let (client, output) = (options.client()?, options.output());
        match self {
            Self::List { space } => {
                let reply = client.call("QueryDBBackupDumpTimes", &[("SpaceId", &space)])?;
                let listed = reply.get("BackupDumpTimes").and_then(Value::as_array).cloned().unwrap_or_default();
                output.result(&json!({"backups": listed.iter().cloned().map(camel).collect::<Vec<_>>()}), || {
                    let row = |one: &Value| vec![text(one, &["BackupId"]), text(one, &["DumpTime"])];
                    table(&["BACKUP", "BEGAN"], &listed.iter().map(row).collect::<Vec<_>>())
                })
            }
            Self::Show { backup, space } => {
                let reply = client.call("QueryDBBackupCollections", &[("SpaceId", &space), ("BackupId", &backup)])?;
                let names: Vec<&str> =
                    reply.get("Collections").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
                output.result(&json!({"backupId": backup, "collections": names}), || names.join("\n"))
            }
            Self::Now { space } => {
                let created = client.call("CreateDBBackupTask", &[("SpaceId", &space)])?;
                let (id, backup) = (text(&created, &["TaskId"]), text(&created, &["BackupId"]));
                let task = Task { client: &client, space: &space, id: &id, query: "QueryDBBackupTaskStatus" };
                let mut progress = Progress::new(options);
                let done = task.wait(&mut progress, |reply| format!("backed up {} documents", text(reply, &["SuccessCount"])));
                progress.end();
                let documents = done?.get("SuccessCount").and_then(Value::as_u64).unwrap_or_default();
                output.result(&json!({"backupId": backup, "documents": documents}), || {
                    format!("backed up {documents} documents\n{backup}\nRestore: mpcloud db restore {backup} --space {space} --collection OLD=NEW")
                })
            }
        }
    }
}
