//! The service: its records, its rules, and where it is reached.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use sdk_plugin::contract::files::{ALLOWS, Operation, Question, Verdict};
use sdk_plugin::contract::{Calls, domains};
use sdk_plugin::{Call, Result};
use serde_json::json;
use tokio::sync::Notify;

use crate::cdn::Rules;
use crate::cdn::store::RuleStore;
use crate::clock::now;
use crate::config::Config;
use crate::library::{Library, PAGE};
use crate::name;
use crate::record::File;
use crate::signed_url;
use crate::usage::Usage;

/// The path prefix of this plugin's HTTP handlers.
pub const PREFIX: &str = "/files/";
/// Where forms are posted to.
pub const UPLOAD_PATH: &str = "/files/upload";
/// How often figures are written.
const FLUSH: Duration = Duration::from_secs(5);
/// How long the URL of a private file is valid when nobody says otherwise, in seconds.
const DEFAULT_MAX_AGE: u64 = 3600;

/// The file service of all spaces.
pub struct Service<C: Calls> {
    pub(crate) calls: C,
    pub(crate) config: Config,
    /// The key of signatures.
    pub(crate) secret: Vec<u8>,
    pub(crate) library: Library<C>,
    pub(crate) usage: Usage<C>,
    pub(crate) rules: RuleStore<C>,
    stopping: Notify,
}

impl<C: Calls> Service<C> {
    /// A service.
    pub fn new(config: Config, calls: C, secret: Vec<u8>) -> Arc<Self> {
        Arc::new(Self {
            library: Library::new(calls.clone()),
            usage: Usage::new(calls.clone()),
            rules: RuleStore::new(calls.clone()),
            stopping: Notify::new(),
            calls,
            config,
            secret,
        })
    }

    /// The URL that clients reach the server by, without a trailing slash.
    pub(crate) async fn endpoint(&self) -> Result<String> {
        #[derive(serde::Deserialize)]
        struct Endpoint {
            http: String,
        }
        let reply = self.calls.make(Call::json("", domains::ENDPOINT, &json!({}))?).await?;
        Ok(reply.decode::<Endpoint>()?.http.trim_end_matches('/').to_owned())
    }

    /// Whether a space may be used.
    ///
    /// # Errors
    /// The core's code for a space that is unknown, deleted or switched off.
    pub(crate) async fn check_space(&self, space: &str) -> Result<()> {
        self.calls.make(Call::new(space, "core.checkSpace", "{}")).await.map(drop)
    }

    /// Whether nobody in particular may read a file.
    pub(crate) async fn is_public(&self, file: &File) -> Result<bool> {
        if file.private {
            return Ok(false);
        }
        let question = Question { operation: Operation::Read, path: file.path.clone(), owner: file.owner.clone(), user: String::new() };
        let reply = self.calls.make(Call::json(&*file.space, ALLOWS, &question)?).await?;
        Ok(reply.decode::<Verdict>()?.allowed)
    }

    /// The address of a file. With an age in seconds, or for a file that not everybody may read, it
    /// is signed and expires.
    pub(crate) async fn url(&self, endpoint: &str, file: &File, max_age: Option<u64>, rules: &Rules) -> Result<String> {
        let expires = match max_age {
            Some(age) => Some(age),
            None if self.is_public(file).await? => None,
            None => Some(DEFAULT_MAX_AGE),
        };
        let (path, mut query) = rules.auth.address(&file.space, &file.path, now() / 1000);
        if let Some(age) = expires {
            let signed = signed_url::query(&self.secret, &file.space, &file.path, &file.object, (now() / 1000).saturating_add(age))?;
            query = if query.is_empty() { signed } else { format!("{query}&{signed}") };
        }
        let separator = if query.is_empty() { "" } else { "?" };
        Ok(format!("{endpoint}{PREFIX}{}/{path}{separator}{query}", file.space))
    }

    /// The ids of files that a list names: ids, URLs or paths, with commas between them.
    pub(crate) fn ids(&self, space: &str, list: &str) -> Vec<String> {
        let (mut ids, mut known) = (Vec::new(), HashSet::new());
        for named in list.split(',').map(str::trim).filter(|named| !named.is_empty()) {
            if let Some(id) = self.id(space, named)
                && known.insert(id.clone())
            {
                ids.push(id);
            }
        }
        ids
    }

    /// The id of a file that is named by its id, its URL or its path.
    pub(crate) fn id(&self, space: &str, named: &str) -> Option<String> {
        if name::is_id(named) {
            return Some(named.to_owned());
        }
        let without_query = named.split(['?', '#']).next().unwrap_or_default();
        let path = match without_query.split_once("://") {
            // Whatever host it has: proxies and certificates give a server more than one.
            Some((_, rest)) => {
                let (_, path) = rest.split_once('/')?;
                let rest = path.trim_start_matches('/').strip_prefix(&PREFIX[1..])?;
                let (of, path) = rest.split_once('/')?;
                if of != space {
                    return None;
                }
                path
            }
            None => without_query,
        };
        name::unescape(path).map(|path| name::id(space, &path))
    }

    /// Works until the plugin stops: writes figures every few seconds.
    pub async fn keep_house(self: Arc<Self>) {
        if let Err(error) = self.library.prepare().await {
            tracing::warn!(?error, "the indexes of files could not be made");
        }
        self.clean_up().await;
        loop {
            tokio::select! {
                () = self.stopping.notified() => return,
                () = tokio::time::sleep(FLUSH) => {}
            }
            if let Err(error) = self.usage.flush().await {
                tracing::warn!(?error, "figures of files could not be written; they are held back");
            }
        }
    }

    /// Removes what uploads that were cut off have left.
    pub async fn clean_up(&self) {
        let before = now().saturating_sub(self.config.abandoned_after_seconds.saturating_mul(1000));
        match self.library.sweep(before).await {
            Ok(0) => {}
            Ok(removed) => tracing::info!(removed, "uploads that were not completed are removed"),
            Err(error) => tracing::warn!(?error, "uploads that were not completed could not be removed"),
        }
    }

    /// Counts the files of all spaces anew: figures may be off after the server was cut off.
    ///
    /// # Errors
    /// What the database answers; the rest is done the next time.
    pub async fn recount(&self) -> Result<()> {
        let mut after = String::new();
        loop {
            let spaces = self.usage.spaces(&after, PAGE).await?;
            for space in &spaces {
                after.clone_from(space);
                // Only what stays the same while it is counted is sure.
                let first = self.library.count(space).await?;
                let second = self.library.count(space).await?;
                if first == second {
                    self.usage.correct(space, first.0, first.1).await?;
                }
            }
            if spaces.len() < PAGE {
                return Ok(());
            }
        }
    }

    /// Writes what is held back.
    pub async fn stop(&self) {
        self.stopping.notify_one();
        if let Err(error) = self.usage.flush().await {
            tracing::warn!(?error, "figures of files are lost");
        }
    }

    /// Removes everything of a space. Doing it twice does no harm.
    ///
    /// # Errors
    /// What the database answers; then it must be done again.
    pub async fn remove_space(&self, space: &str) -> Result<()> {
        self.library.forget_space(space).await?;
        self.rules.forget_space(space).await?;
        self.usage.forget_space(space).await
    }
}
