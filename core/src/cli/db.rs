//! `mpcloud db`.

mod backup;
mod collections;
mod export;
mod import;
mod index;
mod policy;
mod restore;
mod task;

use clap::Subcommand;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::call::parse_json;
use super::output::text;
use super::{Failure, Options};

/// The commands on databases.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a database command, as an administrator
    #[command(after_help = "Examples:
  mpcloud db run --space ID '{\"command\":\"find\",\"collection\":\"users\",\"query\":{\"age\":{\"$gt\":18}}}'
  mpcloud db run --space ID '{\"command\":\"insertOne\",\"collection\":\"users\",\"doc\":{\"name\":\"Tom\"}}'")]
    Run {
        /// The space's id
        #[arg(long, value_name = "ID")]
        space: String,
        /// The command: `command`, `collection` and what the command takes
        #[arg(value_name = "JSON")]
        command: String,
    },
    /// Show and change what mini programs may do with collections
    #[command(subcommand)]
    Policy(policy::Command),
    #[command(flatten)]
    Collections(collections::Command),
    /// List, make and remove the indexes of a collection
    #[command(subcommand)]
    Index(index::Command),
    /// Write a collection to a file
    Export(export::Export),
    /// Read a file into a collection
    Import(import::Import),
    /// List backups, or make one now
    #[command(subcommand)]
    Backup(backup::Command),
    /// Make new collections of those in a backup
    Restore(restore::Restore),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Outcome {
    affected_docs: u64,
    result: Box<RawValue>,
}

impl Command {
    pub fn run(self, options: &Options) -> Result<(), Failure> {
        let (space, command) = match self {
            Self::Run { space, command } => (space, command),
            Self::Policy(command) => return command.run(options),
            Self::Collections(command) => return command.run(options),
            Self::Index(command) => return command.run(options),
            Self::Export(export) => return export.run(options),
            Self::Import(import) => return import.run(options),
            Self::Backup(command) => return command.run(options),
            Self::Restore(restore) => return restore.run(options),
        };
        parse_json("the command", &command)?;
        let reply = options.client()?.call("RunDBCommand", &[("SpaceId", &space), ("Body", &command)])?;
        let result = text(&reply, &["Result"]);
        let raw = RawValue::from_string(result).map_err(|e| Failure::new(format!("the server's answer is not JSON: {e}")))?;
        let outcome = Outcome { affected_docs: reply.get("AffectedDocs").and_then(Value::as_u64).unwrap_or_default(), result: raw };
        options.output().result(&outcome, || {
            let result: Value = serde_json::from_str(outcome.result.get()).unwrap_or_default();
            serde_json::to_string_pretty(&json!({"affectedDocs": outcome.affected_docs, "result": result})).unwrap_or_default()
        })
    }
}
