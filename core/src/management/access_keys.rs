//! The keys that management requests are signed with.
//!
//! There is one so far: the administrator's, made at the first start and kept in
//! `DATA/admin.json`, where the command line finds it too.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::path::Path;

use rand::Rng as _;
use rand::distr::Alphanumeric;
use sdk_plugin::{Error, Result, codes};
use serde::{Deserialize, Serialize};

/// The file's name in the data folder.
pub const FILE: &str = "admin.json";

/// What `admin.json` holds.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AdminFile {
    /// Where the management API answers, such as `http://127.0.0.1:8080`.
    #[serde(default)]
    pub url: String,
    /// The key's id.
    pub access_key_id: String,
    /// The key's secret.
    pub access_key_secret: String,
}

impl AdminFile {
    /// Reads the file of a data folder; none when there is no file.
    ///
    /// # Errors
    /// `InvalidConfiguration` when it cannot be read or has another form.
    pub fn read(data: &Path) -> Result<Option<Self>> {
        let path = data.join(FILE);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(refuse(&path, "cannot be read", e)),
        };
        serde_json::from_slice(&text).map(Some).map_err(|e| refuse(&path, "has not the form {url, accessKeyId, accessKeySecret}", e))
    }

    /// Replaces the file of a data folder, whole, readable by its owner only.
    ///
    /// # Errors
    /// `InvalidConfiguration` when it cannot be written.
    fn write(&self, data: &Path) -> Result<()> {
        let path = data.join(FILE);
        let temporary = data.join(format!(".{FILE}.{}", std::process::id()));
        let text = serde_json::to_vec_pretty(self).map_err(Error::internal)?;
        let written = private_file(&temporary).and_then(|mut file| {
            file.write_all(&text)?;
            file.write_all(b"\n")?;
            file.sync_all()?;
            fs::rename(&temporary, &path)?;
            File::open(data)?.sync_all()
        });
        written.map_err(|e| {
            let _ = fs::remove_file(&temporary);
            refuse(&path, "cannot be written", e)
        })
    }
}

fn private_file(path: &Path) -> std::io::Result<File> {
    // A file left by a process that died under the same id would keep its own mode.
    let _ = fs::remove_file(path);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn refuse(path: &Path, why: &str, source: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(codes::CONFIG, format!("{} {why}: {source}", path.display())).with_source(source)
}

/// A key that requests are signed with.
#[derive(Clone)]
pub struct AccessKey {
    /// Names the key; travels with every request.
    pub id: String,
    /// Never travels.
    pub secret: String,
}

/// All keys of this cloud.
pub struct AccessKeys {
    administrator: AccessKey,
}

impl AccessKeys {
    /// Reads the administrator's key, or makes it when the data folder has none, and writes down
    /// where the management API answers. Reads and writes files: done once, at the start.
    ///
    /// # Errors
    /// `InvalidConfiguration` when the file cannot be read or written.
    pub fn open(data: &Path, url: &str) -> Result<Self> {
        let file = AdminFile::read(data)?.unwrap_or_else(|| AdminFile {
            url: String::new(),
            access_key_id: format!("MP{}", random_text(18).to_ascii_uppercase()),
            access_key_secret: random_text(40),
        });
        if file.access_key_id.is_empty() || file.access_key_secret.is_empty() {
            let message = format!("{} has an empty key; delete the file to have a new one made", data.join(FILE).display());
            return Err(Error::new(codes::CONFIG, message));
        }
        let administrator = AccessKey { id: file.access_key_id.clone(), secret: file.access_key_secret.clone() };
        AdminFile { url: url.to_owned(), ..file }.write(data)?;
        Ok(Self { administrator })
    }

    /// The administrator's key.
    pub fn administrator(&self) -> &AccessKey {
        &self.administrator
    }

    /// The key with an id.
    pub fn find(&self, id: &str) -> Option<AccessKey> {
        (self.administrator.id == id).then(|| self.administrator.clone())
    }
}

fn random_text(length: usize) -> String {
    rand::rng().sample_iter(Alphanumeric).take(length).map(char::from).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_made_once_and_kept_private() {
        let data = tempfile::tempdir().unwrap();
        assert!(AdminFile::read(data.path()).unwrap().is_none());
        let first = AccessKeys::open(data.path(), "http://127.0.0.1:1").unwrap();
        assert_eq!(AdminFile::read(data.path()).unwrap().unwrap().url, "http://127.0.0.1:1");
        let again = AccessKeys::open(data.path(), "http://127.0.0.1:2").unwrap();
        assert_eq!(again.administrator().id, first.administrator().id);
        assert_eq!(again.find(&first.administrator().id).unwrap().secret, first.administrator().secret);
        assert!(again.find("other").is_none());
        assert_eq!(AdminFile::read(data.path()).unwrap().unwrap().url, "http://127.0.0.1:2");
        assert_eq!(fs::read_dir(data.path()).unwrap().count(), 1, "no temporary file stays");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(fs::metadata(data.path().join(FILE)).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn a_file_of_another_form_is_refused_and_kept() {
        let data = tempfile::tempdir().unwrap();
        fs::write(data.path().join(FILE), "{").unwrap();
        assert_eq!(AccessKeys::open(data.path(), "").err().unwrap().code(), codes::CONFIG);
        assert_eq!(fs::read(data.path().join(FILE)).unwrap(), b"{");
    }

    #[test]
    fn two_clouds_have_different_keys() {
        let (a, b) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (a, b) = (AccessKeys::open(a.path(), "").unwrap(), AccessKeys::open(b.path(), "").unwrap());
        assert_ne!(a.administrator().id, b.administrator().id);
        assert_ne!(a.administrator().secret, b.administrator().secret);
        assert_eq!(a.administrator().secret.len(), 40);
    }
}
