//! Records of sites in the database.

use sdk_plugin::contract::db::Collection;
use sdk_plugin::contract::{Calls, SYSTEM_SPACE};
use sdk_plugin::{Error, Result, codes};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::clock::now;
use crate::code::NOT_OPENED;
use crate::record::Site;

/// How often a change is made again because somebody else was faster.
pub const ATTEMPTS: usize = 50;

/// The records of all sites.
#[derive(Clone, Debug)]
pub struct Records<C>(Collection<C>);

fn not_opened() -> Error {
    Error::new(
        NOT_OPENED,
        "website hosting is not open in this space; open it with OpenWebHostingService, or `mpcloud hosting enable --space ID`",
    )
}

/// The error for a change that was overtaken again and again.
pub fn busy() -> Error {
    Error::new(codes::CONFLICT, "the site is being changed by others all the time; try again").retryable()
}

impl<C: Calls> Records<C> {
    /// The records behind these calls.
    pub fn new(calls: C) -> Self {
        Self(Collection::new(calls, SYSTEM_SPACE, "sites"))
    }

    /// The site of a space.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn get(&self, space: &str) -> Result<Option<Site>> {
        self.0.get(space).await
    }

    /// The site of a space, which must have one.
    ///
    /// # Errors
    /// `InvalidWebHosting.NotOpened`, or what the database answers.
    pub async fn require(&self, space: &str) -> Result<Site> {
        self.get(space).await?.ok_or_else(not_opened)
    }

    /// Makes a site, unless the space has one.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn open(&self, space: &str) -> Result<()> {
        let mut doc = serde_json::to_value(Site::new(space, now())).map_err(Error::internal)?;
        doc["_id"] = space.into();
        self.0.insert(doc).await.map(drop)
    }

    /// Replaces a site, if nobody has changed it since it was read; says whether that was so.
    ///
    /// # Errors
    /// What the database answers; then it may have been replaced all the same.
    pub async fn replace(&self, site: &mut Site) -> Result<bool> {
        let read = site.version;
        site.version = read + 1;
        let set = serde_json::to_value(&*site).map_err(Error::internal)?;
        Ok(self.0.update(json!({"_id": site.space, "version": read}), json!({"$set": set})).await? > 0)
    }

    /// Changes a site.
    ///
    /// # Errors
    /// What `change` says, `InvalidWebHosting.NotOpened`, `Conflict`, or what the database answers.
    pub async fn change<T>(&self, space: &str, mut change: impl FnMut(&mut Site) -> Result<T>) -> Result<T> {
        for _ in 0..ATTEMPTS {
            let mut site = self.require(space).await?;
            let done = change(&mut site)?;
            if self.replace(&mut site).await? {
                return Ok(done);
            }
        }
        Err(busy())
    }

    /// Removes the site of a space.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn remove(&self, space: &str) -> Result<()> {
        self.0.delete(json!({"_id": space})).await.map(drop)
    }

    /// Spaces whose sites are to be swept: those with garbage or expired deployments, and those
    /// that were not swept since `long_ago`.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn to_sweep(&self, now: u64, long_ago: u64) -> Result<Vec<String>> {
        let mut spaces = self.spaces(json!({"garbage": true})).await?;
        spaces.extend(self.spaces(json!({"open.expires": {"$lt": now}})).await?);
        spaces.extend(self.spaces(json!({"swept": {"$lt": long_ago}})).await?);
        spaces.sort_unstable();
        spaces.dedup();
        Ok(spaces)
    }

    async fn spaces(&self, query: Value) -> Result<Vec<String>> {
        #[derive(Deserialize)]
        struct Named {
            space: String,
        }
        let found: Vec<Named> = self.0.find(query, json!({"projection": {"space": 1}, "limit": 500})).await?;
        Ok(found.into_iter().map(|named| named.space).collect())
    }
}
