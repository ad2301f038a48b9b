//! What a client tells of a session.

use crate::{ChannelId, DeviceKey};

/// The longest time in front that one session counts, in milliseconds: a day.
pub const LONGEST: u32 = 86_400_000;

/// What is known of a session at some instant: that it was launched, and how long it has been in
/// front until then. A launch is told with a duration of 0; pauses tell the time so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Observation {
    /// The device.
    pub device: DeviceKey,
    /// When the session began, in milliseconds since 1970 (UTC). With the device it names the session.
    pub start: i64,
    /// The time in front so far, in milliseconds, at most [`LONGEST`].
    pub duration: u32,
    /// The channel that the device first came by, as far as this client knows.
    pub channel: ChannelId,
}
