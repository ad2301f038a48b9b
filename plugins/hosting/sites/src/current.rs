//! What visitors see now, as this node knows it.
//!
//! Which release is the current one is read from the database, and trusted for [`TRUST`] from the
//! moment when reading began. Whoever promises that visitors see something new waits for that
//! time after the database has it ([`Service::settle`]): no node can then still serve the old. On
//! the node that made a change, it holds at once. Half-way through that time a site that is being
//! visited is looked at again, so that no visitor waits for the database.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use http::StatusCode;
use moka::future::Cache;
use moka::ops::compute::Op;
use sdk_plugin::contract::Calls;
use sdk_plugin::{Call, Error, Result, codes};
use serde_json::json;

use crate::allowed::Range;
use crate::manifest::{Manifest, decode};
use crate::objects::manifest_key;
use crate::record::{Release, Site};
use crate::service::{LONG, Service, blocking};
use crate::usage::Counters;

/// How long what was read of a site is trusted.
pub const TRUST: Duration = Duration::from_secs(1);
/// More than the clocks of two nodes can drift apart in that time.
const DRIFT: Duration = Duration::from_millis(20);

/// A site as it is served.
#[derive(Debug)]
pub struct Live {
    pub space: String,
    pub version: u64,
    pub manifest: Arc<Manifest>,
    pub index: String,
    pub error: String,
    pub error_status: StatusCode,
    pub allowed: Vec<Range>,
    pub counters: Arc<Counters>,
}

/// What a look at a site found.
struct Seen {
    at: Instant,
    site: Result<Option<Arc<Live>>, Arc<Error>>,
    renewing: AtomicBool,
}

impl Seen {
    fn version(&self) -> u64 {
        self.site.as_ref().ok().and_then(Option::as_ref).map_or(0, |live| live.version)
    }

    fn is_stale(&self, trust: Duration) -> bool {
        self.site.is_err() || self.at.elapsed() >= trust
    }

    fn answer(&self) -> Result<Option<Arc<Live>>> {
        self.site.clone().map_err(|error| copy(&error))
    }
}

/// An error for each of those who waited for the same thing.
pub fn copy(error: &Error) -> Error {
    let copy = Error::new(error.code().to_owned(), error.message().to_owned());
    let copy = if error.is_retryable() { copy.retryable() } else { copy };
    copy.with_context("cause", error.causes().join(": "))
}

/// Sites and manifests that are in use.
pub struct Current {
    /// How long what was read of a site is trusted.
    trust: Duration,
    seen: Cache<String, Arc<Seen>>,
    manifests: Cache<String, Arc<Manifest>>,
}

fn weigh(manifest: &Manifest) -> u32 {
    u32::try_from(manifest.weight()).unwrap_or(u32::MAX)
}

impl Current {
    /// Keeps manifests of so many bytes.
    pub fn new(bytes: u64, trust: Duration) -> Self {
        let seen = Cache::builder()
            .max_capacity(bytes)
            .weigher(|space: &String, seen: &Arc<Seen>| {
                let manifest = seen.site.as_ref().ok().and_then(Option::as_ref).map_or(0, |live| weigh(&live.manifest));
                manifest.saturating_add(u32::try_from(space.len()).unwrap_or(0) + 256)
            })
            .time_to_idle(Duration::from_secs(60))
            .build();
        let manifests = Cache::builder()
            .max_capacity(bytes)
            .weigher(|_: &String, manifest: &Arc<Manifest>| weigh(manifest))
            .time_to_idle(Duration::from_secs(600))
            .build();
        Self { trust, seen, manifests }
    }

    /// Forgets a site.
    pub async fn forget(&self, space: &str) {
        self.seen.invalidate(space).await;
    }
}

impl<C: Calls> Service<C> {
    /// The site of a space; none when it is not open or there is no such space.
    ///
    /// # Errors
    /// What the database or the storage answers.
    pub async fn live(self: &Arc<Self>, space: &str) -> Result<Option<Arc<Live>>> {
        if let Some(seen) = self.current.seen.get(space).await
            && !seen.is_stale(self.current.trust)
        {
            // While it is still trusted, so that no visitor waits.
            if seen.at.elapsed() >= self.current.trust / 2 && !seen.renewing.swap(true, Ordering::Relaxed) {
                let (service, space) = (self.clone(), space.to_owned());
                tokio::spawn(async move { service.renew(&space).await });
            }
            return seen.answer();
        }
        let look = async { Arc::new(self.look(space).await) };
        let entry = self.current.seen.entry_by_ref(space).or_insert_with_if(look, |seen| seen.is_stale(self.current.trust)).await;
        entry.into_value().answer()
    }

    /// Looks at a site again. What was found in vain or is older than what is known changes nothing.
    pub async fn renew(&self, space: &str) {
        let new = Arc::new(self.look(space).await);
        if let Err(error) = &new.site {
            tracing::warn!(space, ?error, "a site could not be looked at");
            return;
        }
        let newer = |old: Option<moka::Entry<String, Arc<Seen>>>| async {
            let known = old.map(|entry| entry.into_value());
            if known.is_some_and(|known| known.version() > new.version() || (known.version() == new.version() && known.at > new.at)) {
                Op::Nop
            } else {
                Op::Put(new)
            }
        };
        self.current.seen.entry_by_ref(space).and_compute_with(newer).await;
    }

    /// Returns when no node serves what was there before.
    pub async fn settle(&self) {
        tokio::time::sleep(self.current.trust + DRIFT).await;
    }

    async fn look(&self, space: &str) -> Seen {
        let at = Instant::now();
        let site = self.read(space).await.map_err(Arc::new);
        Seen { at, site, renewing: AtomicBool::new(false) }
    }

    async fn read(&self, space: &str) -> Result<Option<Arc<Live>>> {
        let Some(site) = self.records.get(space).await? else { return Ok(None) };
        if let Err(error) = self.calls.make(Call::json(space, "core.checkSpace", &json!({}))?).await {
            let of_space = error.code().starts_with("InvalidSpace") || error.code() == codes::NOT_FOUND;
            return if of_space { Ok(None) } else { Err(error) };
        }
        let manifest = self.manifest_of(&site).await?;
        let Site { space, version, index, error, error_status, allowed, .. } = site;
        Ok(Some(Arc::new(Live {
            counters: self.usage.of(&space),
            version,
            manifest,
            index,
            error,
            error_status: StatusCode::from_u16(error_status).unwrap_or(StatusCode::NOT_FOUND),
            allowed: allowed.iter().filter_map(|range| Range::parse(range)).collect(),
            space,
        })))
    }

    /// What a site has now.
    ///
    /// # Errors
    /// What the storage answers.
    pub async fn manifest_of(&self, site: &Site) -> Result<Arc<Manifest>> {
        match site.current() {
            Some(release) => self.manifest(&site.space, release).await,
            None => Ok(Arc::default()),
        }
    }

    /// What a release has. Manifests never change, and neither do their names.
    ///
    /// # Errors
    /// What the storage answers.
    pub async fn manifest(&self, space: &str, release: &Release) -> Result<Arc<Manifest>> {
        let read = async {
            let object = self.objects.get_whole(&manifest_key(space, &release.manifest)).await?;
            let manifest = if object.len() < LONG { decode(&object)? } else { blocking(move || decode(&object)).await? };
            Ok::<_, Error>(Arc::new(manifest))
        };
        self.current.manifests.try_get_with_by_ref(&release.manifest, read).await.map_err(|error| copy(&error))
    }

    /// Keeps a manifest that was just stored.
    pub async fn know(&self, name: &str, manifest: Arc<Manifest>) {
        self.current.manifests.insert(name.to_owned(), manifest).await;
    }
}
