//! The connection to SurrealDB, and one session for each space.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, PoisonError, Weak};
use std::time::Duration;

use moka::future::Cache;
use sdk_plugin::{Error, Result, codes};
use surrealdb::Surreal;
use surrealdb::engine::any::{Any, connect};
use surrealdb::opt::auth::Root;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, timeout};

use crate::config::Config;
use crate::error::database;
use crate::layout;

/// The most sessions that are kept open for spaces that were used.
const MAX_SESSIONS: u64 = 4096;
/// How long a session is kept for a space that nobody uses.
const IDLE_SESSION: Duration = Duration::from_secs(600);
/// How long to wait for a database that another instance is about to let go of.
const OPEN_PATIENCE: Duration = Duration::from_secs(20);
/// How long the database may take to say that it is well.
const HEALTH_PATIENCE: Duration = Duration::from_secs(5);

/// A connection, shared by all sessions. An embedded database lives as long as it.
type Connection = Surreal<Any>;

/// Runs what an embedded database does in the background. A database outlives the plugin instance
/// that opened it when the next one takes it over, so an instance's runtime will not do.
static RUNTIME: LazyLock<Option<Runtime>> =
    LazyLock::new(|| Builder::new_multi_thread().worker_threads(2).thread_name("surrealdb").enable_all().build().ok());

/// Embedded databases by path: two in one process would fight for the file lock.
static OPEN: Mutex<BTreeMap<PathBuf, Weak<Connection>>> = Mutex::new(BTreeMap::new());
/// One opens at a time.
static OPENING: Semaphore = Semaphore::const_new(1);

/// The database behind all spaces.
pub struct Engine {
    connection: Arc<Connection>,
    namespace: String,
    sessions: Cache<String, Arc<Connection>>,
}

impl Engine {
    /// Connects.
    ///
    /// # Errors
    /// `InvalidConfiguration` when the URL is not one; `ServiceUnavailable` when nobody answers.
    pub async fn open(config: &Config, data_dir: &Path) -> Result<Self> {
        let connection = match config.url.as_str() {
            "" => open_embedded(&data_dir.join("documents"), &config.sync).await?,
            url => match url.strip_prefix("surrealkv://") {
                Some(path) => open_embedded(Path::new(path), &config.sync).await?,
                None if url == "mem://" => Arc::new(in_background("mem://".to_owned()).await?),
                None if url.starts_with("ws://") || url.starts_with("wss://") => Arc::new(open_remote(config).await?),
                None => return Err(Error::new(codes::CONFIG, "url must be empty or begin with mem://, surrealkv://, ws:// or wss://")),
            },
        };
        let sessions = Cache::builder().max_capacity(MAX_SESSIONS).time_to_idle(IDLE_SESSION).build();
        let engine = Self { connection, namespace: config.namespace.clone(), sessions };
        engine.health().await?;
        Ok(engine)
    }

    /// A session on a space's database, which is made if it is not there.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn session(&self, space: &str) -> Result<Arc<Connection>> {
        if let Some(session) = self.sessions.get(space).await {
            return Ok(session);
        }
        let open = async {
            let session = Connection::clone(&self.connection);
            session.use_ns(self.namespace.clone()).use_db(layout::database(space)).await?;
            Ok(Arc::new(session))
        };
        self.sessions.try_get_with(space.to_owned(), open).await.map_err(|e: Arc<surrealdb::Error>| database(surrealdb::Error::clone(&e)))
    }

    /// Forgets a space's session, so that the next one is made anew.
    pub async fn forget(&self, space: &str) {
        self.sessions.invalidate(space).await;
    }

    /// Removes a space's database with all that is in it. Does nothing when it is not there.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn remove(&self, space: &str) -> Result<()> {
        self.forget(space).await;
        let session = Connection::clone(&self.connection);
        session.use_ns(self.namespace.clone()).await.map_err(database)?;
        // A name made by `layout::database` needs no quoting.
        let statement = format!("REMOVE DATABASE IF EXISTS {}", layout::database(space));
        session.query(statement).await.and_then(|answer| answer.check()).map_err(database)?;
        self.forget(space).await;
        Ok(())
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// `ServiceUnavailable` when it does not, or not in time.
    pub async fn health(&self) -> Result<()> {
        let unavailable = || Error::new(codes::UNAVAILABLE, "the database does not answer").retryable();
        let question = async { self.connection.query("RETURN true").await?.take::<Option<bool>>(0) };
        match timeout(HEALTH_PATIENCE, question).await {
            Ok(Ok(Some(true))) => Ok(()),
            Ok(Ok(_)) | Err(_) => Err(unavailable()),
            Ok(Err(error)) => Err(unavailable().with_source(error)),
        }
    }

    /// Lets go of all sessions.
    pub fn close(&self) {
        self.sessions.invalidate_all();
    }
}

async fn open_remote(config: &Config) -> Result<Connection> {
    let connection = connect(config.url.as_str()).await.map_err(database)?;
    if !config.username.is_empty() {
        let user = Root { username: config.username.clone(), password: config.password.clone() };
        connection.signin(user).await.map_err(database)?;
    }
    Ok(connection)
}

async fn open_embedded(path: &Path, sync: &str) -> Result<Arc<Connection>> {
    let valid = sync == "every" || sync == "never" || sync.starts_with(|c: char| c.is_ascii_digit());
    if !valid || !sync.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Err(Error::new(codes::CONFIG, "sync must be `every`, `never` or a time such as `100ms`"));
    }
    let turn = OPENING.acquire().await.map_err(Error::internal)?;
    let path = std::path::absolute(path).map_err(Error::internal)?;
    let Some(text) = path.to_str().filter(|text| !text.contains('?')) else {
        return Err(Error::new(codes::CONFIG, "the database's path must be UTF-8 without `?`"));
    };
    let open = || OPEN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(connection) = open().get(&path).and_then(Weak::upgrade) {
        return Ok(connection);
    }
    // An instance that has just ended may still hold the lock, because it closes in the background.
    let patience = Instant::now() + OPEN_PATIENCE;
    let connection = loop {
        match in_background(format!("surrealkv://{text}?sync={sync}")).await {
            Ok(connection) => break Arc::new(connection),
            Err(error) if Instant::now() >= patience => return Err(error.with_context("path", text)),
            Err(_) => sleep(Duration::from_millis(50)).await,
        }
    };
    open().retain(|_, held| held.strong_count() > 0);
    open().insert(path, Arc::downgrade(&connection));
    drop(turn);
    Ok(connection)
}

async fn in_background(url: String) -> Result<Connection> {
    let runtime = RUNTIME.as_ref().ok_or_else(|| Error::internal("no runtime for the embedded database"))?;
    let opened = runtime.spawn(async move { connect(url).await }).await.map_err(Error::internal)?;
    opened.map_err(|error| Error::new(codes::UNAVAILABLE, "the database cannot be opened").with_source(error))
}
