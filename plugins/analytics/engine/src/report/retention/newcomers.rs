//! Retention of new users: each device is new in one bucket, which it knows by itself.

use super::{PERIODS, Params, Retained, Row, Span, periods};
use crate::Snapshot;

/// Counts in one pass over the buckets: whoever is active in one was new so many buckets before.
pub(super) fn count(snapshot: &Snapshot, params: &Params, span: &Span, rows: &mut [Row]) -> Retained {
    let Some((first, _)) = span.begun.first().copied() else { return Vec::new() };
    let channel = params.channel.as_deref().map(|name| snapshot.channels.id(name));
    // The row of each day from the first on.
    let mut row_of: Vec<u32> = Vec::new();
    for ((row, place), (from, to)) in rows.iter_mut().zip(0..).zip(&span.begun) {
        row_of.extend((from.0..=to.0).map(|_| place));
        let new = snapshot.newcomers_between(*from, *to);
        row.users = match channel {
            None => new.len(),
            Some(channel) => new.iter().filter(|id| Some(snapshot.devices.channel(*id)) == channel).count() as u64,
        };
    }
    let mut place_of = [None; 32];
    for (place, period) in periods(params.unit).iter().enumerate() {
        if let Some(known) = place_of.get_mut(*period as usize) {
            *known = Some(place);
        }
    }
    let mut retained = vec![[0; PERIODS]; span.ended];
    for ((retained, bucket), (from, to)) in retained.iter_mut().zip(0_u32..).zip(&span.begun) {
        let mut back = |id: u32| {
            let device = snapshot.devices.get(id)?;
            let row = usize::try_from(device.first_day.0 - first.0).ok().and_then(|day| row_of.get(day))?;
            // A device is never active before it is new.
            let place = place_of.get(bucket.checked_sub(*row)? as usize).copied().flatten()?;
            if channel.is_none_or(|channel| Some(device.channel) == channel) {
                *retained.get_mut(place)? += 1;
            }
            Some(())
        };
        let mut count = |active: &roaring::RoaringBitmap| active.iter().for_each(|id| _ = back(id));
        if from == to { count(snapshot.active(*from)) } else { count(&snapshot.active_between(*from, *to)) }
    }
    retained
}
