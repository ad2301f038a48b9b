//! `mpcloud hosting deploy`.

use std::collections::HashMap;
use std::fs::File;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use clap::Args;
use http::Uri;
use serde_json::{Value, json};

use super::folder::{Folder, Found, digests, take};
use super::{Client, Failure, Options, Progress, address, text};
use crate::cli::output::complain;

/// How many files are uploaded at once.
const UPLOADS: usize = 8;
/// How often it is said how far it is.
const SHOW: Duration = Duration::from_millis(10);
/// How often what has become missing meanwhile is uploaded.
const ROUNDS: usize = 3;

/// `mpcloud hosting deploy`.
#[derive(Debug, Args)]
#[command(after_help = "The website has the folder's files then, and no others. Hidden files are left out, `.well-known` is not.
Links are refused.

Example:
  mpcloud hosting deploy ./dist --space ID")]
pub struct Deploy {
    /// A folder with an index.html
    folder: PathBuf,
    /// The space's id
    #[arg(long, value_name = "ID")]
    space: String,
}

/// Contents that the server does not have.
struct Missing {
    address: String,
    size: u64,
    file: PathBuf,
}

impl Deploy {
    pub fn run(&self, options: &Options) -> Result<(), Failure> {
        let Folder { files, hidden } = Folder::read(&self.folder)?;
        if files.is_empty() {
            return Err(Failure::new(format!("{} has no files", self.folder.display())));
        }
        if !hidden.is_empty() && !options.json {
            complain(&format!("left out, as hidden: {}", hidden.join(", ")));
        }
        let client = options.client()?;
        let mut progress = Progress::new(options);
        let deployed = self.deploy(&client, &files, &mut progress);
        progress.end();
        let (release, uploaded, bytes) = deployed?;
        let url = address(&client, &self.space)?;
        let (number, count) = (release.get("Release").cloned().unwrap_or_default(), files.len());
        let result = json!({
            "release": number,
            "files": count,
            "bytes": release.get("Bytes"),
            "uploaded": uploaded,
            "uploadedBytes": bytes,
            "hidden": hidden,
            "url": url,
        });
        options.output().result(&result, || format!("release {number}: {count} files, {uploaded} of them uploaded, {bytes} bytes\n{url}"))
    }

    /// Deploys; gives the release, and how many contents and bytes were uploaded.
    fn deploy(&self, client: &Client, files: &[Found], progress: &mut Progress) -> Result<(Value, usize, u64), Failure> {
        let list = list(files, progress)?;
        let begun = client.call("CreateWebHostingDeployment", &[("SpaceId", &self.space)])?;
        let (url, id) = (text(&begun, &["ListUrl"]), text(&begun, &["DeploymentId"]));
        let (mut uploaded, mut bytes) = (0, 0);
        for round in 1.. {
            progress.show(None, "comparing");
            let reply = client.put_answered(&url, list.text.len() as u64, list.text.as_bytes())?;
            let missing = missing(&reply, &url, files, &list.digests)?;
            uploaded += missing.len();
            bytes += missing.iter().map(|missing| missing.size).sum::<u64>();
            upload(client, &missing, progress)?;
            progress.show(Some(100), "publishing");
            match client.call("CommitWebHostingDeployment", &[("SpaceId", &self.space), ("DeploymentId", &id)]) {
                // Others deployed meanwhile, and a release with contents that these share is forgotten.
                Err(failure) if failure.code() == "InvalidDeployment.Incomplete" && round < ROUNDS => {}
                done => return Ok((done?, uploaded, bytes)),
            }
        }
        Err(Failure::new("the deployment could not be completed"))
    }
}

/// The list of a deployment.
struct List {
    text: String,
    digests: Vec<(u64, String)>,
}

fn list(files: &[Found], progress: &mut Progress) -> Result<List, Failure> {
    let done = AtomicUsize::new(0);
    let digests = thread::scope(|scope| {
        let reading = scope.spawn(|| digests(files, &done));
        while !reading.is_finished() {
            thread::sleep(SHOW);
            let read = done.load(Ordering::Relaxed);
            progress.show(Some((read * 100 / files.len().max(1)) as u64), &format!("read {read} of {} files", files.len()));
        }
        reading.join().unwrap_or_else(|_| Err(Failure::new("the files could not be read")))
    })?;
    let lines = files.iter().zip(&digests).map(|(found, (size, digest))| {
        let line = json!({"path": found.path, "sha256": digest, "size": size});
        format!("{line}\n")
    });
    Ok(List { text: lines.collect(), digests })
}

/// What the server's answer to a list asks for.
fn missing(reply: &Value, url: &str, files: &[Found], digests: &[(u64, String)]) -> Result<Vec<Missing>, Failure> {
    let strange = || Failure::new("the server's answer to the list of files is not understood").advise("Is it an older version?");
    let uri: Uri = url.parse().map_err(|_| strange())?;
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else { return Err(strange()) };
    let by_digest: HashMap<&str, &Found> = digests.iter().zip(files).map(|((_, digest), found)| (digest.as_str(), found)).collect();
    let items = reply.get("missing").and_then(Value::as_array).ok_or_else(strange)?;
    let read = |item: &Value| {
        let found = by_digest.get(text(item, &["sha256"]).as_str()).copied().ok_or_else(strange)?;
        let size = item.get("size").and_then(Value::as_u64).ok_or_else(strange)?;
        Ok(Missing { address: format!("{scheme}://{authority}{}", text(item, &["address"])), size, file: found.file.clone() })
    };
    items.iter().map(read).collect()
}

/// Uploads all, several at once.
fn upload(client: &Client, missing: &[Missing], progress: &mut Progress) -> Result<(), Failure> {
    let all: u64 = missing.iter().map(|missing| missing.size).sum();
    let (next, count, bytes) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicU64::new(0));
    let failure = Mutex::new(None);
    thread::scope(|scope| {
        let work = || {
            while let Some((_, item)) = take(missing, &next) {
                if let Err(error) = put(client, item) {
                    failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
                    next.store(missing.len(), Ordering::Relaxed);
                }
                bytes.fetch_add(item.size, Ordering::Relaxed);
                count.fetch_add(1, Ordering::Relaxed);
            }
        };
        let workers: Vec<_> = (0..UPLOADS.min(missing.len())).map(|_| scope.spawn(work)).collect();
        while workers.iter().any(|worker| !worker.is_finished()) {
            thread::sleep(SHOW);
            let percent = (bytes.load(Ordering::Relaxed) * 100).checked_div(all);
            progress.show(percent, &format!("uploaded {} of {} files", count.load(Ordering::Relaxed), missing.len()));
        }
    });
    failure.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), Err)
}

fn put(client: &Client, Missing { address, size, file }: &Missing) -> Result<(), Failure> {
    let opened = File::open(file).map_err(|e| Failure::new(format!("cannot read {}: {e}", file.display())))?;
    client.put_answered(address, *size, opened).map(drop).map_err(|failure| match failure.code() {
        "InvalidDigest" | "EntityTooLarge" => {
            Failure::new(format!("{} has changed while it was deployed", file.display())).advise("Deploy again.")
        }
        _ => failure,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_found_by_its_digest() {
        let files = ["a", "b"].map(|name| Found { path: name.to_owned(), file: name.into() });
        let digests = [(1, "da".to_owned()), (2, "db".to_owned())];
        let reply = json!({"missing": [{"sha256": "db", "size": 2, "address": "/hosting/x?y"}]});
        let found = missing(&reply, "http://h:1/list?z", &files, &digests).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].address.as_str(), found[0].file.to_str()), ("http://h:1/hosting/x?y", Some("b")));
        for bad in [json!({}), json!({"missing": [{"sha256": "dc", "size": 2}]}), json!({"missing": [{"sha256": "da"}]})] {
            assert!(missing(&bad, "http://h:1/", &files, &digests).is_err(), "{bad}");
        }
    }
}
