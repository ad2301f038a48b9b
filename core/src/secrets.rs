//! The master key, and the secrets that are derived from it.

use std::fs;
use std::io::Write;
use std::path::Path;

use hmac::{Hmac, Mac};
use rand::RngCore;
use sdk_plugin::{Error, Result, codes};
use sha2::Sha256;

/// 32 random bytes that belong to a data folder. Whoever has them can forge signed URLs.
#[derive(Clone)]
pub struct MasterKey([u8; 32]);

impl MasterKey {
    /// Reads `master.key` in the data folder, or makes it.
    ///
    /// # Errors
    /// `InvalidConfiguration` when the file cannot be read or made, or holds something else.
    pub fn open(data: &Path) -> Result<Self> {
        let file = data.join("master.key");
        let failed = |what: &str, e: &dyn std::fmt::Display| Error::new(codes::CONFIG, format!("cannot {what} {}: {e}", file.display()));
        match fs::read_to_string(&file) {
            Ok(text) => {
                let bytes = hex::decode(text.trim()).ok().and_then(|bytes| bytes.try_into().ok());
                bytes.map(Self).ok_or_else(|| failed("use", &"it does not hold 64 hexadecimal digits; restore it from a backup"))
            }
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                let mut key = [0; 32];
                rand::rng().fill_bytes(&mut key);
                write_private(&file, hex::encode(key).as_bytes()).map_err(|e| failed("write", &e))?;
                Ok(Self(key))
            }
            Err(e) => Err(failed("read", &e)),
        }
    }

    /// The secret of a name: HMAC-SHA256 of it under the master key.
    pub fn derive(&self, name: &str) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).unwrap_or_else(|_| unreachable!("HMAC takes keys of any length"));
        mac.update(name.as_bytes());
        mac.finalize().into_bytes().into()
    }
}

/// Writes a file that only its owner may read, whole or not at all.
///
/// # Errors
/// What the file system reports.
pub fn write_private(file: &Path, contents: &[u8]) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    let temporary = file.with_extension(format!("{}.tmp", std::process::id()));
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let mut out = options.open(&temporary)?;
    out.write_all(contents)?;
    out.sync_all()?;
    fs::rename(&temporary, file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_stays_and_secrets_differ_by_name() {
        let dir = tempfile::tempdir().expect("temporary folder");
        let first = MasterKey::open(dir.path()).expect("made");
        let second = MasterKey::open(dir.path()).expect("read");
        assert_eq!(first.derive("a"), second.derive("a"));
        assert_ne!(first.derive("a"), first.derive("b"));
        fs::write(dir.path().join("master.key"), "short").expect("overwrite");
        assert!(MasterKey::open(dir.path()).is_err());
    }
}
