//! `mpcloud storage ls`.

use clap::Args;
use serde_json::{Value, json};

use super::super::output::{camel, table, text};
use super::super::{Failure, Options};
use super::{every, size};

/// `mpcloud storage ls`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  mpcloud storage ls --space ID
  mpcloud storage ls albums/2026/ --space ID --json")]
pub struct List {
    /// Only files whose names begin so
    #[arg(default_value = "", hide_default_value = true)]
    prefix: String,
    /// The space's id
    #[arg(long, value_name = "ID")]
    space: String,
}

impl List {
    pub fn run(self, options: &Options) -> Result<(), Failure> {
        let mut files = Vec::new();
        every(&options.client()?, &self.space, &self.prefix, |file| files.push(file))?;
        options.output().result(&json!({"files": files.iter().cloned().map(camel).collect::<Vec<_>>()}), || {
            let row = |file: &Value| {
                let bytes = file.get("Size").and_then(Value::as_u64).unwrap_or_default();
                vec![text(file, &["Name"]), size(bytes), text(file, &["Type"]), text(file, &["GmtModified"])]
            };
            table(&["NAME", "SIZE", "TYPE", "MODIFIED"], &files.iter().map(row).collect::<Vec<_>>())
        })
    }
}
