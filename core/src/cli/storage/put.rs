//! `mpcloud storage put`.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use super::super::client::Client;
use super::super::output::text;
use super::super::progress::Progress;
use super::super::{Failure, Options};
use super::{Counted, size};

/// How deep folders may lie in one another.
const MAX_DEPTH: usize = 64;

/// `mpcloud storage put`.
#[derive(Debug, Args)]
#[command(after_help = "A file that is there already is replaced. The type follows from what the name ends in.

Examples:
  mpcloud storage put photo.jpg --space ID
  mpcloud storage put photo.jpg albums/2026/photo.jpg --space ID
  mpcloud storage put ./images images --space ID")]
pub struct Put {
    /// The file or folder to upload
    path: PathBuf,
    /// The file's name in the space, or the folder that names begin with [default: the name it has]
    name: Option<String>,
    /// The space's id
    #[arg(long, value_name = "ID")]
    space: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Uploaded {
    id: String,
    name: String,
    size: u64,
}

#[derive(Serialize)]
struct AllUploaded {
    files: Vec<Uploaded>,
}

/// The files below a folder, with their names from there on.
fn walk(folder: &Path, prefix: &str, depth: usize, found: &mut Vec<(PathBuf, String)>) -> Result<(), Failure> {
    if depth > MAX_DEPTH {
        return Err(Failure::new(format!("{} lies more than {MAX_DEPTH} folders deep", folder.display())));
    }
    let cannot = |e: std::io::Error| Failure::new(format!("cannot read {}: {e}", folder.display()));
    let mut entries = fs::read_dir(folder).map_err(cannot)?.collect::<Result<Vec<_>, _>>().map_err(cannot)?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        let name = entry.file_name().into_string().map_err(|_| Failure::new(format!("the name of {} is not UTF-8", path.display())))?;
        let name = if prefix.is_empty() { name } else { format!("{prefix}/{name}") };
        // What a link leads to may lie anywhere, and may lead back here.
        let kind = entry.file_type().map_err(cannot)?;
        if kind.is_dir() {
            walk(&path, &name, depth + 1, found)?;
        } else if kind.is_file() {
            found.push((path, name));
        }
    }
    Ok(())
}

impl Put {
    pub fn run(self, options: &Options) -> Result<(), Failure> {
        let files = self.files()?;
        let client = options.client()?;
        let mut progress = Progress::new(options);
        let mut uploaded = Vec::with_capacity(files.len());
        for (path, name) in &files {
            match self.upload(&client, path, name, &mut progress) {
                Ok(file) => uploaded.push(file),
                Err(failure) => {
                    progress.end();
                    return Err(failure);
                }
            }
        }
        progress.end();
        let shown = |file: &Uploaded| format!("uploaded {} ({})", file.name, size(file.size));
        let lines: Vec<String> = uploaded.iter().map(shown).collect();
        match <[Uploaded; 1]>::try_from(uploaded) {
            Ok([file]) if self.path.is_file() => options.output().result(&file, || lines.join("\n")),
            Ok(files) => options.output().result(&AllUploaded { files: files.into() }, || lines.join("\n")),
            Err(files) => options.output().result(&AllUploaded { files }, || lines.join("\n")),
        }
    }

    fn files(&self) -> Result<Vec<(PathBuf, String)>, Failure> {
        let shown = self.path.display();
        let found = fs::metadata(&self.path).map_err(|e| Failure::new(format!("cannot read {shown}: {e}")))?;
        let mut files = Vec::new();
        if found.is_dir() {
            let prefix = self.name.as_deref().unwrap_or_default().trim_end_matches('/');
            walk(&self.path, prefix, 0, &mut files)?;
            return Ok(files);
        }
        let own = self.path.file_name().and_then(|name| name.to_str());
        let name = match (self.name.as_deref(), own) {
            (Some(folder), Some(own)) if folder.ends_with('/') => format!("{folder}{own}"),
            (Some(name), _) => name.to_owned(),
            (None, Some(own)) => own.to_owned(),
            (None, None) => return Err(Failure::usage(format!("{shown} has no name; give one"))),
        };
        files.push((self.path.clone(), name));
        Ok(files)
    }

    fn upload(&self, client: &Client, path: &Path, name: &str, progress: &mut Progress) -> Result<Uploaded, Failure> {
        let cannot = |e: std::io::Error| Failure::new(format!("cannot read {}: {e}", path.display()));
        let file = File::open(path).map_err(cannot)?;
        let length = file.metadata().map_err(cannot)?.len();
        let (space, bytes) = (self.space.as_str(), length.to_string());
        let signed =
            client.call("DescribeFileUploadSignedUrl", &[("SpaceId", space), ("FileId", name), ("Filename", name), ("Size", &bytes)])?;
        let id = text(&signed, &["Id"]);
        let words = format!("uploading {name}");
        let reader = Counted { inner: file, done: 0, whole: length, words: &words, progress };
        client.put_file(&text(&signed, &["SignUrl"]), length, reader)?;
        client.call("RegisterFile", &[("SpaceId", space), ("Id", &id)])?;
        Ok(Uploaded { id, name: name.to_owned(), size: length })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_walked_and_links_are_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("b/c")).unwrap();
        for file in ["z.png", "a.png", "b/x.png", "b/c/图.png"] {
            fs::write(folder.path().join(file), file).unwrap();
        }
        std::os::unix::fs::symlink(folder.path(), folder.path().join("b/again")).unwrap();
        let put =
            |name: Option<&str>, path: &str| Put { path: folder.path().join(path), name: name.map(str::to_owned), space: String::new() };
        let names = |put: Put| put.files().unwrap().into_iter().map(|(_, name)| name).collect::<Vec<_>>();
        assert_eq!(names(put(None, "")), ["a.png", "b/c/图.png", "b/x.png", "z.png"]);
        assert_eq!(names(put(Some("p/q/"), "b")), ["p/q/c/图.png", "p/q/x.png"]);
        assert_eq!(names(put(None, "b/x.png")), ["x.png"]);
        assert_eq!(names(put(Some("p/"), "b/x.png")), ["p/x.png"]);
        assert_eq!(names(put(Some("p/y.png"), "b/x.png")), ["p/y.png"]);
        assert!(put(None, "nothing").files().is_err());
    }
}
