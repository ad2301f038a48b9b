//! Retention of new users: each device is new once.

use std::sync::Arc;

use roaring::RoaringBitmap;

use super::{PERIODS, Params, Retained, Row, Span, periods};
use crate::{Day, Snapshot, Unit};

/// Counts new users and retained ones.
///
/// Days know by themselves how many of their devices were new so many days before. Otherwise the new
/// users of a bucket are looked for in later ones: they have numbers close together, as devices are
/// numbered when they are met, so that little of a later bucket has to be compared.
pub(super) fn count(snapshot: &Snapshot, params: &Params, span: &Span, rows: &mut [Row]) -> Retained {
    let of_days = params.unit == Unit::Day && params.channel.is_none();
    let mut retained = if of_days { by_age(snapshot, span) } else { vec![[0; PERIODS]; span.ended] };
    for (bucket, (row, (from, to))) in rows.iter_mut().zip(&span.begun).enumerate() {
        let new = newcomers(snapshot, params.channel.as_deref(), *from, *to);
        row.users = new.len();
        if of_days {
            continue;
        }
        for (place, period) in periods(params.unit).iter().enumerate() {
            let later = bucket + *period as usize;
            let count = retained.get_mut(later).and_then(|counts| counts.get_mut(place));
            if let (Some(count), Some((from, to))) = (count, span.begun.get(later)) {
                *count = returned(snapshot, &new, *from, *to);
            }
        }
    }
    retained
}

fn by_age(snapshot: &Snapshot, span: &Span) -> Retained {
    let days = span.begun.iter().take(span.ended).map(|(day, _)| snapshot.ages(*day));
    let of_period = |ages: &[u32], period: u32| ages.get(period as usize).map_or(0, |count| u64::from(*count));
    days.map(|ages| std::array::from_fn(|place| periods(Unit::Day).get(place).map_or(0, |period| of_period(&ages, *period)))).collect()
}

/// The new users of a range, of the channel where one is given.
fn newcomers(snapshot: &Snapshot, channel: Option<&str>, from: Day, to: Day) -> Arc<RoaringBitmap> {
    let all = snapshot.newcomers_between(from, to);
    let Some(name) = channel else { return all };
    let Some(channel) = snapshot.channels.id(name) else { return Arc::default() };
    Arc::new(all.iter().filter(|id| snapshot.devices.channel(*id) == channel).collect())
}

/// How many of some were active in a range.
fn returned(snapshot: &Snapshot, some: &RoaringBitmap, from: Day, to: Day) -> u64 {
    if from == to { some.intersection_len(snapshot.active(from)) } else { some.intersection_len(&snapshot.active_between(from, to)) }
}
