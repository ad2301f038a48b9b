//! `mpcloud storage get`.

use std::io::{Write as _, stdout};
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};

use super::super::client::Client;
use super::super::output::text;
use super::super::progress::Progress;
use super::super::save::{exists, save};
use super::super::{Failure, Options};
use super::{Counted, named, size};

/// `mpcloud storage get`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  mpcloud storage get albums/2026/photo.jpg --space ID
  mpcloud storage get photo.jpg other.jpg --space ID --force
  mpcloud storage get notes.txt - --space ID > copy.txt")]
pub struct Get {
    /// The file's name in the space, its id or its URL
    name: String,
    /// Where to write; `-` is standard output [default: the last part of its name]
    output: Option<PathBuf>,
    /// The space's id
    #[arg(long, value_name = "ID")]
    space: String,
    /// Replace a file that exists
    #[arg(long)]
    force: bool,
}

impl Get {
    pub fn run(self, options: &Options) -> Result<(), Failure> {
        let to_stdout = self.output.as_deref() == Some(Path::new("-"));
        if to_stdout && options.json {
            return Err(Failure::usage("--json and - both want standard output"));
        }
        let client = options.client()?;
        // An hour, so that private files are downloaded as well.
        let id = named(&self.name);
        let parameters = [("SpaceId", self.space.as_str()), ("FileId", &id), ("AuthDelta", "3600")];
        let reply = client.call("ListFile", &parameters)?;
        let found = reply.get("DataList").and_then(|list| list.get(0)).cloned();
        let found = found.ok_or_else(|| {
            Failure::new(format!("there is no file `{}`", self.name))
                .advise(format!("List them with `mpcloud storage ls --space {}`.", self.space))
        })?;
        let name = text(&found, &["Name"]);
        let file = self.output.clone().unwrap_or_else(|| name.rsplit(['/', '\\']).next().unwrap_or_default().into());
        if !to_stdout && !self.force && file.exists() {
            return Err(exists(&file));
        }
        let mut progress = Progress::new(options);
        let done = if to_stdout {
            print(&client, &found, &mut progress)
        } else {
            save(&file, self.force, |out| download(&client, &found, out, &mut progress))
        };
        progress.end();
        let bytes = done?;
        if to_stdout {
            return Ok(());
        }
        let shown = file.display().to_string();
        options.output().result(&json!({"name": name, "file": shown, "size": bytes}), || format!("wrote {} to {shown}", size(bytes)))
    }
}

fn download(client: &Client, found: &Value, out: &mut impl std::io::Write, progress: &mut Progress) -> Result<u64, Failure> {
    let whole = found.get("Size").and_then(Value::as_u64).unwrap_or_default();
    let words = format!("downloading {}", text(found, &["Name"]));
    let mut out = Counted { inner: out, done: 0, whole, words: &words, progress };
    client.download(&text(found, &["Url"]), &mut out)
}

fn print(client: &Client, found: &Value, progress: &mut Progress) -> Result<u64, Failure> {
    let mut out = stdout().lock();
    let bytes = download(client, found, &mut out, progress)?;
    out.flush().map_err(|e| Failure::new(format!("standard output: {e}")))?;
    Ok(bytes)
}
