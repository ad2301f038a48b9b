//! The state on the disk: a file of channels' names, files of devices by number, and some for each day.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc::sync_channel;
use std::thread::{self, ScopedJoinHandle};
use std::time::{Duration, Instant};

use analytics_engine::{Calendar, Day, DeviceKey, Ledger, Observation, Sessions, segment};
use bytes::Bytes;
use parquet::data_type::ByteArray;
use serde_json::{Value, json};

use crate::events::Chunk;
use crate::{Result, memory, timed};

/// The zone that days are of.
pub const ZONE: &str = "Asia/Shanghai";

/// Events as batches are decoded: devices by their keys.
struct Decoded {
    devices: Vec<DeviceKey>,
    chunk: Chunk,
}

impl Decoded {
    fn of(chunk: Chunk) -> Result<Self, String> {
        let key = |text: &ByteArray| text.as_utf8().map(DeviceKey::of).map_err(|error| error.to_string());
        Ok(Self { devices: chunk.devices.iter().map(key).collect::<Result<_, _>>()?, chunk })
    }
}

/// Takes events in, and saves the state after each chunk. A second thread gets and decodes the next
/// chunk meanwhile, a third one waits for the disk. Where chunks are read the clock does not stop; where they are made, decoding counts
/// by itself.
pub fn ingest<C>(chunks: impl FnOnce() -> Result<C> + Send, folder: &Path, read: bool) -> Result<Value>
where
    C: Iterator<Item = Result<Chunk>>,
{
    fs::create_dir_all(folder)?;
    let mut ledger = Ledger::new(Calendar::named(ZONE)?);
    let [mut waiting, mut noting, mut snapshots, mut saving] = [Duration::ZERO; 4];
    let mut events = 0;
    let getting = thread::scope(|threads| -> Result<Duration> {
        let (send, receive) = sync_channel(0);
        let getter = threads.spawn(move || {
            let mut decoding = Duration::ZERO;
            let all = || -> Result {
                for chunk in chunks()? {
                    let chunk = chunk?;
                    if send.send(timed(&mut decoding, || Decoded::of(chunk))).is_err() {
                        break;
                    }
                }
                Ok(())
            };
            all().map(|()| decoding).map_err(|error| error.to_string())
        });
        let mut syncing = None;
        for number in 0.. {
            let Ok(decoded) = timed(&mut waiting, || receive.recv()) else { break };
            let decoded = decoded?;
            let last = timed(&mut noting, || note(&mut ledger, &decoded, folder))?;
            events += decoded.devices.len();
            timed(&mut snapshots, || ledger.snapshot(last));
            timed(&mut saving, || -> Result {
                finish(&mut ledger, syncing.take())?;
                let files = write(&mut ledger, number, folder)?;
                // The next events are noted while the disk works.
                syncing = Some(threads.spawn(move || files.iter().try_for_each(File::sync_data)));
                Ok(())
            })?;
            let yesterday = ledger.calendar().locate(last).0.plus(-1);
            let earlier: Vec<Day> = ledger.held().map(|(day, _)| day).filter(|day| *day < yesterday).collect();
            earlier.into_iter().for_each(|day| ledger.release(day));
        }
        timed(&mut saving, || finish(&mut ledger, syncing))?;
        Ok(getter.join().map_err(|_| "getting events panicked")??)
    })?;
    let counted = if read { waiting } else { getting };
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
fn note(ledger: &mut Ledger, decoded: &Decoded, folder: &Path) -> Result<i64> {
    let Decoded { devices, chunk } = decoded;
    let mut told = Vec::with_capacity(devices.len());
    for (((device, channel), start), duration) in devices.iter().zip(&chunk.channels).zip(&chunk.starts).zip(&chunk.durations) {
        let channel = ledger.note_channel(channel.as_utf8()?);
        told.push(Observation { device: *device, start: *start, duration: duration.cast_unsigned(), channel });
    }
    for day in ledger.lacking(&told) {
        ledger.hold(day, sessions(folder, day)?);
    }
    ledger.note_all(&told);
    Ok(chunk.starts.iter().max().copied().unwrap_or_default())
}

/// Writes what has changed.
fn write(ledger: &mut Ledger, number: usize, folder: &Path) -> Result<Vec<File>> {
    let changes = ledger.changes();
    let names: Vec<&str> = ledger.channels().names().collect();
    let mut files = vec![
        store(&folder.join("channels.json"), &serde_json::to_vec(&names)?)?,
        store(&folder.join(format!("devices-{number:05}.parquet")), &segment::write_devices(ledger, &changes.devices)?)?,
    ];
    for (day, sessions) in changes.days {
        files.push(store(&folder.join(format!("day-{day}-{number:05}.parquet")), &segment::write_sessions(&sessions)?)?);
    }
    Ok(files)
}

/// Waits until what was written is on the disk.
fn finish(ledger: &mut Ledger, syncing: Option<ScopedJoinHandle<'_, io::Result<()>>>) -> Result {
    if let Some(syncing) = syncing {
        syncing.join().map_err(|_| "saving panicked")??;
        ledger.saved();
    }
    Ok(())
}

fn store(path: &Path, bytes: &[u8]) -> Result<File> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    Ok(file)
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
