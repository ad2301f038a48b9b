//! Sessions: a token stands for a user until it expires, and every call extends it (wire
//! protocol, section 4). Several tokens of one user are valid at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use moka::future::Cache;
use rand::RngCore;
use sdk_plugin::contract::SYSTEM_SPACE;
use sdk_plugin::contract::db::Collection;
use sdk_plugin::{Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;

use super::now_ms;
use crate::config::Auth;
use crate::router::Router;

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    /// The SHA-256 of the token, so that a copy of the database signs nobody in.
    #[serde(rename = "_id")]
    id: String,
    space: String,
    user: String,
    app: String,
    expires_at: i64,
}

/// Whom a token stands for.
#[derive(Debug)]
pub struct Session {
    /// The space.
    pub space: String,
    /// The user's id.
    pub user: String,
    /// The mini program's app id.
    pub app: String,
    id: String,
    expires_at: AtomicI64,
    /// The expiry that the database knows.
    saved_expiry: AtomicI64,
}

/// All sessions.
pub struct Sessions {
    records: Collection<Router>,
    config: Auth,
    cache: Cache<String, Arc<Session>>,
    /// Bounds the writes that extend sessions in the background.
    writers: Arc<Semaphore>,
}

/// A token that was issued.
pub struct Issued {
    /// The token.
    pub token: String,
    /// How long it is valid without a call, in seconds.
    pub expires_in: u64,
}

impl Sessions {
    /// Sessions whose records are reached through `router`.
    pub fn new(router: Router, config: Auth) -> Self {
        let cache = Cache::builder().max_capacity(100_000).time_to_idle(Duration::from_secs(3600)).build();
        Self { records: Collection::new(router, SYSTEM_SPACE, "sessions"), config, cache, writers: Arc::new(Semaphore::new(64)) }
    }

    /// Begins a session.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn issue(&self, space: &str, user: &str, app: &str) -> Result<Issued> {
        let mut bytes = [0; 32];
        rand::rng().fill_bytes(&mut bytes);
        let token = URL_SAFE_NO_PAD.encode(bytes);
        let expires_at = now_ms() + millis(self.config.session_initial);
        let record = Record { id: digest(&token), space: space.into(), user: user.into(), app: app.into(), expires_at };
        self.records.insert(serde_json::to_value(&record).map_err(Error::internal)?).await?;
        self.cache.insert(token.clone(), Arc::new(Session::from(record))).await;
        Ok(Issued { token, expires_in: self.config.session_initial.as_secs() })
    }

    /// Whom a token stands for in a space, if it is valid; extends it.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn check(&self, space: &str, token: &str) -> Result<Option<Arc<Session>>> {
        let now = now_ms();
        let cached = self.cache.get(token).await.filter(|session| session.expires_at.load(Ordering::Relaxed) > now);
        let session = match cached {
            Some(session) => session,
            // Another node may have begun or extended it.
            None => match self.load(token).await? {
                Some(session) => session,
                None => return Ok(None),
            },
        };
        if session.space != space || session.expires_at.load(Ordering::Relaxed) <= now {
            return Ok(None);
        }
        self.extend(&session, now);
        Ok(Some(session))
    }

    async fn load(&self, token: &str) -> Result<Option<Arc<Session>>> {
        if token.len() > 128 {
            return Ok(None);
        }
        let Some(record) = self.records.get::<Record>(&digest(token)).await? else { return Ok(None) };
        let session = Arc::new(Session::from(record));
        self.cache.insert(token.to_owned(), session.clone()).await;
        Ok(Some(session))
    }

    /// Extends a session at once in memory, and in the database when that is worth a write.
    fn extend(&self, session: &Arc<Session>, now: i64) {
        let extension = millis(self.config.session_extended);
        let expires_at = session.expires_at.fetch_max(now + extension, Ordering::Relaxed).max(now + extension);
        let saved = session.saved_expiry.load(Ordering::Relaxed);
        if expires_at - saved < extension / 10 {
            return;
        }
        // Whoever moves the mark does the write; a full queue leaves it to a later call.
        let Ok(permit) = self.writers.clone().try_acquire_owned() else { return };
        if session.saved_expiry.compare_exchange(saved, expires_at, Ordering::Relaxed, Ordering::Relaxed).is_err() {
            return;
        }
        let (records, session) = (self.records.clone(), session.clone());
        tokio::spawn(async move {
            let _permit = permit;
            let update = json!({"$max": {"expiresAt": expires_at}});
            if let Err(error) = records.update(json!({"_id": session.id}), update).await {
                session.saved_expiry.store(saved, Ordering::Relaxed);
                tracing::warn!(?error, "a session's extension was not saved");
            }
        });
    }

    /// Removes sessions that expired a while ago.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn purge(&self) -> Result<u64> {
        let grace = millis(self.config.session_extended);
        self.records.delete(json!({"expiresAt": {"$lt": now_ms() - grace}})).await
    }

    /// Removes every session of a space.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn forget_space(&self, space: &str) -> Result<()> {
        self.cache.invalidate_all();
        self.records.delete(json!({"space": space})).await.map(drop)
    }
}

impl From<Record> for Session {
    fn from(record: Record) -> Self {
        Self {
            space: record.space,
            user: record.user,
            app: record.app,
            id: record.id,
            expires_at: AtomicI64::new(record.expires_at),
            saved_expiry: AtomicI64::new(record.expires_at),
        }
    }
}

fn digest(token: &str) -> String {
    hex::encode(Sha256::digest(token))
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX / 4)
}
