//! `mpcloud db import`.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::super::output::text;
use super::super::progress::Progress;
use super::super::{Failure, Options};
use super::task::{Format, Task};

/// What to do with documents that are there already.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Mode {
    /// Leave them, and count the file's as failed
    Insert,
    /// Replace them
    Upsert,
}

/// `mpcloud db import`.
#[derive(Debug, Args)]
#[command(after_help = "A JSON file has one object a line; the first line of a CSV file has the names of the fields.
The file is UTF-8, and at most 50 MB. Documents without an _id get one.

Examples:
  mpcloud db import users users.json --space ID
  mpcloud db import users users.csv --space ID --mode upsert")]
pub struct Import {
    /// The collection's name
    collection: String,
    /// The file to read
    file: PathBuf,
    /// The space's id
    #[arg(long, value_name = "ID")]
    space: String,
    /// What to do with documents that are there already
    #[arg(long, value_enum, default_value = "insert")]
    mode: Mode,
    /// The form of the file [default: CSV if its name ends in .csv, otherwise JSON]
    #[arg(long, value_enum)]
    format: Option<Format>,
}

fn by_name(file: &Path) -> Format {
    let is_csv = file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv"));
    if is_csv { Format::Csv } else { Format::Json }
}

impl Import {
    pub fn run(self, options: &Options) -> Result<(), Failure> {
        let shown = self.file.display();
        let cannot = |e: std::io::Error| Failure::new(format!("cannot read {shown}: {e}"));
        let file = File::open(&self.file).map_err(cannot)?;
        let length = file.metadata().map_err(cannot)?.len();
        let client = options.client()?;
        let mode = match self.mode {
            Mode::Insert => "INSERT",
            Mode::Upsert => "UPSERT",
        };
        let format = self.format.unwrap_or_else(|| by_name(&self.file));
        let space = self.space.as_str();
        let parameters = [("SpaceId", space), ("Collection", &self.collection), ("FileType", format.name()), ("Mode", mode)];
        let created = client.call("CreateDBImportTask", &parameters)?;
        let field = |name: &str| text(&created, &[name]);
        let fields = [
            ("key", &*field("FileKey")),
            ("policy", &*field("Policy")),
            ("OSSAccessKeyId", &*field("AccessKeyId")),
            ("Signature", &*field("Signature")),
        ];
        let mut progress = Progress::new(options);
        let reader = Counted { file, read: 0, length, progress: &mut progress };
        let uploaded = client.post_form(&field("Host"), &fields, length, reader);
        let id = field("TaskId");
        let task = Task { client: &client, space, id: &id, query: "QueryDBImportTaskStatus" };
        let done = uploaded.and_then(|()| task.wait(&mut progress, words));
        progress.end();
        let done = done?;
        let count = |name: &str| text(&done, &[name]).parse::<u64>().unwrap_or_default();
        let (succeeded, failed) = (count("SuccessCount"), count("FailedCount"));
        options.output().result(&json!({"collection": self.collection, "succeeded": succeeded, "failed": failed}), || words(&done))
    }
}

fn words(reply: &Value) -> String {
    let (succeeded, failed) = (text(reply, &["SuccessCount"]), text(reply, &["FailedCount"]));
    match failed.as_str() {
        "0" | "" => format!("imported {succeeded} documents"),
        _ => format!("imported {succeeded} documents, left out {failed} that conflict"),
    }
}

/// Reads a file, and shows how much of it is uploaded.
struct Counted<'a> {
    file: File,
    read: u64,
    length: u64,
    progress: &'a mut Progress,
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.read += count as u64;
        let percent = (self.read * 100).checked_div(self.length).map(|percent| percent.min(100));
        self.progress.show(percent, "uploading");
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_says_the_form() {
        assert_eq!(by_name(Path::new("a/users.CSV")), Format::Csv);
        assert_eq!(by_name(Path::new("users.jsonl")), Format::Json);
        assert_eq!(by_name(Path::new("csv")), Format::Json);
    }

    #[test]
    fn what_conflicts_is_told() {
        assert_eq!(words(&json!({"SuccessCount": "2", "FailedCount": "0"})), "imported 2 documents");
        assert_eq!(words(&json!({"SuccessCount": "2", "FailedCount": "1"})), "imported 2 documents, left out 1 that conflict");
    }
}
