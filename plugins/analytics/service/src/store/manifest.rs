//! The manifest of an application: which files its state is made of. It is replaced as a whole, by
//! whoever knows the version before, so that of two nodes that fold at the same time one wins.

use std::collections::{BTreeMap, HashSet};

use analytics_engine::Day;
use sdk_plugin::contract::db::{Collection, DUPLICATE_KEY};
use sdk_plugin::contract::{Calls, SYSTEM_SPACE};
use sdk_plugin::{Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::large;
use crate::clock::{DAY, MINUTE};

const RECORDS: &str = "analyticsManifests";
/// How long a file is kept that is not needed any more, in milliseconds: whoever reads the manifest
/// before has so long to read the file.
pub const GRACE: i64 = 10 * MINUTE;
/// Nothing is folded while more files than these wait to be deleted: the manifest that names them is
/// one document, and a fold may add as many as there are parts of days.
pub const MOST_GARBAGE: usize = if cfg!(test) { 300 } else { 5000 };
/// How often files are looked for that no manifest names, in milliseconds.
const SWEEP: i64 = DAY;
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
    /// How many devices there are.
    pub users: u64,
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
    /// How many devices there are.
    pub users: u64,
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

    /// When something is to be done besides folding: the first of what is due with raw files, deletion
    /// of a file, and looking for lost ones.
    pub fn next_due(&self, raw: Option<i64>) -> i64 {
        let deletion = self.garbage.iter().map(|garbage| garbage.until).min();
        raw.into_iter().chain(deletion).chain([self.swept + SWEEP]).min().unwrap_or_default()
    }

    /// Whether files are to be looked for that no manifest names.
    pub fn wants_sweep(&self, now: i64) -> bool {
        self.swept + SWEEP <= now
    }
}

/// What has become of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replaced {
    /// It was written.
    Won,
    /// It is not there, and never was: somebody else has written this version, or the manifest was
    /// removed.
    Lost,
    /// There is a later version, which may follow this write or another one. What it names may be
    /// named by that too.
    Unknown,
}

/// The manifests of all applications.
#[derive(Clone, Debug)]
pub struct Manifests<C> {
    calls: C,
    records: Collection<C>,
}

impl<C: Calls> Manifests<C> {
    /// The manifests behind these calls.
    pub fn new(calls: C) -> Self {
        Self { records: Collection::new(calls.clone(), SYSTEM_SPACE, RECORDS), calls }
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
        let query = json!({"query": {"_id": app}});
        Ok(large::execute(&self.calls, RECORDS, "findOne", || Ok(query)).await?.result)
    }

    /// What tells whether the manifest is known; that of one that was not written when there is none.
    pub async fn head(&self, app: &str) -> Result<Head> {
        let projection = json!({"version": 1, "pass": 1, "node": 1, "at": 1, "users": 1});
        let found: Vec<Head> = self.records.find(json!({"_id": app}), json!({"limit": 1, "projection": projection})).await?;
        Ok(found.into_iter().next().unwrap_or_default())
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

    /// Writes the version that follows the one before.
    pub async fn replace(&self, app: &str, manifest: &Manifest) -> Result<Replaced> {
        let before = manifest.version.saturating_sub(1);
        let (id, record) = (app.to_owned(), manifest.clone());
        let written = if before == 0 {
            let insert = move || {
                let mut record = serde_json::to_value(&record).map_err(Error::internal)?;
                record["_id"] = id.into();
                Ok(json!({"doc": record}))
            };
            match large::execute::<_, Value>(&self.calls, RECORDS, "insertOne", insert).await {
                Ok(_) => true,
                Err(error) if error.code() == DUPLICATE_KEY => false,
                Err(error) => return Err(error),
            }
        } else {
            let update = move || {
                let record = serde_json::to_value(&record).map_err(Error::internal)?;
                Ok(json!({"filter": {"_id": id, "version": before}, "update": {"$set": record}}))
            };
            large::execute::<_, Value>(&self.calls, RECORDS, "updateOne", update).await?.affected > 0
        };
        if written {
            return Ok(Replaced::Won);
        }
        // A database that repeats a write whose outcome it does not know finds it done the second time.
        let head = self.head(app).await?;
        Ok(match head.version {
            _ if head.pass == manifest.pass => Replaced::Won,
            version if version == manifest.version || version == 0 => Replaced::Lost,
            _ => Replaced::Unknown,
        })
    }

    /// Removes the manifest of an application.
    pub async fn delete(&self, app: &str) -> Result<()> {
        self.records.delete(json!({"_id": app})).await.map(drop)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::testing::Memory;

    #[tokio::test]
    async fn a_write_that_the_database_repeats_has_won_and_that_of_another_has_not() {
        let manifests = Manifests::new(Memory::new(Clock::set_to(0)));
        for version in 1..4 {
            let mine = Manifest { version, pass: format!("mine {version}"), ..Manifest::default() };
            let other = Manifest { version, pass: "other".to_owned(), ..Manifest::default() };
            // The second time is that of an answer that was lost.
            for manifest in [&mine, &mine] {
                assert_eq!(manifests.replace("app", manifest).await.unwrap(), Replaced::Won);
            }
            assert_eq!(manifests.replace("app", &other).await.unwrap(), Replaced::Lost);
            assert_eq!(manifests.get("app").await.unwrap().unwrap(), mine);
        }
        manifests.delete("app").await.unwrap();
        let next = Manifest { version: 4, pass: "next".to_owned(), ..Manifest::default() };
        assert_eq!(manifests.replace("app", &next).await.unwrap(), Replaced::Lost, "a manifest that was removed stays so");
    }

    #[tokio::test]
    async fn a_write_that_the_database_repeats_after_another_followed_it_is_not_lost() {
        let manifests = Manifests::new(Memory::new(Clock::set_to(0)));
        for version in [1, 3] {
            let mine = Manifest { version, pass: "mine".to_owned(), ..Manifest::default() };
            let next = Manifest { version: version + 1, pass: "other".to_owned(), ..Manifest::default() };
            for manifest in [&mine, &next] {
                assert_eq!(manifests.replace("app", manifest).await.unwrap(), Replaced::Won);
            }
            assert_eq!(manifests.replace("app", &mine).await.unwrap(), Replaced::Unknown);
        }
    }
}
