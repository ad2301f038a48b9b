//! The records of apps. Their settings are sealed.

use std::collections::BTreeMap;

use sdk_plugin::contract::db::Collection;
use sdk_plugin::contract::{Calls, SYSTEM_SPACE};
use sdk_plugin::{Error, Result, codes};
use seal::Seal;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::clock;

/// Settings by their names.
pub type Settings = BTreeMap<String, String>;

/// The most apps that are read of a space.
const MOST: u64 = 10_000;

/// An app as it is stored.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Stored {
    #[serde(rename = "_id")]
    id: String,
    /// The space that has it.
    pub space: String,
    /// Its platform.
    pub platform: String,
    /// Its id there.
    pub app_id: String,
    /// The id of the mini program that it acts for with the setting `appAuthToken`; empty when that
    /// is not known, or it acts for itself.
    #[serde(default)]
    pub merchant: String,
    /// When it was added, in milliseconds since 1970.
    pub created: u64,
    /// When it was changed.
    pub modified: u64,
    /// How often it was changed.
    version: u64,
    sealed: String,
}

/// The records.
pub struct Apps<C> {
    records: Collection<C>,
    seal: Seal,
}

/// The id of a record, and the place that its settings are sealed for. No part has a slash.
fn id(space: &str, platform: &str, app_id: &str) -> String {
    format!("{space}/{platform}/{app_id}")
}

/// The records whose ids begin with a part and a slash: found by their ids, however many others
/// there are.
fn below(part: &str) -> Value {
    // `0` is what follows `/`.
    json!({"_id": {"$gte": format!("{part}/"), "$lt": format!("{part}0")}})
}

impl<C: Calls> Apps<C> {
    /// The records behind calls, sealed with a key.
    ///
    /// # Errors
    /// `InternalError` when the key is not of 32 bytes.
    pub fn new(calls: C, key: &[u8]) -> Result<Self> {
        Ok(Self { records: Collection::new(calls, SYSTEM_SPACE, "platformApps"), seal: Seal::new(key)? })
    }

    /// An app.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn get(&self, space: &str, platform: &str, app_id: &str) -> Result<Option<Stored>> {
        self.records.get(&id(space, platform, app_id)).await
    }

    /// The app that acts for a mini program.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn acting_for(&self, space: &str, platform: &str, merchant: &str) -> Result<Option<Stored>> {
        let mut query = below(&format!("{space}/{platform}"));
        query["merchant"] = merchant.into();
        self.records.find_one(query).await
    }

    /// One or two apps of a platform.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn first_two(&self, space: &str, platform: &str) -> Result<Vec<Stored>> {
        self.records.find(below(&format!("{space}/{platform}")), json!({"limit": 2})).await
    }

    /// All apps of a space, by platform and id.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn of_space(&self, space: &str) -> Result<Vec<Stored>> {
        self.records.find(below(space), json!({"sort": {"_id": 1}, "limit": MOST})).await
    }

    /// How many apps a space has.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn count(&self, space: &str) -> Result<u64> {
        self.records.count(below(space)).await
    }

    /// Adds an app; false when there is one of this id.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn insert(&self, space: &str, platform: &str, app_id: &str, merchant: &str, settings: &Settings) -> Result<bool> {
        let (id, now) = (id(space, platform, app_id), clock::now());
        let stored = Stored {
            sealed: self.seal.close_json(&id, settings)?,
            id,
            space: space.to_owned(),
            platform: platform.to_owned(),
            app_id: app_id.to_owned(),
            merchant: merchant.to_owned(),
            created: now,
            modified: now,
            version: 1,
        };
        self.records.insert(serde_json::to_value(&stored).map_err(Error::internal)?).await
    }

    /// Changes an app; false when it is not any more as it was read.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn replace(&self, old: &Stored, merchant: &str, settings: &Settings) -> Result<bool> {
        let sealed = self.seal.close_json(&old.id, settings)?;
        let set = json!({"sealed": sealed, "merchant": merchant, "modified": clock::now(), "version": old.version + 1});
        Ok(self.records.update(json!({"_id": old.id, "version": old.version}), json!({"$set": set})).await? > 0)
    }

    /// Removes an app; false when there was none.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn delete(&self, space: &str, platform: &str, app_id: &str) -> Result<bool> {
        Ok(self.records.delete(json!({"_id": id(space, platform, app_id)})).await? > 0)
    }

    /// Forgets a space.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn forget_space(&self, space: &str) -> Result<()> {
        self.records.delete(json!({"space": space})).await.map(drop)
    }

    /// The settings of an app.
    ///
    /// # Errors
    /// `InvalidConfiguration` when they were sealed with another key, or for another app.
    pub fn open(&self, stored: &Stored) -> Result<Settings> {
        self.seal.open_json(&stored.id, &stored.sealed).map_err(|error| {
            let message =
                "the app's settings cannot be read: they were stored with another master key, or changed; delete the app, and set it again";
            Error::new(codes::CONFIG, message).with_source(error)
        })
    }
}
