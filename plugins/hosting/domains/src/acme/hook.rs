//! The operator's program that sets DNS records.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::time::timeout;

use super::failure::Failure;

/// How long the program may take: until the record is seen.
const PATIENCE: Duration = Duration::from_secs(180);
/// How much of what it writes is told.
const MAX_SAID: usize = 300;

/// Sets a record.
pub const PRESENT: &str = "present";
/// Removes a record.
pub const CLEANUP: &str = "cleanup";

/// Calls `program ACTION DOMAIN RECORD VALUE`, without a shell.
///
/// # Errors
/// `Refused` with what the program wrote when it fails; it is ended when it takes too long.
pub async fn call(program: &Path, action: &str, domain: &str, record: &str, value: &str) -> Result<(), Failure> {
    call_within(PATIENCE, program, [action, domain, record, value]).await
}

async fn call_within(patience: Duration, program: &Path, arguments: [&str; 4]) -> Result<(), Failure> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
    let failed = |what: String| Failure::Refused(format!("the program that sets DNS records (dns_hook) {what}"));
    let child = command.spawn().map_err(|error| failed(format!("cannot be started: {error}")))?;
    let output = timeout(patience, child.wait_with_output()).await;
    let output = output.map_err(|_| failed(format!("did not end within {} s", patience.as_secs())))?;
    let output = output.map_err(|error| failed(format!("cannot be waited for: {error}")))?;
    if output.status.success() {
        return Ok(());
    }
    let said: String = String::from_utf8_lossy(&output.stderr).trim().chars().take(MAX_SAID).collect();
    Err(failed(format!("failed ({}): {said}", output.status)))
}

#[cfg(all(test, unix))]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn program(folder: &Path, text: &str) -> std::path::PathBuf {
        let path = folder.join("hook");
        std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).unwrap();
        path
    }

    #[tokio::test]
    async fn the_program_gets_its_arguments_as_they_are() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("out");
        let hook = program(folder.path(), &format!("printf '%s\\n' \"$@\" > {}", out.display()));
        call(&hook, PRESENT, "x.com", "_acme-challenge.x.com", "$(touch hacked); v").await.unwrap();
        assert_eq!(std::fs::read_to_string(out).unwrap(), "present\nx.com\n_acme-challenge.x.com\n$(touch hacked); v\n");
    }

    #[tokio::test]
    async fn its_failure_is_told_and_its_time_bounded() {
        let folder = tempfile::tempdir().unwrap();
        let hook = program(folder.path(), "echo 'no such zone' >&2; exit 3");
        let failure = call(&hook, PRESENT, "x.com", "r", "v").await.unwrap_err();
        assert!(failure.reason().contains("no such zone"), "{failure:?}");
        let slow = program(folder.path(), "exec sleep 60");
        let failure = call_within(Duration::from_millis(50), &slow, [PRESENT, "x.com", "r", "v"]).await.unwrap_err();
        assert!(failure.reason().contains("did not end"), "{failure:?}");
        let failure = call(&folder.path().join("none"), PRESENT, "x.com", "r", "v").await.unwrap_err();
        assert!(failure.reason().contains("cannot be started"), "{failure:?}");
    }
}
