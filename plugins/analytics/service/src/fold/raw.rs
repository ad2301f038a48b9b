//! Raw files: those of a date are merged into few, and settled when the date is over; old ones expire.
//!
//! A file that is settled stays as it is until it expires, and what is folded of its date later comes
//! as further files. So whoever takes each settled file once has each event once.

use std::collections::BTreeMap;
use std::slice;
use std::time::Instant;

use analytics_engine::Day;
use analytics_engine::segment::{RawEvent, read_events, write_events};
use bytes::Bytes;
use sdk_plugin::contract::Calls;
use sdk_plugin::{Error, Result};
use tokio::time::timeout;

use super::put_off::PutOff;
use crate::clock::{DAY, MINUTE, start_of};
use crate::errors::unavailable;
use crate::export::signature::VALID;
use crate::service::Service;
use crate::state::engine;
use crate::store::manifest::{GRACE, Manifest, RawFile};
use crate::store::objects::{Kind, new_name};

/// So many small files of a date are merged before it is over.
const MANY: usize = 16;
/// Smaller files, in bytes and in rows, are small.
const SMALL: u64 = 4 << 20;
const SMALL_ROWS: u64 = 200_000;
/// So much is merged into a file at the most.
const MOST_ROWS: u64 = 500_000;
const MOST_BYTES: u64 = 64 << 20;
/// So many files are made at once; the others are made the next time.
const AT_ONCE: usize = 8;
/// How long after its end a date is settled, in milliseconds: by then most of it was folded.
const SETTLE: i64 = 60 * MINUTE;
/// An application has so many files at the most: the manifest that names them is one document.
const MOST_FILES: usize = 40_000;
/// How long a file is kept that was merged or has expired, in milliseconds: whoever was given its
/// address may use it for as long as that is good.
const RETIRED: i64 = VALID + GRACE;

fn is_small(raw: &RawFile) -> bool {
    raw.bytes < SMALL && raw.rows < SMALL_ROWS
}

fn settles(date: Day) -> i64 {
    start_of(date.plus(1)) + SETTLE
}

fn expires(raw: &RawFile, raw_days: u32) -> i64 {
    start_of(raw.date.plus(1)) + i64::from(raw_days) * DAY
}

/// When something is to be done with the raw files, in milliseconds since 1970.
pub fn due(manifest: &Manifest, raw_days: u32) -> Option<i64> {
    if manifest.raw.len() > MOST_FILES {
        return Some(0);
    }
    let mut small: BTreeMap<Day, usize> = BTreeMap::new();
    for raw in manifest.raw.iter().filter(|raw| !raw.settled) {
        *small.entry(raw.date).or_default() += usize::from(is_small(raw));
    }
    let merging = small.into_iter().map(|(date, small)| if small >= MANY { 0 } else { settles(date) });
    manifest.raw.iter().map(|raw| expires(raw, raw_days)).chain(merging).min()
}

/// Takes the files out that are too old, and the oldest where there are too many.
pub fn expire(manifest: &mut Manifest, raw_days: u32, now: i64) {
    let many = manifest.raw.len().saturating_sub(MOST_FILES);
    if many > 0 {
        tracing::warn!(files = many, "an analytics application has too many files of raw events: the oldest go before their time");
    }
    let mut place = 0;
    let gone: Vec<RawFile> = manifest
        .raw
        .extract_if(.., |raw| {
            place += 1;
            place <= many || expires(raw, raw_days) <= now
        })
        .collect();
    gone.into_iter().for_each(|old| manifest.discard(old.file, now + RETIRED));
}

/// Files of a date that become one.
#[derive(Debug, PartialEq, Eq)]
struct Group {
    date: Day,
    files: Vec<RawFile>,
    /// Whether it will not be merged any more.
    settled: bool,
}

/// The files that become one now: all of a date that is over, and small ones where there are many.
fn groups(manifest: &Manifest, put_off: &PutOff, now: i64) -> Vec<Group> {
    let mut dates: BTreeMap<Day, Vec<&RawFile>> = BTreeMap::new();
    for raw in manifest.raw.iter().filter(|raw| !raw.settled && !put_off.has(raw, now)) {
        dates.entry(raw.date).or_default().push(raw);
    }
    let mut groups = Vec::new();
    for (date, mut files) in dates {
        let settled = settles(date) <= now;
        if !settled {
            files.retain(|raw| is_small(raw));
            if files.len() < MANY {
                continue;
            }
        }
        let packed = pack(&files).into_iter().filter(|files| settled || files.len() > 1);
        groups.extend(packed.map(|files| Group { date, files, settled }));
    }
    groups
}

/// Parts files, in their order, into groups that are not too large.
fn pack(files: &[&RawFile]) -> Vec<Vec<RawFile>> {
    let mut groups: Vec<Vec<RawFile>> = Vec::new();
    let (mut rows, mut bytes) = (0, 0);
    for file in files {
        (rows, bytes) = (rows + file.rows, bytes + file.bytes);
        match groups.last_mut() {
            Some(group) if rows <= MOST_ROWS && bytes <= MOST_BYTES => group.push((*file).clone()),
            _ => {
                (rows, bytes) = (file.rows, file.bytes);
                groups.push(vec![(*file).clone()]);
            }
        }
    }
    groups
}

/// Why files could not be merged, and which of them may be the cause.
struct Failed<'a> {
    error: Error,
    causes: &'a [RawFile],
}

impl<C: Calls> Service<C> {
    /// Merges files; the new ones are stored, the old ones taken out. Says which are new. Those that
    /// cannot be merged are put off. No group is begun after `until`, and each has a quarter of the
    /// time that there is for the application.
    pub(super) async fn merge_raw(&self, app: &str, manifest: &mut Manifest, now: i64, until: Instant) -> Vec<String> {
        let mut new = Vec::new();
        for Group { date, files, settled } in groups(manifest, &self.put_off, now) {
            if let [one] = &files[..] {
                manifest.raw.iter_mut().filter(|raw| *raw == one).for_each(|raw| raw.settled = settled);
                continue;
            }
            if new.len() >= AT_ONCE || Instant::now() >= until {
                continue;
            }
            let late = |_| Err(Failed { error: unavailable("the storage takes too long"), causes: &files });
            let merged = match timeout(self.patience / 4, self.merge_group(app, date, &files)).await.unwrap_or_else(late) {
                Ok(merged) => RawFile { settled, ..merged },
                Err(Failed { error, causes }) => {
                    let causing = causes.iter().map(|raw| raw.file.as_str()).collect::<Vec<_>>();
                    tracing::error!(?error, app, files = ?causing, "files of raw events could not be merged: they are left out for an hour");
                    self.put_off.add(causes, now);
                    continue;
                }
            };
            new.push(merged.file.clone());
            // In the place of the first, so that files stay in the order of their events.
            let place = manifest.raw.iter().position(|raw| files.contains(raw)).unwrap_or_default();
            manifest.raw.retain(|raw| !files.contains(raw));
            manifest.raw.insert(place.min(manifest.raw.len()), merged);
            files.into_iter().for_each(|old| manifest.discard(old.file, now + RETIRED));
        }
        new
    }

    /// Stores a file of the events of several.
    async fn merge_group<'a>(&self, app: &str, date: Day, files: &'a [RawFile]) -> std::result::Result<RawFile, Failed<'a>> {
        let mut events = Vec::new();
        for raw in files {
            let read = self.read_raw(app, raw).await.map_err(|error| {
                // A storage that does not answer now says nothing about the file.
                let causes = if error.is_retryable() { files } else { slice::from_ref(raw) };
                Failed { error, causes }
            })?;
            events.extend(read);
        }
        let rows = events.len() as u64;
        let all = |error| Failed { error, causes: files };
        let merged: Bytes = engine(move || write_events(&events)).await.map_err(all)?;
        let (file, bytes) = (new_name(Kind::Raw, date), merged.len() as u64);
        self.store.objects.put(app, &file, merged).await.map_err(all)?;
        Ok(RawFile { date, file, rows, bytes, settled: false })
    }

    async fn read_raw(&self, app: &str, raw: &RawFile) -> Result<Vec<RawEvent>> {
        let bytes = self.store.objects.get(app, &raw.file).await?;
        engine(move || read_events(bytes)).await
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::clock::date;
    use crate::fold::levels;
    use crate::store::manifest::DayFile;

    const NOON: i64 = 1_795_694_400_000;

    fn raw(date: Day, n: usize, rows: u64) -> RawFile {
        RawFile { date, file: format!("raw/{date}-{n:032}.parquet"), rows, bytes: rows * 50, settled: false }
    }

    fn sizes(manifest: &Manifest, now: i64) -> Vec<(usize, bool)> {
        groups(manifest, &PutOff::default(), now).iter().map(|group| (group.files.len(), group.settled)).collect()
    }

    #[test]
    fn many_small_files_are_merged_also_where_not_all_fit() {
        let mut manifest = Manifest { raw: (0..40).map(|n| raw(date(NOON), n, 40_000)).collect(), ..Manifest::default() };
        assert_eq!(sizes(&manifest, NOON), [(12, false), (12, false), (12, false), (4, false)]);
        assert_eq!(due(&manifest, 90), Some(0));
        manifest.raw.truncate(MANY - 1);
        assert_eq!(sizes(&manifest, NOON), []);
        assert_eq!(due(&manifest, 90), Some(start_of(date(NOON)) + DAY + SETTLE));
    }

    #[test]
    fn all_files_of_a_date_are_settled_when_it_is_over_and_none_again() {
        let over = settles(date(NOON));
        let mut manifest =
            Manifest { raw: vec![raw(date(NOON), 0, 400_000), raw(date(NOON), 1, 300_000), raw(date(NOON), 2, 1)], ..Manifest::default() };
        assert_eq!(sizes(&manifest, over - 1), []);
        assert_eq!(sizes(&manifest, over), [(1, true), (2, true)]);
        manifest.raw.iter_mut().for_each(|raw| raw.settled = true);
        assert_eq!(sizes(&manifest, over), []);
        assert_eq!(due(&manifest, 90), Some(start_of(date(NOON)) + 91 * DAY));
        // What is folded late is settled by itself.
        manifest.raw.push(raw(date(NOON), 3, 1));
        assert_eq!(sizes(&manifest, over), [(1, true)]);
    }

    #[test]
    fn files_that_were_put_off_are_left_out_for_an_hour() {
        let over = settles(date(NOON));
        let manifest = Manifest { raw: (0..3).map(|n| raw(date(NOON), n, 1)).collect(), ..Manifest::default() };
        let put_off = PutOff::default();
        put_off.add(&manifest.raw[1..2], over);
        let count = |now| groups(&manifest, &put_off, now)[0].files.len();
        assert_eq!([over, over + 60 * MINUTE - 1, over + 60 * MINUTE].map(count), [2, 2, 3]);
    }

    #[test]
    fn what_expires_or_is_too_much_lives_on_for_as_long_as_an_address() {
        let (old, new) = (date(NOON - 3 * DAY), date(NOON));
        let mut manifest = Manifest { raw: vec![raw(old, 0, 1), raw(new, 1, 1)], ..Manifest::default() };
        expire(&mut manifest, 2, NOON);
        assert_eq!(manifest.raw, [raw(new, 1, 1)]);
        assert_eq!((manifest.garbage[0].file.clone(), manifest.garbage[0].until), (raw(old, 0, 1).file, NOON + 70 * MINUTE));
        manifest.raw = (0..MOST_FILES + 2).map(|n| raw(new, n, 1)).collect();
        assert_eq!(due(&manifest, 90), Some(0));
        expire(&mut manifest, 2, NOON);
        assert_eq!((manifest.raw.len(), manifest.raw[0].clone()), (MOST_FILES, raw(new, 2, 1)));
    }

    /// The database takes documents of 16 MiB.
    #[test]
    fn ten_years_and_as_many_raw_files_as_there_may_be_fit_into_a_document() {
        let mut manifest = Manifest { version: 1 << 40, ..Manifest::default() };
        for n in 0..3650 {
            let day = Day(20_000 + n);
            let part = |part: usize| DayFile { file: new_name(Kind::Days, day), sessions: 1 << (30 - part), bytes: 1 << (34 - part) };
            manifest.days.insert(day, (0..levels::MOST).map(part).collect());
        }
        manifest.raw = (0..MOST_FILES).map(|n| RawFile { settled: true, bytes: 1 << 30, ..raw(Day(20_000), n, MOST_ROWS) }).collect();
        manifest.channels = (0..10_000).map(|n| format!("{n:064}")).collect();
        (0..10_000).for_each(|_| manifest.discard(new_name(Kind::Days, Day(20_000)), NOON));
        let value = serde_json::to_value(&manifest).unwrap();
        let bytes = bson::serialize_to_vec(&value).unwrap().len();
        assert!(bytes < 31 << 19, "{bytes}");
    }
}
