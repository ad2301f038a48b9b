//! Retention of active users: most of them are users of many buckets.

use roaring::RoaringBitmap;

use super::{PERIODS, Params, Retained, Row, Span};
use crate::{DeviceId, Snapshot, Unit};

/// Counts block by block of devices, in one pass over the buckets.
pub(super) fn count(snapshot: &Snapshot, params: &Params, span: &Span, rows: &mut [Row]) -> Retained {
    let active: Vec<_> = span.begun.iter().map(|(from, to)| snapshot.active_between(*from, *to)).collect();
    let mut retained = vec![[0; PERIODS]; span.ended];
    let members = params.channel.as_deref().map(|name| members(snapshot, name));
    for block in 0..snapshot.devices.len().div_ceil(BLOCK) {
        let mut past = Past::of_block(block);
        for (bucket, active) in active.iter().enumerate() {
            let mut unended = [0; PERIODS];
            let retained = retained.get_mut(bucket).unwrap_or(&mut unended);
            let users = past.look(active, members.as_deref(), bucket, params.unit, retained);
            if let Some(row) = rows.get_mut(bucket) {
                row.users += users;
            }
        }
    }
    retained
}

/// By device, whether it is of a channel.
fn members(snapshot: &Snapshot, channel: &str) -> Vec<bool> {
    let id = snapshot.channels.id(channel);
    snapshot.devices.iter().map(|device| Some(device.channel) == id).collect()
}

/// How many devices are looked at together: as many as a container of a bitmap has, few enough for
/// their marks to stay in a processor's cache.
const BLOCK: usize = 1 << 16;

/// In which of the last buckets each device of a block was among the users whose retention it is.
///
/// So each bucket's users are met once, however many periods there are.
struct Past {
    /// The block's devices.
    ids: std::ops::RangeInclusive<DeviceId>,
    /// By device: the last such bucket, and a bit for it and each of the 31 before it, the lowest for itself.
    marks: Vec<(u32, u32)>,
}

impl Past {
    fn of_block(block: usize) -> Self {
        let first = (block * BLOCK) as DeviceId;
        Self { ids: first..=first + (BLOCK - 1) as DeviceId, marks: vec![(0, 0); BLOCK] }
    }

    /// Adds how many of those who are active in a bucket were marked the unit's periods before it, and
    /// marks them, of the `members` only; how many they are.
    fn look(&mut self, active: &RoaringBitmap, members: Option<&[bool]>, bucket: usize, unit: Unit, retained: &mut [u64; PERIODS]) -> u64 {
        let (mut lanes, mut room, mut count) = (0, LANE_MOST, 0);
        for id in active.range(self.ids.clone()) {
            let Some(mark) = self.marks.get_mut(id as usize % BLOCK) else { continue };
            let seen = seen_from(*mark, bucket);
            if members.is_none_or(|members| members.get(id as usize) == Some(&true)) {
                *mark = (bucket as u32, seen | 1);
                count += 1;
            }
            lanes += LANES.get(pattern(seen, unit)).copied().unwrap_or(0);
            room -= 1;
            if room == 0 {
                empty(&mut lanes, retained);
                room = LANE_MOST;
            }
        }
        empty(&mut lanes, retained);
        count
    }
}

/// Nine counters of seven bits are added to at once, and emptied before any of them can be full.
const LANE_BITS: usize = 7;
const LANE_MOST: u64 = (1 << LANE_BITS) - 1;

/// For each pattern of periods, a one in the counters of its periods.
static LANES: [u64; 1 << PERIODS] = {
    let mut lanes = [0; 1 << PERIODS];
    let mut pattern = 0;
    while pattern < lanes.len() {
        let mut place = 0;
        while place < PERIODS {
            lanes[pattern] |= ((pattern >> place & 1) as u64) << (place * LANE_BITS);
            place += 1;
        }
        pattern += 1;
    }
    lanes
};

fn empty(lanes: &mut u64, counts: &mut [u64; PERIODS]) {
    for count in counts {
        *count += *lanes & LANE_MOST;
        *lanes >>= LANE_BITS;
    }
}

/// A mark's bits, the lowest for a bucket that is not before the mark's.
fn seen_from((last, bits): (u32, u32), bucket: usize) -> u32 {
    bits.checked_shl(bucket as u32 - last).unwrap_or(0)
}

/// Of a mark's bits those of the unit's periods, side by side.
fn pattern(bits: u32, unit: Unit) -> usize {
    let periods = match unit {
        Unit::Hour | Unit::Day => bits >> 1 & 0x7f | (bits >> 14 & 1) << 7 | (bits >> 30 & 1) << 8,
        Unit::Week | Unit::Month => bits >> 1 & 0x1ff,
    };
    periods as usize
}
