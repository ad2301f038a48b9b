//! Spaces: the unit that everything of one mini program belongs to.

use std::sync::Arc;
use std::time::Duration;

use moka::future::Cache;
use sdk_plugin::contract::SYSTEM_SPACE;
use sdk_plugin::contract::db::Collection;
use sdk_plugin::{Error, Event, Result, codes, events};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::now_ms;
use super::space_keys::{PublicKey, Verifier, client_secret, server_secret};
use crate::router::Router;

/// When a deleted space is looked after once more: the longest call has ended by then.
const AFTERMATH: Duration = Duration::from_secs(660);

/// A space as it is recorded.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Space {
    /// A UUID.
    #[serde(rename = "_id")]
    pub id: String,
    /// What people call it.
    pub name: String,
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// Where it is in its life.
    pub status: Status,
    /// The key of the client SDK's signatures.
    #[serde(default)]
    pub client_secret: String,
    /// The server SDK's private key as PEM text. Only administrators ever see it.
    #[serde(default)]
    pub server_secret: String,
    server_public: Option<PublicKey>,
    /// When it was made, in milliseconds since 1970.
    pub created_at: i64,
    /// When its record was changed last.
    pub updated_at: i64,
    /// Origins that browsers may call from.
    #[serde(default)]
    pub cors_domains: Vec<CorsDomain>,
}

/// Where a space is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It takes calls.
    Active,
    /// An administrator has switched it off; calls are refused, everything is kept.
    Suspended,
    /// It takes no more calls; what belongs to it is being removed.
    Deleting,
    /// Nothing is left but this record, so that clients are told what happened.
    Deleted,
}

/// An origin that browsers may call from.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CorsDomain {
    /// Names the entry.
    pub id: String,
    /// Host, or host and port, without a scheme.
    pub domain: String,
}

/// A space that takes calls, with its keys ready for use.
#[derive(Debug)]
pub struct ActiveSpace {
    /// Its record.
    pub space: Space,
    /// Checks the server SDK's signatures.
    pub verifier: Verifier,
}

/// A page of a list, counted from 1.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    /// Which page.
    pub num: u64,
    /// How many a page, at most 100.
    pub size: u64,
}

impl Default for Page {
    fn default() -> Self {
        Self { num: 1, size: 20 }
    }
}

/// The longest description, in characters.
const MAX_DESCRIPTION: usize = 512;
const MAX_CORS_DOMAINS: usize = 100;

/// All spaces.
pub struct Spaces {
    records: Collection<Router>,
    router: Router,
    /// Entries go by time as well, so that another node's changes are seen.
    cache: Cache<String, Arc<ActiveSpace>>,
}

impl Spaces {
    /// Spaces whose records are reached through `router`.
    pub fn new(router: Router) -> Self {
        let cache = Cache::builder().max_capacity(10_000).time_to_live(Duration::from_secs(10)).build();
        Self { records: Collection::new(router.clone(), SYSTEM_SPACE, "spaces"), router, cache }
    }

    /// Makes a space with fresh secrets.
    ///
    /// # Errors
    /// `InvalidParameter` for a name that the manual does not allow; what the database answers.
    pub async fn create(&self, name: &str, description: &str) -> Result<Space> {
        check_name(name)?;
        check_text("Desc", description, 0, MAX_DESCRIPTION)?;
        let (server_secret, server_public) = tokio::task::spawn_blocking(server_secret).await.map_err(Error::internal)??;
        let now = now_ms();
        let space = Space {
            id: uuid::Uuid::new_v4().to_string(),
            name: name.to_owned(),
            description: description.to_owned(),
            status: Status::Active,
            client_secret: client_secret(),
            server_secret,
            server_public: Some(server_public),
            created_at: now,
            updated_at: now,
            cors_domains: Vec::new(),
        };
        self.records.insert(serde_json::to_value(&space).map_err(Error::internal)?).await?;
        Ok(space)
    }

    /// The record of a space that was not deleted.
    ///
    /// # Errors
    /// `InvalidSpaceId.NotFound`, `InvalidSpace.Deleted`.
    pub async fn get(&self, id: &str) -> Result<Space> {
        let space: Option<Space> = self.records.get(id).await?;
        let space = space.ok_or_else(|| Error::new(codes::SPACE_NOT_FOUND, "no space has this id"))?;
        match space.status {
            Status::Active | Status::Suspended => Ok(space),
            Status::Deleting | Status::Deleted => Err(Error::new(codes::SPACE_DELETED, "this space was deleted")),
        }
    }

    /// A space that takes calls, from the cache where it can be.
    ///
    /// # Errors
    /// As [`get`](Self::get), and `InvalidSpace.Suspended`.
    pub async fn active(&self, id: &str) -> Result<Arc<ActiveSpace>> {
        if let Some(space) = self.cache.get(id).await {
            return Ok(space);
        }
        // An id that no space can have is not worth a look into the database.
        if id.is_empty() || id.len() > 64 {
            return Err(Error::new(codes::SPACE_NOT_FOUND, "no space has this id"));
        }
        let space = self.get(id).await?;
        if space.status == Status::Suspended {
            return Err(Error::new("InvalidSpace.Suspended", "an administrator has switched this space off"));
        }
        let public = space.server_public.as_ref().ok_or_else(|| Error::internal("a space without a public key"))?;
        let active = Arc::new(ActiveSpace { verifier: Verifier::new(public)?, space });
        self.cache.insert(id.to_owned(), active.clone()).await;
        Ok(active)
    }

    /// Changes description and status (`active` or `suspended`).
    ///
    /// # Errors
    /// As [`get`](Self::get); `InvalidParameter` for a wrong value.
    pub async fn update(&self, id: &str, description: Option<&str>, status: Option<&str>) -> Result<()> {
        let mut set = serde_json::Map::new();
        if let Some(description) = description {
            check_text("Desc", description, 0, MAX_DESCRIPTION)?;
            set.insert("description".into(), description.into());
        }
        match status.map(str::to_ascii_lowercase).as_deref() {
            None | Some("") => {}
            Some("active" | "normal" | "enabled") => drop(set.insert("status".into(), "active".into())),
            Some("suspended" | "disabled") => drop(set.insert("status".into(), "suspended".into())),
            Some(_) => return Err(invalid("Status must be `active` or `suspended`")),
        }
        self.change(id, Value::Object(set)).await
    }

    /// Deletes a space and all that belongs to it. Calls are refused at once; when a plugin cannot
    /// remove its part now, the rest is done by [`resume_deletions`](Self::resume_deletions).
    ///
    /// # Errors
    /// As [`get`](Self::get); what a plugin answers that could not remove its part.
    pub async fn delete(&self, id: &str) -> Result<()> {
        self.get(id).await?;
        self.change(id, json!({"status": Status::Deleting, "clientSecret": "", "serverSecret": ""})).await?;
        self.finish_deletion(id).await
    }

    async fn finish_deletion(&self, id: &str) -> Result<()> {
        let event = Event { name: events::SPACE_DELETED.into(), space: id.into(), payload: sdk_plugin::Bytes::new() };
        self.router.emit(event.clone()).await.map_err(|e| e.with_operation("delete space"))?;
        self.records.update(json!({"_id": id}), json!({"$set": {"status": Status::Deleted, "updatedAt": now_ms()}})).await?;
        // What was running may have written once more before it was refused, or its log has.
        let router = self.router.clone();
        tokio::spawn(async move {
            tokio::time::sleep(AFTERMATH).await;
            if let Err(error) = router.emit(event).await {
                tracing::warn!(?error, "what a deleted space left behind could not be removed");
            }
        });
        Ok(())
    }

    /// Goes on with deletions that were interrupted.
    ///
    /// # Errors
    /// What the database answers; a plugin that still fails is logged and tried again later.
    pub async fn resume_deletions(&self) -> Result<()> {
        let spaces: Vec<Space> = self.records.find(json!({"status": Status::Deleting}), json!({"limit": 100})).await?;
        for space in spaces {
            if let Err(error) = self.finish_deletion(&space.id).await {
                tracing::error!(space = space.id, ?error, "a space could not be removed completely; it is tried again");
            }
        }
        Ok(())
    }

    /// Spaces that were not deleted, newest first: how many there are, and one page of them.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn list(&self, ids: &[String], page: Page) -> Result<(u64, Vec<Space>)> {
        let mut query = json!({"status": {"$in": [Status::Active, Status::Suspended]}});
        if !ids.is_empty() {
            query["_id"] = json!({"$in": ids});
        }
        let total = self.records.count(query.clone()).await?;
        let size = page.size.clamp(1, 100);
        let skip = page.num.max(1).saturating_sub(1).saturating_mul(size);
        let spaces = self.records.find(query, json!({"sort": {"createdAt": -1}, "skip": skip, "limit": size})).await?;
        Ok((total, spaces))
    }

    /// The ids of spaces that were not deleted, in their order: a page of those after `after`.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn ids(&self, after: &str) -> Result<Vec<String>> {
        #[derive(Deserialize)]
        struct Id {
            #[serde(rename = "_id")]
            id: String,
        }
        let query = json!({"_id": {"$gt": after}, "status": {"$in": [Status::Active, Status::Suspended]}});
        let options = json!({"sort": {"_id": 1}, "limit": 100, "projection": {"_id": 1}});
        let found: Vec<Id> = self.records.find(query, options).await?;
        Ok(found.into_iter().map(|space| space.id).collect())
    }

    /// Gives a space a new key for the server SDK; the old one is refused from now on.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub async fn reset_server_secret(&self, id: &str) -> Result<Space> {
        self.get(id).await?;
        let (secret, public) = tokio::task::spawn_blocking(server_secret).await.map_err(Error::internal)??;
        self.change(id, json!({"serverSecret": secret, "serverPublic": public})).await?;
        self.get(id).await
    }

    /// Allows browsers to call from a domain; answers the entry's id.
    ///
    /// # Errors
    /// As [`get`](Self::get); `InvalidParameter` for what is not a domain; at most 100 a space.
    pub async fn add_cors_domain(&self, id: &str, domain: &str) -> Result<String> {
        let space = self.get(id).await?;
        let domain = domain.trim().to_ascii_lowercase();
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '*');
        if domain.is_empty() || domain.len() > 260 || !domain.chars().all(plain) {
            return Err(invalid("Domain must be a host name such as www.example.com, with a port where it has one"));
        }
        if let Some(known) = space.cors_domains.iter().find(|entry| entry.domain == domain) {
            return Ok(known.id.clone());
        }
        if space.cors_domains.len() >= MAX_CORS_DOMAINS {
            return Err(invalid("a space has at most 100 domains"));
        }
        let entry = CorsDomain { id: uuid::Uuid::new_v4().simple().to_string(), domain };
        let update = json!({"$push": {"corsDomains": entry}, "$set": {"updatedAt": now_ms()}});
        self.records.update(json!({"_id": id}), update).await?;
        self.cache.invalidate(id).await;
        Ok(entry.id)
    }

    /// The domains of a space.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub async fn list_cors_domains(&self, id: &str) -> Result<Vec<CorsDomain>> {
        Ok(self.get(id).await?.cors_domains)
    }

    /// Takes a domain out, by its id.
    ///
    /// # Errors
    /// As [`get`](Self::get); `InvalidDomain.NotFound`.
    pub async fn delete_cors_domain(&self, id: &str, domain_id: &str) -> Result<()> {
        let space = self.get(id).await?;
        if !space.cors_domains.iter().any(|entry| entry.id == domain_id) {
            return Err(Error::new("InvalidDomain.NotFound", "the space has no domain with this id"));
        }
        let update = json!({"$pull": {"corsDomains": {"id": domain_id}}, "$set": {"updatedAt": now_ms()}});
        self.records.update(json!({"_id": id}), update).await?;
        self.cache.invalidate(id).await;
        Ok(())
    }

    async fn change(&self, id: &str, mut set: Value) -> Result<()> {
        set["updatedAt"] = now_ms().into();
        let filter = json!({"_id": id, "status": {"$in": [Status::Active, Status::Suspended]}});
        let changed = self.records.update(filter, json!({"$set": set})).await;
        self.cache.invalidate(id).await;
        if changed? == 0 {
            return self.get(id).await.map(drop);
        }
        Ok(())
    }
}

fn invalid(message: &str) -> Error {
    Error::new(sdk_plugin::contract::management::INVALID_PARAMETER, message)
}

/// 3 to 15 characters that do not begin with a digit or a special character (manual 1.1).
fn check_name(name: &str) -> Result<()> {
    check_text("Name", name, 3, 15)?;
    if name.chars().next().is_some_and(char::is_alphabetic) { Ok(()) } else { Err(invalid("Name must begin with a letter")) }
}

fn check_text(name: &str, text: &str, least: usize, most: usize) -> Result<()> {
    let length = text.chars().count();
    if length < least || length > most || text.chars().any(char::is_control) {
        return Err(invalid(&format!("{name} must have {least} to {most} characters, none of them a control character")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::check_name;

    #[test]
    fn names_are_those_of_the_manual() {
        for good in ["abc", "小程序云", "demo1", "a23456789012345", "My app"] {
            assert!(check_name(good).is_ok(), "{good}");
        }
        for bad in ["", "ab", "a234567890123456", "1abc", "_abc", "-abc", " abc", "a\nbc"] {
            assert!(check_name(bad).is_err(), "{bad:?}");
        }
    }
}
