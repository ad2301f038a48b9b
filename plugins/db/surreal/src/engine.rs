//! The connection to SurrealDB, and one session for each space.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use moka::future::Cache;
use sdk_plugin::{Error, Result, codes};
use surrealdb::Surreal;
use surrealdb::engine::any::{Any, connect};
use surrealdb::opt::auth::Root;
use tokio::time::timeout;

use crate::config::Config;
use crate::database::Database;
use crate::embedded::Embedded;
use crate::error::{database, is_missing};
use crate::layout;
use crate::session::Session;
use crate::statements::Statements;

/// The most databases that are kept open for spaces that were used.
const MAX_SESSIONS: u64 = 4096;
/// How long a session is kept for a space that nobody uses.
const IDLE_SESSION: Duration = Duration::from_secs(600);
/// How long the database may take to say that it is well.
const HEALTH_PATIENCE: Duration = Duration::from_secs(5);

enum Connection {
    Embedded(Arc<Embedded>),
    Server(Surreal<Any>),
}

/// The database behind all spaces.
pub struct Engine {
    connection: Connection,
    namespace: String,
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
        config.check()?;
        let connection = match config.url.as_str() {
            "" => Connection::Embedded(Embedded::on_disk(&data_dir.join("documents"), config).await?),
            url => match url.strip_prefix("surrealkv://") {
                Some(path) => Connection::Embedded(Embedded::on_disk(Path::new(path), config).await?),
                None if url == "mem://" => Connection::Embedded(Embedded::in_memory().await?),
                // What a server would be asked, without one: for tests.
                None if url == "surrealql+mem://" => Connection::Server(connect("mem://").await.map_err(database)?),
                None if url.starts_with("ws://") || url.starts_with("wss://") => Connection::Server(open_remote(config).await?),
                None => return Err(Error::new(codes::CONFIG, "url must be empty or begin with mem://, surrealkv://, ws:// or wss://")),
            },
        };
        let databases = Cache::builder().max_capacity(MAX_SESSIONS).time_to_idle(IDLE_SESSION).build();
        let engine = Self { connection, namespace: config.namespace.clone(), databases, used: Mutex::default() };
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
            let name = layout::database(space);
            let session = match &self.connection {
                Connection::Embedded(embedded) => Session::Embedded(embedded.space(&self.namespace, &name).await?),
                Connection::Server(connection) => {
                    let session = connection.clone();
                    session.use_ns(self.namespace.clone()).use_db(name).await?;
                    Session::Server(Statements::new(session))
                }
            };
            let database = Arc::new(Database::new(space, session));
            let mut used = used();
            used.retain(|_, database| database.strong_count() > 0);
            used.insert(space.to_owned(), Arc::downgrade(&database));
            Ok(database)
        };
        self.databases.try_get_with(space.to_owned(), open).await.map_err(|e: Arc<surrealdb::Error>| database(surrealdb::Error::clone(&e)))
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
        // A name made by `layout::database` needs no quoting.
        let statement = format!("REMOVE DATABASE IF EXISTS {}", layout::database(space));
        let removed = match &self.connection {
            Connection::Embedded(embedded) => embedded.run(&self.namespace, &statement).await,
            Connection::Server(connection) => {
                let session = connection.clone();
                session.use_ns(self.namespace.clone()).await.map_err(database)?;
                session.query(statement).await.and_then(|answer| answer.check()).map(drop)
            }
        };
        self.forget(space).await;
        removed.or_else(|error| if is_missing(&error) { Ok(()) } else { Err(database(error)) })
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// `ServiceUnavailable` when it does not, or not in time.
    pub async fn health(&self) -> Result<()> {
        let unavailable = || Error::new(codes::UNAVAILABLE, "the database does not answer").retryable();
        let question = async {
            match &self.connection {
                Connection::Embedded(embedded) => embedded.health().await,
                Connection::Server(connection) => connection.health().await,
            }
        };
        match timeout(HEALTH_PATIENCE, question).await {
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

async fn open_remote(config: &Config) -> Result<Surreal<Any>> {
    let connection = connect(config.url.as_str()).await.map_err(database)?;
    if !config.username.is_empty() {
        let user = Root { username: config.username.clone(), password: config.password.clone() };
        connection.signin(user).await.map_err(database)?;
    }
    Ok(connection)
}
