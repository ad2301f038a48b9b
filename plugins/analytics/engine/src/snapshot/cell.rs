//! A day of a snapshot.

use std::sync::{Arc, OnceLock};

use crate::{ChannelId, Channels, Day, DayFigures, Devices};

/// A day's figures, and what was made of them and of the devices. It is made anew when the figures
/// change, or one of the day's devices moves.
#[derive(Debug)]
pub(crate) struct Cell {
    pub figures: Arc<DayFigures>,
    channels: OnceLock<Arc<[ChannelFigures]>>,
    ages: OnceLock<Ages>,
}

/// What the users of one channel did in a day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChannelFigures {
    /// The channel.
    pub channel: ChannelId,
    /// Its active users.
    pub active: u64,
    /// Those that are new.
    pub new: u64,
    /// Their launches.
    pub launches: u64,
    /// Their time in front, in milliseconds.
    pub duration: u64,
}

/// How many days after its first a device is counted at most by [`Ages`].
pub const OLDEST: usize = 30;

/// Of the devices of a day, how many were new 0, 1, 2, … days before.
pub type Ages = [u32; OLDEST + 1];

impl Cell {
    pub fn of(figures: Arc<DayFigures>) -> Self {
        Self { figures, channels: OnceLock::new(), ages: OnceLock::new() }
    }

    /// The figures by channel, those that have active users, by number.
    pub fn channels(&self, day: Day, devices: &Devices, channels: &Channels) -> &Arc<[ChannelFigures]> {
        self.channels.get_or_init(|| {
            let mut by_channel = vec![ChannelFigures::default(); channels.len()];
            for (device, used) in self.figures.users() {
                let known = devices.get(device);
                let Some(figures) = known.and_then(|device| by_channel.get_mut(device.channel.0 as usize)) else { continue };
                figures.active += 1;
                figures.new += u64::from(known.is_some_and(|device| device.first_day == day));
                figures.launches += u64::from(used.launches);
                figures.duration += used.duration;
            }
            let numbered = by_channel.into_iter().zip(0..).filter(|(figures, _)| figures.active > 0);
            numbered.map(|(figures, id)| ChannelFigures { channel: ChannelId(id), ..figures }).collect()
        })
    }

    /// How many of the devices were new so many days before.
    pub fn ages(&self, day: Day, devices: &Devices) -> &Ages {
        self.ages.get_or_init(|| {
            let mut ages = [0; OLDEST + 1];
            for device in &self.figures.active {
                let age = usize::try_from(day.0 - devices.first_day(device).0);
                if let Some(count) = age.ok().and_then(|age| ages.get_mut(age)) {
                    *count += 1;
                }
            }
            ages
        })
    }

    /// About how many bytes it takes.
    pub fn memory(&self) -> usize {
        let channels = self.channels.get().map_or(0, |channels| size_of_val(channels.as_ref()));
        size_of::<Self>() + self.figures.memory() + channels
    }
}
