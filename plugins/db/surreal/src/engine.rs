//! The connection to SurrealDB, and one session for each space.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use moka::future::Cache;
use sdk_plugin::{Error, Result, codes};
use surreal_records::{Config, Connection};
use tokio::time::timeout;

use crate::database::Database;
use crate::layout;
use crate::locks::Locks;

/// The most databases that are kept open for spaces that were used.
const MAX_SESSIONS: u64 = 4096;
/// How long a session is kept for a space that nobody uses.
const IDLE_SESSION: Duration = Duration::from_secs(600);
/// How long after its opening a space's database is swept, so that nobody waits for that.
const UNTIL_SWEEP: Duration = Duration::from_secs(30);
/// How long the database may take to say that it is well.
const HEALTH_PATIENCE: Duration = Duration::from_secs(5);

/// Those over an embedded database, by the database and the namespace. While the plugin is loaded
/// again, the instance before still answers: both have to know of each other's locks and collections.
static OPEN: Mutex<BTreeMap<(usize, String), Weak<Engine>>> = Mutex::new(BTreeMap::new());

/// The database behind all spaces.
pub struct Engine {
    connection: Connection,
    /// Who changes what.
    pub locks: Locks,
    databases: Cache<String, Arc<Database>>,
    /// Those that somebody still uses, though they were idle for long: two of one space would not
    /// know of each other's changes of a collection.
    used: Mutex<HashMap<String, Weak<Database>>>,
}

impl Engine {
    /// Connects, or joins whoever has the same embedded database open in this process.
    ///
    /// # Errors
    /// `InvalidConfiguration` when the configuration is not one; `ServiceUnavailable` when nobody answers.
    pub async fn open(config: &Config, data_dir: &Path) -> Result<Arc<Self>> {
        let connection = Connection::open(config, data_dir).await?;
        let shared = connection.shared().map(|number| (number, config.namespace.clone()));
        let databases = Cache::builder().max_capacity(MAX_SESSIONS).time_to_idle(IDLE_SESSION).build();
        let mut engine = Arc::new(Self { connection, locks: Locks::default(), databases, used: Mutex::default() });
        if let Some(shared) = shared {
            let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
            open.retain(|_, engine| engine.strong_count() > 0);
            match open.get(&shared).and_then(Weak::upgrade) {
                Some(other) => engine = other,
                None => _ = open.insert(shared, Arc::downgrade(&engine)),
            }
        }
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
            tokio::spawn({
                let database = Arc::downgrade(&database);
                async move {
                    tokio::time::sleep(UNTIL_SWEEP).await;
                    let Some(database) = database.upgrade() else { return };
                    if let Err(error) = database.sweep().await {
                        tracing::warn!(space = &*database.space, %error, "what was left behind could not be removed");
                    }
                }
            });
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

    /// Lets go of all databases, and closes an embedded one unless another instance uses it.
    ///
    /// # Errors
    /// `ServiceUnavailable` when an embedded database could not write out in time what it holds in
    /// memory, which is in its log.
    pub async fn close(self: &Arc<Self>) -> Result<()> {
        self.databases.invalidate_all();
        {
            let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
            if Arc::strong_count(self) > 1 {
                return Ok(());
            }
            open.retain(|_, engine| !std::ptr::eq(engine.as_ptr(), Arc::as_ptr(self)));
        }
        self.connection.close().await
    }
}

/// An error that several who waited for the same session may share.
fn own(shared: Arc<Error>) -> Error {
    Arc::try_unwrap(shared).unwrap_or_else(|shared| {
        let error = Error::new(shared.code().to_owned(), shared.message());
        if shared.is_retryable() { error.retryable() } else { error }
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn instances_over_one_embedded_database_share_its_locks() {
        let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let open = async |config: &Config, folder: &tempfile::TempDir| Engine::open(config, folder.path()).await.unwrap();
        let config = Config::default();
        let (first, second) = (open(&config, &folder).await, open(&config, &folder).await);
        assert!(Arc::ptr_eq(&first, &second));
        assert!(!Arc::ptr_eq(&first, &open(&config, &other).await));
        let elsewhere = Config { namespace: "other".to_owned(), ..config };
        assert!(!Arc::ptr_eq(&first, &open(&elsewhere, &folder).await));
        let memory = Config { url: "mem://".to_owned(), ..Config::default() };
        assert!(!Arc::ptr_eq(&open(&memory, &folder).await, &open(&memory, &folder).await));
    }

    #[tokio::test]
    async fn the_last_instance_closes_the_database() {
        let folder = tempfile::tempdir().unwrap();
        let config = Config::default();
        let open = async || Engine::open(&config, folder.path()).await.unwrap();
        let log = || std::fs::read_dir(folder.path().join("documents/wal")).unwrap().count();
        let (first, second) = (open().await, open().await);
        first.database("space").await.unwrap();
        first.close().await.unwrap();
        assert_eq!(log(), 1, "the other instance goes on");
        drop(first);
        // Kept, as by a call that does not end.
        let database = second.database("space").await.unwrap();
        second.close().await.unwrap();
        assert_eq!(log(), 0, "all of the log is in tables");
        let third = open().await;
        assert!(!Arc::ptr_eq(&second, &third));
        third.database("space").await.unwrap();
        drop(database);
    }
}
