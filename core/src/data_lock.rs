//! One server for each data folder.

use std::fs::{File, TryLockError};
use std::path::Path;

use sdk_plugin::{Error, Result, codes};

/// Claims a data folder for as long as the file is kept. The claim ends with the process, however
/// that ends.
///
/// # Errors
/// `InvalidConfiguration` when another process has it, or it cannot be written.
pub fn claim(data: &Path) -> Result<File> {
    let failed = |e: std::io::Error| Error::new(codes::CONFIG, format!("cannot write to the data folder {}: {e}", data.display()));
    let file = File::create(data.join("lock")).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            Err(Error::new(codes::CONFIG, format!("another mpcloud is using the data folder {}", data.display())))
        }
        Err(TryLockError::Error(e)) => Err(failed(e)),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_one_owner_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let first = claim(folder.path()).unwrap();
        assert!(claim(folder.path()).unwrap_err().message().contains("another mpcloud"));
        drop(first);
        claim(folder.path()).unwrap();
    }
}
