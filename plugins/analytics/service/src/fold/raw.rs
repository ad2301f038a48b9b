//! Raw files: many small ones of a date are merged, old ones expire.

use std::collections::BTreeMap;

use analytics_engine::Day;
use analytics_engine::segment::{read_events, write_events};
use bytes::Bytes;
use sdk_plugin::Result;
use sdk_plugin::contract::Calls;

use crate::clock::{DAY, date, start_of};
use crate::export::signature::VALID;
use crate::state::engine;
use crate::store::Store;
use crate::store::manifest::{GRACE, MANY, Manifest, RawFile};
use crate::store::objects::{Kind, new_name};

/// Smaller files, in bytes and in rows, are merged.
const SMALL: u64 = 4 << 20;
const SMALL_ROWS: u64 = 200_000;
/// So many rows are merged at the most.
const MOST_ROWS: u64 = 500_000;

/// How long a file is kept that was merged or has expired, in milliseconds: whoever was given its
/// address may use it for as long as that is good.
const RETIRED: i64 = VALID + GRACE;

/// Whether a file is to be merged with others of its date.
pub fn is_small(raw: &RawFile) -> bool {
    raw.bytes < SMALL && raw.rows < SMALL_ROWS
}

/// Takes the files out that are too old.
pub fn expire(manifest: &mut Manifest, raw_days: u32, now: i64) {
    let kept = |raw: &RawFile| start_of(raw.date.plus(1)) + i64::from(raw_days) * DAY > now;
    let (kept, old) = std::mem::take(&mut manifest.raw).into_iter().partition(kept);
    manifest.raw = kept;
    let old: Vec<RawFile> = old;
    old.into_iter().for_each(|old| manifest.discard(old.file, now + RETIRED));
}

/// The small files that are merged now, by date: those of a date that is over, and many.
fn mergeable(manifest: &Manifest, now: i64) -> Vec<(Day, Vec<RawFile>)> {
    let mut dates: BTreeMap<Day, (usize, Vec<RawFile>)> = BTreeMap::new();
    for raw in manifest.raw.iter().filter(|raw| is_small(raw)) {
        let (count, files) = dates.entry(raw.date).or_default();
        *count += 1;
        if files.iter().map(|raw| raw.rows).sum::<u64>() + raw.rows <= MOST_ROWS {
            files.push(raw.clone());
        }
    }
    let today = date(now);
    // Many are merged also where not all of them fit.
    let due = |date: Day, count: usize| count >= MANY || date < today;
    let dates = dates.into_iter().filter(|(date, (count, files))| due(*date, *count) && files.len() > 1);
    dates.map(|(date, (_, files))| (date, files)).collect()
}

/// Merges small files; the new ones are stored, the old ones taken out. Says which are new.
///
/// # Errors
/// What the storage answers.
pub async fn merge<C: Calls>(store: &Store<C>, app: &str, manifest: &mut Manifest, now: i64) -> Result<Vec<String>> {
    let mut new = Vec::new();
    for (date, files) in mergeable(manifest, now) {
        let mut parts: Vec<Bytes> = Vec::with_capacity(files.len());
        for file in &files {
            parts.push(store.objects.get(app, &file.file).await?);
        }
        let (rows, bytes) = engine(move || {
            let mut events = Vec::new();
            for part in parts {
                events.extend(read_events(part)?);
            }
            write_events(&events).map(|bytes| (events.len() as u64, bytes))
        })
        .await?;
        let file = new_name(Kind::Raw, date);
        let size = bytes.len() as u64;
        store.objects.put(app, &file, bytes).await?;
        // In the place of the first, so that files stay in the order of their events.
        let place = manifest.raw.iter().position(|raw| files.contains(raw)).unwrap_or_default();
        manifest.raw.retain(|raw| !files.contains(raw));
        manifest.raw.insert(place.min(manifest.raw.len()), RawFile { date, file: file.clone(), rows, bytes: size, settled: false });
        files.into_iter().for_each(|old| manifest.discard(old.file, now + RETIRED));
        new.push(file);
    }
    Ok(new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_small_files_are_merged_also_where_not_all_fit() {
        let now = 1_795_694_400_000;
        let raw = |n: u64| RawFile { date: date(now), file: format!("raw/{n}"), rows: 40_000, bytes: 2 << 20, settled: false };
        let mut manifest = Manifest { raw: (0..40).map(raw).collect(), ..Manifest::default() };
        let merged: Vec<usize> = mergeable(&manifest, now).iter().map(|(_, files)| files.len()).collect();
        assert_eq!(merged, [12]);
        manifest.raw.truncate(MANY - 1);
        assert!(mergeable(&manifest, now).is_empty());
    }
}
