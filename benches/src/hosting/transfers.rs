//! A large file to the file service and back, with the server's memory watched.

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use e2e::Server;

use crate::Result;

/// How long the file is.
pub const BYTES: u64 = 1_000_000_000;
const BLOCK: usize = 1_000_000;
/// How often the memory is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// One way of the file.
pub struct Transfer {
    pub title: &'static str,
    /// Bytes a second.
    pub rate: f64,
    /// Resident memory of the server before, and the most of it meanwhile, in bytes.
    pub before: u64,
    pub highest: u64,
}

/// Uploads the file and downloads it again, twice each, with the command line.
pub fn measure() -> Result<Vec<Transfer>> {
    let server = Server::start();
    let space = server.space("bench");
    let (source, target) = (server.scratch("large.mp4"), server.scratch("again.mp4"));
    let mut writer = BufWriter::new(File::create(&source)?);
    for number in 0..BYTES / BLOCK as u64 {
        // Every block differs, so that none is stored in the place of another.
        let block: Vec<u8> = number.to_le_bytes().into_iter().cycle().take(BLOCK).collect();
        writer.write_all(&block)?;
    }
    writer.into_inner().map_err(|e| e.into_error())?.sync_all()?;
    let (from, to) = (source.to_str().ok_or("the path is not UTF-8")?, target.to_str().ok_or("the path is not UTF-8")?);
    let mut transfers = Vec::new();
    for (up, down) in [("upload", "download"), ("upload again", "download again")] {
        transfers.push(watched(&server, up, &["storage", "put", from, "--space", &space.id])?);
        let _ = fs::remove_file(&target);
        transfers.push(watched(&server, down, &["storage", "get", "large.mp4", to, "--space", &space.id])?);
        if fs::metadata(&target)?.len() != BYTES {
            return Err(format!("{} bytes came back", fs::metadata(&target)?.len()).into());
        }
    }
    Ok(transfers)
}

/// Runs a command, and looks at the server's memory meanwhile.
fn watched(server: &Server, title: &'static str, arguments: &[&str]) -> Result<Transfer> {
    let (before, highest, done) = (server.resident(), AtomicU64::new(0), AtomicBool::new(false));
    let begun = Instant::now();
    let finished = thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                highest.fetch_max(server.resident(), Ordering::Relaxed);
                thread::sleep(LOOK);
            }
        });
        let finished = server.run(arguments);
        done.store(true, Ordering::Relaxed);
        finished
    });
    let seconds = begun.elapsed().as_secs_f64();
    finished.succeeded();
    Ok(Transfer { title, rate: BYTES as f64 / seconds, before, highest: highest.into_inner() })
}
