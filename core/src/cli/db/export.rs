//! `mpcloud db export`.

use std::io::{ErrorKind, Write as _, stdout};
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};

use super::super::client::Client;
use super::super::output::text;
use super::super::progress::Progress;
use super::super::save::{exists, save};
use super::super::{Failure, Options};
use super::task::{Format, Task};

/// `mpcloud db export`.
#[derive(Debug, Args)]
#[command(after_help = "JSON has one document a line, in a form that `db import` reads back. CSV has the fields that
are named, and loses types.

Examples:
  mpcloud db export users --space ID
  mpcloud db export users --space ID --format csv --fields name,address.city --output users.csv
  mpcloud db export users --space ID --output - | head")]
pub struct Export {
    /// The collection's name
    collection: String,
    /// The space's id
    #[arg(long, value_name = "ID")]
    space: String,
    /// The form of the file
    #[arg(long, value_enum, default_value = "json")]
    format: Format,
    /// The fields to write, with commas between them; CSV needs some
    #[arg(long, value_name = "A,B", default_value = "", hide_default_value = true)]
    fields: String,
    /// Where to write; `-` is standard output [default: the collection's name and .json or .csv]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Replace a file that exists
    #[arg(long)]
    force: bool,
}

impl Export {
    pub fn run(self, options: &Options) -> Result<(), Failure> {
        let to_stdout = self.output.as_deref() == Some(Path::new("-"));
        if to_stdout && options.json {
            return Err(Failure::usage("--json and --output - both want standard output"));
        }
        let file = self.output.clone().unwrap_or_else(|| format!("{}.{}", self.collection, self.format.extension()).into());
        if !to_stdout && !self.force && file.exists() {
            return Err(exists(&file));
        }
        let client = options.client()?;
        let parameters = [
            ("SpaceId", self.space.as_str()),
            ("Collection", &self.collection),
            ("FileType", self.format.name()),
            ("Fields", &self.fields),
        ];
        let created = client.call("CreateDBExportTask", &parameters)?;
        let task = Task { client: &client, space: &self.space, id: &text(&created, &["TaskId"]), query: "QueryDBExportTaskStatus" };
        let mut progress = Progress::new(options);
        let done = task.wait(&mut progress, |reply| format!("exported {} documents", text(reply, &["ExportedCount"])));
        let downloaded = done.and_then(|done| {
            progress.show(None, "downloading");
            let bytes = if to_stdout {
                print(&client, &done)?
            } else {
                save(&file, self.force, |out| client.download(&text(&done, &["DownloadUrl"]), out))?
            };
            Ok((done, bytes))
        });
        progress.end();
        let (done, bytes) = downloaded?;
        if to_stdout {
            return Ok(());
        }
        let documents: u64 = text(&done, &["ExportedCount"]).parse().unwrap_or_default();
        let shown = file.display().to_string();
        options
            .output()
            .result(&json!({"file": shown, "documents": documents, "bytes": bytes}), || format!("wrote {documents} documents to {shown}"))
    }
}

fn print(client: &Client, done: &Value) -> Result<u64, Failure> {
    let mut out = stdout().lock();
    let bytes = client.download(&text(done, &["DownloadUrl"]), &mut Quiet(&mut out))?;
    let _ = out.flush();
    Ok(bytes)
}

/// Standard output, whose reader may have seen enough.
struct Quiet<'a, W>(&'a mut W);

impl<W: std::io::Write> std::io::Write for Quiet<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match self.0.write(bytes) {
            Err(e) if e.kind() == ErrorKind::BrokenPipe => Ok(bytes.len()),
            written => written,
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
