//! The connection to SurrealDB.

use std::path::Path;
use std::sync::Arc;

use sdk_plugin::{Error, Result, codes};
use surrealdb::Surreal;
use surrealdb::engine::any::{Any, connect};
use surrealdb::opt::auth::Root;

use crate::Answer;
use crate::config::Config;
use crate::embedded::Embedded;
use crate::error::{database, is_missing};
use crate::retry::again;
use crate::session::Session;
use crate::statements::{Statements, remove_database};

/// A namespace of a SurrealDB.
pub struct Connection {
    place: Place,
    namespace: String,
}

enum Place {
    Embedded(Arc<Embedded>),
    Server(Surreal<Any>),
}

impl Connection {
    /// Connects to what the configuration names. A folder is made in `data_dir` for an embedded
    /// database that has no path of its own.
    ///
    /// # Errors
    /// `InvalidConfiguration` when the configuration is not one; `ServiceUnavailable` when nobody answers.
    pub fn open<'a>(config: &'a Config, data_dir: &'a Path) -> Answer<'a, Self> {
        Box::pin(async move {
            config.check()?;
            let place = match config.url.as_str() {
                "" => Place::Embedded(Embedded::on_disk(&data_dir.join("documents"), config).await?),
                url => match url.strip_prefix("surrealkv://") {
                    Some(path) => Place::Embedded(Embedded::on_disk(Path::new(path), config).await?),
                    None if url == "mem://" => Place::Embedded(Embedded::in_memory().await?),
                    // What a server would be asked, without one: for tests.
                    None if url == "surrealql+mem://" => Place::Server(connect("mem://").await.map_err(database)?),
                    None if url.starts_with("ws://") || url.starts_with("wss://") => Place::Server(open_remote(config).await?),
                    None => {
                        return Err(Error::new(codes::CONFIG, "url must be empty or begin with mem://, surrealkv://, ws:// or wss://"));
                    }
                },
            };
            Ok(Self { place, namespace: config.namespace.clone() })
        })
    }

    /// Tells embedded databases apart while they are open: connections of this process to the same
    /// one have the same number. A server has none.
    pub fn shared(&self) -> Option<usize> {
        match &self.place {
            Place::Embedded(embedded) => Some(Arc::as_ptr(embedded).addr()),
            Place::Server(_) => None,
        }
    }

    /// A session on a database, which is made if it is not there.
    ///
    /// # Errors
    /// What the database answers.
    pub fn session<'a>(&'a self, name: &'a str) -> Answer<'a, Session> {
        Box::pin(async move {
            match &self.place {
                Place::Embedded(embedded) => embedded.space(&self.namespace, name).await.map(Session::embedded),
                Place::Server(connection) => {
                    let session = connection.clone();
                    // The first sessions make the namespace, and all but one of them lose.
                    let opened = again(|| async { session.use_ns(self.namespace.clone()).use_db(name).await.map(drop) }).await;
                    opened.map(|()| Session::server(Statements::new(session)))
                }
            }
            .map_err(database)
        })
    }

    /// Removes a database with all that is in it. Does nothing when it is not there.
    ///
    /// # Errors
    /// What the database answers.
    pub fn remove<'a>(&'a self, name: &'a str) -> Answer<'a, ()> {
        Box::pin(async move {
            let statement = remove_database(name);
            let remove = || async {
                match &self.place {
                    Place::Embedded(embedded) => embedded.run(&self.namespace, &statement).await,
                    Place::Server(connection) => {
                        let session = connection.clone();
                        session.use_ns(self.namespace.clone()).await?;
                        session.query(statement.clone()).await?.check().map(drop)
                    }
                }
            };
            again(remove).await.or_else(|error| if is_missing(&error) { Ok(()) } else { Err(database(error)) })
        })
    }

    /// Writes out what an embedded database holds in memory and closes it, unless another
    /// connection has it open. Sessions on a closed one fail.
    ///
    /// # Errors
    /// `ServiceUnavailable` when that takes longer than 20 seconds.
    pub fn close(&self) -> Answer<'_, ()> {
        Box::pin(async move {
            match &self.place {
                Place::Embedded(embedded) => embedded.close().await,
                Place::Server(_) => Ok(()),
            }
        })
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// What the database answers.
    pub fn health(&self) -> Answer<'_, ()> {
        Box::pin(async move {
            match &self.place {
                Place::Embedded(embedded) => embedded.health().await,
                Place::Server(connection) => connection.health().await,
            }
            .map_err(database)
        })
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn the_first_sessions_of_a_namespace_are_opened_at_once() {
        let server = connect("mem://").await.unwrap();
        for round in 0..300 {
            let connection = Arc::new(Connection { place: Place::Server(server.clone()), namespace: format!("namespace-{round}") });
            let opening = (0..8).map(|number| {
                let connection = connection.clone();
                tokio::spawn(async move { connection.session(&format!("database-{number}")).await.map(drop) })
            });
            for opened in opening.collect::<Vec<_>>() {
                opened.await.unwrap().unwrap_or_else(|error| panic!("round {round}: {error:?} {:?}", error.causes()));
            }
        }
    }
}
