//! `mpcloud hosting files`.

use std::fs::File;
use std::path::PathBuf;

use clap::Subcommand;
use serde_json::{Value, json};

use super::{Failure, Options};
use crate::cli::output::{camel, confirm, table, text};
use crate::management::timestamp;

/// The commands on single files.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List files, all or those whose paths begin with PREFIX
    #[command(after_help = "Example:\n  mpcloud hosting files list img/ --space ID")]
    List {
        /// What paths begin with
        #[arg(default_value = "", value_name = "PREFIX")]
        prefix: String,
        /// The space's id
        #[arg(long, value_name = "ID")]
        space: String,
    },
    /// Upload one file
    #[command(after_help = "Example:\n  mpcloud hosting files put logo.png img/logo.png --space ID")]
    Put {
        /// The file
        file: PathBuf,
        /// Its path on the website
        path: String,
        /// The space's id
        #[arg(long, value_name = "ID")]
        space: String,
    },
    /// Delete files; a path that ends in a slash is a folder with all that is in it
    #[command(after_help = "Example:\n  mpcloud hosting files rm old.html img/ --space ID")]
    Rm {
        /// Their paths
        #[arg(required = true, value_name = "PATH")]
        paths: Vec<String>,
        /// The space's id
        #[arg(long, value_name = "ID")]
        space: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

impl Command {
    pub fn run(self, options: &Options) -> Result<(), Failure> {
        match self {
            Self::List { prefix, space } => list(&prefix, &space, options),
            Self::Put { file, path, space } => {
                let cannot = |e: std::io::Error| Failure::new(format!("cannot read {}: {e}", file.display()));
                let opened = File::open(&file).map_err(cannot)?;
                let length = opened.metadata().map_err(cannot)?.len();
                let client = options.client()?;
                let reply = client.call("GetWebHostingUploadCredential", &[("SpaceId", &space), ("FilePath", &path)])?;
                let field = |name: &str| text(&reply, &["Data", name]);
                let (key, policy, signature, id) = (field("FilePath"), field("Policy"), field("Signature"), field("AccessKeyId"));
                let fields = [("key", &*key), ("policy", &*policy), ("OSSAccessKeyId", &*id), ("Signature", &*signature)];
                client.post_form(&field("Endpoint"), &fields, length, opened)?;
                options.output().result(&json!({"path": key, "bytes": length}), || format!("uploaded {key}, {length} bytes"))
            }
            Self::Rm { paths, space, yes } => {
                let several = paths.len() > 1 || paths.iter().any(|path| path.ends_with('/'));
                if several && !yes && !confirm(&format!("Delete {}?", paths.join(", "))) {
                    return Err(Failure::new("nothing was deleted"));
                }
                let client = options.client()?;
                for some in paths.chunks(1000) {
                    let named: Vec<(String, &str)> =
                        some.iter().enumerate().map(|(index, path)| (format!("FilePaths.{}", index + 1), path.as_str())).collect();
                    let list = named.iter().map(|(name, path)| (name.as_str(), *path));
                    let parameters: Vec<(&str, &str)> = std::iter::once(("SpaceId", space.as_str())).chain(list).collect();
                    client.call("BatchDeleteWebHostingFiles", &parameters)?;
                }
                options.output().result(&json!({"deleted": paths}), || format!("deleted {}", paths.join(", ")))
            }
        }
    }
}

fn list(prefix: &str, space: &str, options: &Options) -> Result<(), Failure> {
    let client = options.client()?;
    let (mut files, mut marker) = (Vec::new(), String::new());
    loop {
        let parameters = [("SpaceId", space), ("Prefix", prefix), ("Marker", &marker), ("PageSize", "1000")];
        let reply = client.call("ListWebHostingFiles", &parameters)?;
        let page = reply.get("Data").and_then(|data| data.get("WebHostingFiles")).and_then(Value::as_array);
        files.extend(page.cloned().unwrap_or_default());
        marker = text(&reply, &["Data", "NextMarker"]);
        if marker.is_empty() {
            break;
        }
    }
    options.output().result(&json!({"files": files.iter().cloned().map(camel).collect::<Vec<_>>()}), || {
        let row = |file: &Value| {
            let modified = file.get("LastModifiedTime").and_then(Value::as_i64).map(timestamp::format).unwrap_or_default();
            vec![text(file, &["FilePath"]), text(file, &["Size"]), text(file, &["ContentType"]), modified]
        };
        table(&["PATH", "BYTES", "TYPE", "MODIFIED"], &files.iter().map(row).collect::<Vec<_>>())
    })
}
