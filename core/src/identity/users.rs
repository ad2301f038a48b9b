//! Users of a mini program.

use sdk_plugin::contract::SYSTEM_SPACE;
use sdk_plugin::contract::db::Collection;
use sdk_plugin::{Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::now_ms;
use crate::router::Router;

/// A user as it is recorded.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// The user's id, unique over all spaces.
    #[serde(rename = "_id")]
    pub id: String,
    /// The space.
    pub space: String,
    /// The mini program's app id.
    pub app: String,
    /// The platform's id of the user; empty for an anonymous one.
    pub o_auth_user_id: String,
    /// When the user was first seen, in milliseconds since 1970.
    pub created_at: i64,
    /// When the user last signed in.
    pub last_seen_at: i64,
}

/// All users.
pub struct Users {
    records: Collection<Router>,
}

impl Users {
    /// Users whose records are reached through `router`.
    pub fn new(router: Router) -> Self {
        Self { records: Collection::new(router, SYSTEM_SPACE, "users") }
    }

    /// A new temporary identity: every anonymous authorization makes one.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn anonymous(&self, space: &str, app: &str) -> Result<User> {
        let now = now_ms();
        let user = User {
            id: uuid::Uuid::new_v4().simple().to_string(),
            space: space.to_owned(),
            app: app.to_owned(),
            o_auth_user_id: String::new(),
            created_at: now,
            last_seen_at: now,
        };
        self.records.insert(serde_json::to_value(&user).map_err(Error::internal)?).await?;
        Ok(user)
    }

    /// The user of a platform identity, who always has the same id in a space and app.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn of_platform(&self, space: &str, app: &str, o_auth_user_id: &str) -> Result<User> {
        use sha2::{Digest, Sha256};
        let mut hash = Sha256::new();
        for part in [space, app, o_auth_user_id] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        let id = hex::encode(&hash.finalize()[..16]);
        let now = now_ms();
        let first = json!({"space": space, "app": app, "oAuthUserId": o_auth_user_id, "createdAt": now});
        self.records.upsert(json!({"_id": id}), json!({"$set": {"lastSeenAt": now}, "$setOnInsert": first})).await?;
        self.records.require(&id).await
    }

    /// A user of a space.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn get(&self, space: &str, id: &str) -> Result<Option<User>> {
        Ok(self.records.get::<User>(id).await?.filter(|user| user.space == space))
    }

    /// Removes every user of a space.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn forget_space(&self, space: &str) -> Result<()> {
        self.records.delete(json!({"space": space})).await.map(drop)
    }
}
