//! Restores.

use std::collections::HashSet;
use std::sync::Arc;

use sdk_plugin::contract::Calls;
use sdk_plugin::contract::management::{INVALID_PARAMETER, list};
use sdk_plugin::{Error, Result};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{TaskParams, as_management, collection_exists, described, required};
use crate::record::{RESTORING, Restored, Work};
use crate::service::Service;

/// The parameters of `CreateDBRestoreTask`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RestoreParams {
    #[serde(default)]
    backup_id: String,
    #[serde(default, deserialize_with = "list")]
    origin_collections: Vec<String>,
    #[serde(default, deserialize_with = "list")]
    new_collections: Vec<String>,
}

/// Which collections become which.
fn pairs(params: &RestoreParams) -> Result<Vec<Restored>> {
    let invalid = |message: String| Error::new(INVALID_PARAMETER, message);
    let (from, to) = (&params.origin_collections, &params.new_collections);
    required("OriginCollections", from.first().map_or("", String::as_str))?;
    if from.len() != to.len() {
        return Err(invalid(format!("OriginCollections has {} names, and NewCollections {}: each needs one", from.len(), to.len())));
    }
    let mut seen = HashSet::new();
    for name in to {
        if !seen.insert(name) {
            return Err(invalid(format!("NewCollections names `{name}` twice")));
        }
        if name.starts_with(RESTORING) {
            return Err(invalid(format!("NewCollections: names that begin with `{RESTORING}` are for restores that are not complete")));
        }
    }
    Ok(from.iter().zip(to).map(|(from, to)| Restored { from: from.clone(), to: to.clone() }).collect())
}

impl<C: Calls> Service<C> {
    /// `CreateDBRestoreTask`.
    ///
    /// # Errors
    /// `MissingParameter`, `InvalidParameter`, `InvalidBackup.NotFound`, `InvalidCollection.NotFound`,
    /// `InvalidCollection.AlreadyExists`, `SERVER_BUSY`, or what the database or the storage answers.
    pub async fn create_restore(self: &Arc<Self>, space: &str, params: RestoreParams) -> Result<Value> {
        let backup_id = required("BackupId", &params.backup_id)?.to_owned();
        let collections = pairs(&params)?;
        let manifest = self.backups(space).manifest(&backup_id).await?;
        let database = self.database(space);
        let existing: HashSet<String> = database.collections().await?.into_iter().collect();
        for restored in &collections {
            manifest.collection(&restored.from)?;
            if existing.contains(&restored.to) {
                return Err(collection_exists(&restored.to));
            }
            // Asks whether such a name is possible.
            database.count(&restored.to).await.map_err(|error| as_management(error, &restored.to))?;
        }
        let task = self.begin(space, Work::Restore { backup_id, collections, complete: false }).await?;
        Ok(json!({"TaskId": task.id}))
    }

    /// `QueryDBRestoreTaskStatus`.
    ///
    /// # Errors
    /// `TaskId.NotFound`, or what the database answers.
    pub async fn query_restore(&self, space: &str, params: TaskParams) -> Result<Value> {
        let task = self.task(space, &params, |work| matches!(work, Work::Restore { .. })).await?;
        let mut reply = described(&task);
        reply["SuccessCount"] = task.succeeded.into();
        reply["FailedCount"] = task.failed.into();
        Ok(reply)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn parsed(from: &str, to: &str) -> Result<Vec<Restored>> {
        pairs(&serde_json::from_value(json!({"BackupId": "b", "OriginCollections": from, "NewCollections": to})).unwrap())
    }

    #[test]
    fn every_collection_has_a_new_name_of_its_own() {
        let pair = |from: &str, to: &str| Restored { from: from.to_owned(), to: to.to_owned() };
        assert_eq!(parsed("a,b,a", "c,d,e").unwrap(), [pair("a", "c"), pair("b", "d"), pair("a", "e")]);
        for (from, to) in [("", ""), ("a", ""), ("a", "b,c"), ("a,b", "c,c"), ("a", "restoring_x")] {
            assert!(parsed(from, to).is_err(), "{from} {to}");
        }
    }
}
