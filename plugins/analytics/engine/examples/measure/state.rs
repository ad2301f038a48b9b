//! The state on the disk: a file of channels' names, files of devices by number, and some for each day.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use analytics_engine::{Calendar, Day, DeviceKey, Ledger, Observation, Sessions, segment};
use bytes::Bytes;
use serde_json::{Value, json};

use crate::events::Chunk;
use crate::{Result, memory, timed};

/// The zone that days are of.
pub const ZONE: &str = "Asia/Shanghai";

/// Takes events in, and saves the state after each chunk. Getting the chunks counts where they are
/// read, and does not where they are made.
pub fn ingest(chunks: impl Iterator<Item = Result<Chunk>>, folder: &Path, read: bool) -> Result<Value> {
    fs::create_dir_all(folder)?;
    let mut ledger = Ledger::new(Calendar::named(ZONE)?);
    let [mut getting, mut noting, mut snapshots, mut saving] = [Duration::ZERO; 4];
    let mut chunks = chunks.enumerate();
    let mut events = 0;
    while let Some((number, chunk)) = timed(&mut getting, || chunks.next()) {
        let chunk = chunk?;
        let last = timed(&mut noting, || note(&mut ledger, &chunk, folder))?;
        events += chunk.starts.len();
        timed(&mut snapshots, || ledger.snapshot(last));
        timed(&mut saving, || save(&mut ledger, number, folder))?;
        let yesterday = ledger.calendar().locate(last).0.plus(-1);
        let earlier: Vec<Day> = ledger.held().map(|(day, _)| day).filter(|day| *day < yesterday).collect();
        earlier.into_iter().for_each(|day| ledger.release(day));
    }
    let counted = if read { getting } else { Duration::ZERO };
    let seconds = counted + noting + snapshots + saving;
    Ok(json!({
        "events": events, "seconds": seconds.as_secs_f64(), "devices": ledger.devices().len(), "bytes": size(folder)?,
        "steps": {
            "read": counted.as_secs_f64(), "note": noting.as_secs_f64(),
            "snapshot": snapshots.as_secs_f64(), "save": saving.as_secs_f64(),
        },
        "peak": memory()?.1,
    }))
}

/// Notes events; when the last of their sessions began.
fn note(ledger: &mut Ledger, chunk: &Chunk, folder: &Path) -> Result<i64> {
    let mut told = Vec::with_capacity(chunk.starts.len());
    let texts = chunk.devices.iter().zip(&chunk.channels);
    for ((device, channel), (start, duration)) in texts.zip(chunk.starts.iter().zip(&chunk.durations)) {
        if let Some(day) = ledger.lacks(*start) {
            ledger.hold(day, sessions(folder, day)?);
        }
        let channel = ledger.note_channel(channel.as_utf8()?);
        let device = DeviceKey::of(device.as_utf8()?);
        told.push(Observation { device, start: *start, duration: duration.cast_unsigned(), channel });
    }
    ledger.note_all(&told);
    Ok(chunk.starts.iter().max().copied().unwrap_or_default())
}

/// Saves what has changed, so that it is on the disk afterwards.
fn save(ledger: &mut Ledger, number: usize, folder: &Path) -> Result {
    let changes = ledger.changes();
    let names: Vec<&str> = ledger.channels().names().collect();
    store(&folder.join("channels.json"), &serde_json::to_vec(&names)?)?;
    store(&folder.join(format!("devices-{number:05}.parquet")), &segment::write_devices(ledger, &changes.devices)?)?;
    for (day, sessions) in changes.days {
        store(&folder.join(format!("day-{day}-{number:05}.parquet")), &segment::write_sessions(&sessions)?)?;
    }
    ledger.saved();
    Ok(())
}

fn store(path: &Path, bytes: &[u8]) -> Result {
    let mut file = fs::File::create(path)?;
    file.write_all(bytes)?;
    Ok(file.sync_data()?)
}

/// The files of each day, in any order.
fn days(folder: &Path) -> Result<BTreeMap<Day, Vec<PathBuf>>> {
    let mut days: BTreeMap<Day, Vec<PathBuf>> = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()?.strip_prefix("day-")?.get(..10));
        if let Some(day) = name {
            days.entry(day.parse()?).or_default().push(path);
        }
    }
    Ok(days)
}

/// The sessions that files of a day have together.
fn joined(files: &[PathBuf]) -> Result<Sessions> {
    let parts: Vec<Sessions> = files.iter().map(|file| Ok(segment::read_sessions(fs::read(file)?.into())?)).collect::<Result<_>>()?;
    Ok(parts.into_iter().reduce(|some, others| some.join(&others)).unwrap_or_default())
}

/// The sessions of a day that were saved.
pub fn sessions(folder: &Path, day: Day) -> Result<Sessions> {
    joined(&days(folder)?.remove(&day).unwrap_or_default())
}

fn size(folder: &Path) -> Result<u64> {
    fs::read_dir(folder)?.map(|entry| Ok(entry?.metadata()?.len())).sum()
}

/// A state without its days: what it takes to make the ledger of a new process.
pub struct Saved {
    channels: Vec<String>,
    devices: Vec<Bytes>,
    pub days: BTreeMap<Day, Vec<PathBuf>>,
}

impl Saved {
    pub fn open(folder: &Path) -> Result<Self> {
        let mut names: Vec<String> =
            fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect::<Result<_>>()?;
        names.sort();
        let devices = names.iter().filter(|name| name.starts_with("devices-"));
        let devices = devices.map(|name| Ok(fs::read(folder.join(name))?.into())).collect::<Result<_>>()?;
        Ok(Self { channels: serde_json::from_slice(&fs::read(folder.join("channels.json"))?)?, devices, days: days(folder)? })
    }

    /// A ledger of the devices, without days.
    pub fn ledger(&self) -> Result<Ledger> {
        let mut ledger = Ledger::new(Calendar::named(ZONE)?);
        ledger.load_channels(&self.channels);
        for segment in &self.devices {
            ledger.load_devices(segment.clone())?;
        }
        Ok(ledger)
    }
}

/// Loads a state, as a new process does. Tells how long devices and days took.
pub fn load(folder: &Path) -> Result<(Saved, Ledger, Duration, Duration)> {
    let begun = Instant::now();
    let saved = Saved::open(folder)?;
    let mut ledger = saved.ledger()?;
    let devices = begun.elapsed();
    for (day, files) in &saved.days {
        ledger.load_day(*day, &joined(files)?);
    }
    Ok((saved, ledger, devices, begun.elapsed() - devices))
}
