//! `mpcloud storage rm`.

use clap::Args;
use serde_json::json;

use super::super::output::{confirm, text};
use super::super::{Failure, Options};
use super::{every, named};

/// `mpcloud storage rm`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  mpcloud storage rm photo.jpg --space ID
  mpcloud storage rm --recursive albums/2026/ --space ID --yes")]
pub struct Remove {
    /// Names, ids or URLs of files
    #[arg(required = true)]
    names: Vec<String>,
    /// The space's id
    #[arg(long, value_name = "ID")]
    space: String,
    /// Delete all files whose names begin so
    #[arg(long, short)]
    recursive: bool,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

impl Remove {
    pub fn run(self, options: &Options) -> Result<(), Failure> {
        let client = options.client()?;
        let mut ids = Vec::new();
        if self.recursive {
            for prefix in &self.names {
                every(&client, &self.space, prefix, |file| ids.push(text(&file, &["Id"])))?;
            }
            if !self.yes && !ids.is_empty() && !confirm(&format!("Delete {} files?", ids.len())) {
                return Err(Failure::new("nothing was deleted"));
            }
        } else {
            ids.extend(self.names.iter().map(|name| named(name)));
        }
        for id in &ids {
            client.call("DeleteFile", &[("SpaceId", &self.space), ("Id", id)])?;
        }
        options.output().result(&json!({"deleted": ids.len()}), || format!("deleted {} files", ids.len()))
    }
}
