//! The sessions of a local day.

use bytes::Bytes;

use super::columns::{File, write};
use crate::runs::Runs;
use crate::{Error, Result, Session, Sessions};

const SCHEMA: &str = "message sessions {
    required int32 device (integer(32, false));
    required int64 start (timestamp(millis, true));
    required int32 duration (integer(32, false));
}";

/// Writes the sessions of a day.
///
/// # Errors
/// [`Error::Segment`], which only a failure of the encoder makes.
pub fn write_sessions(sessions: &Sessions) -> Result<Bytes> {
    write(SCHEMA, &["device", "start", "duration"], &[], |rows| {
        rows.i32(sessions.iter().map(|session| session.device.cast_signed()))?;
        rows.i64(sessions.iter().map(|session| session.start))?;
        rows.i32(sessions.iter().map(|session| session.duration.cast_signed()))
    })
}

/// Reads the sessions of a day.
///
/// # Errors
/// [`Error::Segment`] when these are not such bytes.
pub fn read_sessions(bytes: Bytes) -> Result<Sessions> {
    let file = File::open(bytes)?;
    let (devices, starts, durations) = (file.i32(0)?, file.i64(1)?, file.i32(2)?);
    if devices.len() != starts.len() || devices.len() != durations.len() {
        return Err(Error::Segment("its columns differ in length".into()));
    }
    let rows = devices.into_iter().zip(starts).zip(durations);
    let sessions =
        rows.map(|((device, start), duration)| Session { device: device.cast_unsigned(), start, duration: duration.cast_unsigned() });
    Ok(Sessions::of(sessions.collect()))
}

/// Makes one file of several of a day, in any order; of sessions that are in several, the longest
/// time counts. Tells how many sessions it has.
///
/// # Errors
/// [`Error::Segment`] when these are not such bytes.
pub fn merge_sessions(parts: impl IntoIterator<Item = Bytes>) -> Result<(u64, Bytes)> {
    let mut runs = Runs::default();
    for part in parts {
        runs.add(read_sessions(part)?);
    }
    let sessions = runs.joined();
    Ok((sessions.len() as u64, write_sessions(&sessions)?))
}
