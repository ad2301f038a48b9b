//! The connection to SurrealDB, and one session for each space.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use moka::future::Cache;
use sdk_plugin::{Error, Result, codes};
use surreal_records::{Config, Connection};
use tokio::time::timeout;

use crate::database::Database;
use crate::layout;

/// The most databases that are kept open for spaces that were used.
const MAX_SESSIONS: u64 = 4096;
/// How long a session is kept for a space that nobody uses.
const IDLE_SESSION: Duration = Duration::from_secs(600);
/// How long the database may take to say that it is well.
const HEALTH_PATIENCE: Duration = Duration::from_secs(5);

/// The database behind all spaces.
pub struct Engine {
    connection: Connection,
    databases: Cache<String, Arc<Database>>,
    /// Those that somebody still uses, though they were idle for long: two of one space would not
    /// know of each other's changes of a collection.
    used: Mutex<HashMap<String, Weak<Database>>>,
}

impl Engine {
    /// Connects.
    ///
    /// # Errors
    /// `InvalidConfiguration` when the configuration is not one; `ServiceUnavailable` when nobody answers.
    pub async fn open(config: &Config, data_dir: &Path) -> Result<Self> {
        let connection = Connection::open(config, data_dir).await?;
        let databases = Cache::builder().max_capacity(MAX_SESSIONS).time_to_idle(IDLE_SESSION).build();
        let engine = Self { connection, databases, used: Mutex::default() };
        engine.health().await?;
        Ok(engine)
    }

    /// A space's database, which is made if it is not there.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn database(&self, space: &str) -> Result<Arc<Database>> {
        if let Some(session) = self.databases.get(space).await {
            return Ok(session);
        }
        let used = || self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let open = async {
            if let Some(database) = used().get(space).and_then(Weak::upgrade) {
                return Ok(database);
            }
            let session = self.connection.session(&layout::database(space)).await?;
            let database = Arc::new(Database::new(space, session));
            let mut used = used();
            used.retain(|_, database| database.strong_count() > 0);
            used.insert(space.to_owned(), Arc::downgrade(&database));
            Ok(database)
        };
        self.databases.try_get_with(space.to_owned(), open).await.map_err(own)
    }

    /// Forgets a space's session, so that the next one is made anew.
    pub async fn forget(&self, space: &str) {
        self.used.lock().unwrap_or_else(PoisonError::into_inner).remove(space);
        self.databases.invalidate(space).await;
    }

    /// Removes a space's database with all that is in it. Does nothing when it is not there.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn remove(&self, space: &str) -> Result<()> {
        self.forget(space).await;
        let removed = self.connection.remove(&layout::database(space)).await;
        self.forget(space).await;
        removed
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// `ServiceUnavailable` when it does not, or not in time.
    pub async fn health(&self) -> Result<()> {
        let unavailable = || Error::new(codes::UNAVAILABLE, "the database does not answer").retryable();
        match timeout(HEALTH_PATIENCE, self.connection.health()).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(unavailable().with_source(error)),
            Err(_) => Err(unavailable()),
        }
    }

    /// Lets go of all databases.
    pub fn close(&self) {
        self.databases.invalidate_all();
    }
}

/// An error that several who waited for the same session may share.
fn own(shared: Arc<Error>) -> Error {
    Arc::try_unwrap(shared).unwrap_or_else(|shared| {
        let error = Error::new(shared.code().to_owned(), shared.message());
        if shared.is_retryable() { error.retryable() } else { error }
    })
}
