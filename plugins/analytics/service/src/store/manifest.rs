//! The manifest of an application: which files its state is made of. It is replaced as a whole, by
//! whoever knows the version before, so that of two nodes that fold at the same time one wins.

use std::collections::{BTreeMap, HashSet};

use analytics_engine::Day;
use sdk_plugin::contract::db::Collection;
use sdk_plugin::contract::{Calls, SYSTEM_SPACE};
use sdk_plugin::{Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::clock::{self, DAY, MINUTE};

/// How long a file is kept that is not needed any more, in milliseconds: whoever reads the manifest
/// before has so long to read the file.
pub const GRACE: i64 = 10 * MINUTE;
/// How often files are looked for that no manifest names, in milliseconds.
const SWEEP: i64 = DAY;
/// So many small raw files of a date are merged at once.
pub const MANY: usize = 16;
/// How many are due at once.
const AT_ONCE: usize = 100;

/// A segment of devices.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceFile {
    /// The file's name.
    pub file: String,
    /// Its size.
    pub bytes: u64,
}

/// Sessions of a day: a part of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayFile {
    /// The file's name.
    pub file: String,
    /// How many sessions it has.
    pub sessions: u64,
    /// Its size.
    pub bytes: u64,
}

/// Raw events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RawFile {
    /// The date of receipt, in UTC.
    pub date: Day,
    /// The file's name.
    pub file: String,
    /// How many events it has.
    pub rows: u64,
    /// Its size.
    pub bytes: u64,
    /// Whether it will not be merged any more.
    #[serde(default)]
    pub settled: bool,
}

/// A file that is not needed any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Garbage {
    /// The file's name.
    pub file: String,
    /// Until when it is kept, in milliseconds since 1970.
    pub until: i64,
}

/// A manifest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Manifest {
    /// How often it was written; 0 for one that was not.
    pub version: u64,
    /// What names the write of this version.
    pub pass: String,
    /// The node that wrote it.
    pub node: String,
    /// When it was written, in milliseconds since 1970.
    pub at: i64,
    /// The time zone of its days.
    pub time_zone: String,
    /// The names of channels, by number.
    pub channels: Vec<String>,
    /// The segments of devices, in their order.
    pub devices: Vec<DeviceFile>,
    /// The days, each with the parts of its sessions. Parts may have the same session: the longest
    /// time counts.
    pub days: BTreeMap<Day, Vec<DayFile>>,
    /// The raw files, by date.
    pub raw: Vec<RawFile>,
    /// What will be deleted.
    pub garbage: Vec<Garbage>,
    /// When the files were last looked through, in milliseconds since 1970.
    pub swept: i64,
    /// When something is to be done besides folding, in milliseconds since 1970.
    pub due: i64,
}

/// What tells whether a manifest is known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Head {
    /// Its version.
    pub version: u64,
    /// What names the write of this version.
    pub pass: String,
    /// The node that wrote it.
    pub node: String,
    /// When it was written.
    pub at: i64,
}

impl Manifest {
    /// Has a file that was taken out deleted from an instant on, in milliseconds since 1970.
    pub fn discard(&mut self, file: String, until: i64) {
        self.garbage.push(Garbage { file, until });
    }

    /// The names of all its files, those that will be deleted among them.
    pub fn files(&self) -> HashSet<&str> {
        let devices = self.devices.iter().map(|file| &file.file);
        let days = self.days.values().flatten().map(|file| &file.file);
        let raw = self.raw.iter().map(|file| &file.file);
        let garbage = self.garbage.iter().map(|file| &file.file);
        devices.chain(days).chain(raw).chain(garbage).map(String::as_str).collect()
    }

    /// When something is to be done besides folding: the first of deletion of a file, merging and
    /// expiry of raw files, and looking for lost ones.
    pub fn next_due(&self, raw_days: u32, small: impl Fn(&RawFile) -> bool) -> i64 {
        let deletion = self.garbage.iter().map(|garbage| garbage.until);
        let expiry = self.raw.iter().map(|raw| clock::start_of(raw.date.plus(1)) + i64::from(raw_days) * DAY);
        let mut dates: BTreeMap<Day, usize> = BTreeMap::new();
        for raw in self.raw.iter().filter(|raw| small(raw)) {
            *dates.entry(raw.date).or_default() += 1;
        }
        let merging = dates.into_iter().filter_map(|(date, count)| match count {
            0 | 1 => None,
            count if count >= MANY => Some(0),
            _ => Some(clock::start_of(date.plus(1))),
        });
        let sweep = std::iter::once(self.swept + SWEEP);
        deletion.chain(expiry).chain(merging).chain(sweep).min().unwrap_or_default()
    }

    /// Whether files are to be looked for that no manifest names.
    pub fn wants_sweep(&self, now: i64) -> bool {
        self.swept + SWEEP <= now
    }
}

/// The manifests of all applications.
#[derive(Clone, Debug)]
pub struct Manifests<C> {
    records: Collection<C>,
}

impl<C: Calls> Manifests<C> {
    /// The manifests behind these calls.
    pub fn new(calls: C) -> Self {
        Self { records: Collection::new(calls, SYSTEM_SPACE, "analyticsManifests") }
    }

    /// Prepares the database for many.
    ///
    /// # Errors
    /// What the database answers, as with all below.
    pub async fn prepare(&self) -> Result<()> {
        self.records.index("due").await
    }

    /// The manifest of an application; none when nothing was folded.
    pub async fn get(&self, app: &str) -> Result<Option<Manifest>> {
        self.records.get(app).await
    }

    /// What tells whether the manifest is known; that of one that was not written when there is none.
    pub async fn head(&self, app: &str) -> Result<Head> {
        let projection = json!({"version": 1, "pass": 1, "node": 1, "at": 1});
        let found: Vec<Head> = self.records.find(json!({"_id": app}), json!({"limit": 1, "projection": projection})).await?;
        Ok(found.into_iter().next().unwrap_or_default())
    }

    /// The first applications whose manifests are due.
    pub async fn due(&self, now: i64) -> Result<Vec<String>> {
        self.due_after(now, None).await
    }

    /// The first applications whose manifests are due, of those that follow one.
    pub async fn due_after(&self, now: i64, after: Option<&str>) -> Result<Vec<String>> {
        #[derive(Deserialize)]
        struct Due {
            #[serde(rename = "_id")]
            id: String,
        }
        let query = json!({"due": {"$lte": now}, "_id": {"$gt": after.unwrap_or_default()}});
        let options = json!({"sort": {"_id": 1}, "limit": AT_ONCE, "projection": {"_id": 1}});
        let due: Vec<Due> = self.records.find(query, options).await?;
        Ok(due.into_iter().map(|due| due.id).collect())
    }

    /// Writes the version that follows the one before; false when somebody else has, or the
    /// manifest was removed.
    pub async fn replace(&self, app: &str, manifest: &Manifest) -> Result<bool> {
        let mut record = serde_json::to_value(manifest).map_err(Error::internal)?;
        let before = manifest.version.saturating_sub(1);
        let written = if before == 0 {
            record["_id"] = app.into();
            self.records.insert(record).await?
        } else {
            self.records.update(json!({"_id": app, "version": before}), json!({"$set": record})).await? > 0
        };
        // A database that repeats a write whose outcome it does not know finds it done the second time.
        Ok(written || self.head(app).await?.pass == manifest.pass)
    }

    /// Removes the manifest of an application.
    pub async fn delete(&self, app: &str) -> Result<()> {
        self.records.delete(json!({"_id": app})).await.map(drop)
    }
}
