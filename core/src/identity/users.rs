//! Users of a mini program.

use std::collections::BTreeMap;

use sdk_plugin::contract::SYSTEM_SPACE;
use sdk_plugin::contract::db::Collection;
use sdk_plugin::contract::login::{Identity, Secrets};
use sdk_plugin::{Error, Result};
use seal::Seal;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

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
    /// Other ids that the platform has for the same user, by their names, such as `unionId`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub ids: BTreeMap<String, String>,
    /// When the user was first seen, in milliseconds since 1970.
    pub created_at: i64,
    /// When the user last signed in.
    pub last_seen_at: i64,
}

/// What a user's record has beside that, and nobody but plugins is told.
#[derive(Deserialize)]
struct Login {
    space: String,
    app: String,
    #[serde(default)]
    secrets: Option<String>,
}

/// The most ids that a platform may have for a user, and secrets of a session with it.
const MAX_COUNT: usize = 16;
/// The longest id or name of one, in bytes.
const MAX_ID: usize = 256;
/// The longest secret, in bytes.
const MAX_SECRET: usize = 8 << 10;

/// All users.
pub struct Users {
    records: Collection<Router>,
    seal: Seal,
}

impl Users {
    /// Users whose records are reached through `router`, and whose secrets are sealed with a key.
    ///
    /// # Errors
    /// None that are known.
    pub fn new(router: Router, key: &[u8; 32]) -> Result<Self> {
        Ok(Self { records: Collection::new(router, SYSTEM_SPACE, "users"), seal: Seal::new(key)? })
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
            ids: BTreeMap::new(),
            created_at: now,
            last_seen_at: now,
        };
        self.records.insert(serde_json::to_value(&user).map_err(Error::internal)?).await?;
        Ok(user)
    }

    /// The user of an identity that a login provider gave, who always has the same id in a space
    /// and app. Other ids and secrets replace those of the last login.
    ///
    /// # Errors
    /// `InternalError` for an identity that cannot be kept; what the database answers.
    pub async fn of_platform(&self, space: &str, app: &str, provider: &str, identity: &Identity) -> Result<User> {
        check(identity)?;
        // With the provider, as its users may choose ids that are those of other people elsewhere.
        let mut hash = Sha256::new();
        for part in [space, app, provider, &identity.o_auth_user_id] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        let id = hex::encode(&hash.finalize()[..16]);
        let secrets = if identity.secrets.is_empty() { Value::Null } else { self.seal.close_json(&place(&id), &identity.secrets)?.into() };
        let now = now_ms();
        let set = json!({"lastSeenAt": now, "ids": identity.ids, "secrets": secrets});
        let first = json!({"space": space, "app": app, "oAuthUserId": identity.o_auth_user_id, "createdAt": now});
        self.records.upsert(json!({"_id": id}), json!({"$set": set, "$setOnInsert": first})).await?;
        self.records.require(&id).await
    }

    /// A user of a space.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn get(&self, space: &str, id: &str) -> Result<Option<User>> {
        Ok(self.records.get::<User>(id).await?.filter(|user| user.space == space))
    }

    /// The secrets of a user's last login, for plugins only. There are none of who did not sign in
    /// on a platform, and of who is not known in the space.
    ///
    /// # Errors
    /// What the database answers; `InternalError` when they were sealed with another master key.
    pub async fn secrets(&self, space: &str, id: &str) -> Result<Secrets> {
        let login = self.records.get::<Login>(id).await?.filter(|login| login.space == space);
        let Some(Login { app, secrets: Some(sealed), .. }) = login else { return Ok(Secrets::default()) };
        Ok(Secrets { app, secrets: self.seal.open_json(&place(id), &sealed)? })
    }

    /// Removes every user of a space.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn forget_space(&self, space: &str) -> Result<()> {
        self.records.delete(json!({"space": space})).await.map(drop)
    }
}

/// Where secrets of a user can be opened.
fn place(id: &str) -> String {
    format!("user/{id}")
}

/// Refuses what a provider should not answer, without telling what it is.
fn check(identity: &Identity) -> Result<()> {
    let Identity { o_auth_user_id, ids, secrets } = identity;
    let is_name = |name: &String| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        !name.is_empty() && name.len() <= MAX_ID && name.bytes().all(plain)
    };
    let fit = |map: &BTreeMap<String, String>, most: usize| {
        map.len() <= MAX_COUNT && map.iter().all(|(name, value)| is_name(name) && value.len() <= most)
    };
    let known = !o_auth_user_id.is_empty() && o_auth_user_id.len() <= MAX_ID;
    if known && fit(ids, MAX_ID) && fit(secrets, MAX_SECRET) {
        return Ok(());
    }
    Err(Error::internal("a login provider answers an identity without an id, or with ids or secrets that are too many or too long"))
}
