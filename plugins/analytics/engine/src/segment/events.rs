//! Raw events, as they were received.

use bytes::Bytes;
use parquet::data_type::{ByteArray, ByteArrayType};

use super::columns::{File, write};
use crate::{Error, Result};

const SCHEMA: &str = "message events {
    required binary device (string);
    required int64 start (timestamp(millis, true));
    required int32 duration (integer(32, false));
    required binary kind (string);
    required binary channel (string);
    required binary platform (string);
    required binary sdk (string);
    required int64 received (timestamp(millis, true));
}";

/// What an event told that was not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A session.
    Launch,
    /// A longer time in front of a session.
    Use,
}

/// An event, as it was received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawEvent {
    /// The device, as the client names it.
    pub device: String,
    /// When the session began, in milliseconds since 1970.
    pub start: i64,
    /// The time in front until then, in milliseconds.
    pub duration: u32,
    /// What it told.
    pub kind: Kind,
    /// The channel that the client named.
    pub channel: String,
    /// The platform that the client named.
    pub platform: String,
    /// The version of the client package.
    pub sdk: String,
    /// When it was received, in milliseconds since 1970.
    pub received: i64,
}

/// Writes events.
///
/// # Errors
/// [`Error::Segment`], which only a failure of the encoder makes.
pub fn write_events(events: &[RawEvent]) -> Result<Bytes> {
    write(SCHEMA, &["start", "duration", "received"], &[], |rows| {
        rows.texts(events.iter().map(|event| event.device.as_str()))?;
        rows.i64(events.iter().map(|event| event.start))?;
        rows.i32(events.iter().map(|event| event.duration.cast_signed()))?;
        rows.texts(events.iter().map(|event| event.kind.name()))?;
        rows.texts(events.iter().map(|event| event.channel.as_str()))?;
        rows.texts(events.iter().map(|event| event.platform.as_str()))?;
        rows.texts(events.iter().map(|event| event.sdk.as_str()))?;
        rows.i64(events.iter().map(|event| event.received))
    })
}

/// Reads events.
///
/// # Errors
/// [`Error::Segment`] when these are not such bytes.
pub fn read_events(bytes: Bytes) -> Result<Vec<RawEvent>> {
    let file = File::open(bytes)?;
    let texts = |at| -> Result<_> { Ok(file.column::<ByteArrayType>(at)?.into_iter().map(text)) };
    let (mut devices, mut kinds, mut channels, mut platforms, mut sdks) = (texts(0)?, texts(3)?, texts(4)?, texts(5)?, texts(6)?);
    let (durations, received) = (file.i32(2)?, file.i64(7)?);
    let mut events = Vec::with_capacity(durations.len());
    for ((start, duration), received) in file.i64(1)?.into_iter().zip(durations).zip(received) {
        let next = |column: &mut dyn Iterator<Item = Result<String>>| {
            column.next().unwrap_or_else(|| Err(Error::Segment("its columns differ in length".into())))
        };
        events.push(RawEvent {
            device: next(&mut devices)?,
            start,
            duration: duration.cast_unsigned(),
            kind: Kind::of(&next(&mut kinds)?)?,
            channel: next(&mut channels)?,
            platform: next(&mut platforms)?,
            sdk: next(&mut sdks)?,
            received,
        });
    }
    Ok(events)
}

fn text(bytes: ByteArray) -> Result<String> {
    Ok(bytes.as_utf8()?.to_owned())
}

impl Kind {
    /// Its name in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Launch => "launch",
            Self::Use => "use",
        }
    }

    fn of(name: &str) -> Result<Self> {
        [Self::Launch, Self::Use]
            .into_iter()
            .find(|kind| kind.name() == name)
            .ok_or_else(|| Error::Segment(format!("`{name}` is no kind of event")))
    }
}
