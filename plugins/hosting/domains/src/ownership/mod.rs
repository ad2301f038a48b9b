//! Whether a domain belongs to a space (manual 5.4.3).
//!
//! A space shows it by a token of its own, in a TXT record of `verification.DOMAIN` or in the file
//! `http://DOMAIN/verification.html`. Who has shown it for a domain has done so for all that are
//! below it; each space for itself. What has been shown is [looked at again](Again) before a
//! certificate is ordered, when that was long ago.

mod again;
mod file;
#[cfg(test)]
pub mod outside;

pub use again::{Again, Standing};

use std::time::Duration;

use futures_util::future::join_all;
use hmac::{Hmac, Mac as _};
use sdk_plugin::contract::Calls;
use sdk_plugin::contract::db::Collection;
use sdk_plugin::{Error, Result};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::time::timeout;

use crate::dns::Resolver;
use crate::name::with_parents;
use crate::service::Service;

/// The label of the TXT record.
const LABEL: &str = "verification";
/// How many names are looked at: the domain and those above it.
const MAX_NAMES: usize = 8;
/// How long may be looked, so that the caller of the action hears what came of it.
const PATIENCE: Duration = Duration::from_secs(8);
/// What tokens begin with, so that people know them when they see them.
const PREFIX: &str = "verify_";
/// The code for a domain that was not shown to be the space's.
pub const NOT_VERIFIED: &str = "InvalidDomain.NotVerified";
/// The code for a proof that is not there.
pub const VERIFICATION_FAILED: &str = "DomainVerification.Failed";

/// Domains that spaces have shown to be theirs.
#[derive(Clone)]
pub struct Owners<C> {
    records: Collection<C>,
    /// The key of tokens.
    secret: Vec<u8>,
}

/// What a space has shown.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
struct Shown {
    domain: String,
    /// When, in milliseconds since 1970.
    verified: u64,
}

/// How a space shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// A TXT record.
    Dns,
    /// A file.
    File,
}

impl<C: Calls> Owners<C> {
    /// The records, and the key of tokens.
    pub fn new(records: Collection<C>, secret: Vec<u8>) -> Self {
        Self { records, secret }
    }

    /// What a space shows for a domain.
    ///
    /// # Errors
    /// `InternalError` when there is no key.
    pub fn token(&self, space: &str, domain: &str) -> Result<String> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.secret).map_err(Error::internal)?;
        mac.update(format!("{space}\n{domain}").as_bytes());
        let digest = hex::encode(mac.finalize().into_bytes());
        Ok(format!("{PREFIX}{}", digest.get(..32).unwrap_or(&digest)))
    }

    /// Whether a domain is known to be a space's.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn owns(&self, space: &str, domain: &str) -> Result<bool> {
        let ids: Vec<String> = with_parents(domain).map(|name| id(space, name)).collect();
        Ok(self.records.find_one::<Value>(json!({"_id": {"$in": ids}})).await?.is_some())
    }

    /// What a space has shown for a domain or one above it.
    async fn shown(&self, space: &str, domain: &str) -> Result<Vec<Shown>> {
        let ids: Vec<String> = with_parents(domain).map(|name| id(space, name)).collect();
        self.records.find(json!({"_id": {"$in": ids}}), json!({"limit": ids.len()})).await
    }

    /// Whether another space has shown since that a domain or one above it is its own.
    async fn shown_by_another(&self, space: &str, domain: &str, since: u64) -> Result<bool> {
        let names: Vec<&str> = with_parents(domain).collect();
        let query = json!({"domain": {"$in": names}, "space": {"$ne": space}, "verified": {"$gt": since}});
        Ok(self.records.find_one::<Value>(query).await?.is_some())
    }

    async fn remember(&self, space: &str, domain: &str, now: u64) -> Result<()> {
        let set = json!({"space": space, "domain": domain, "verified": now});
        self.records.upsert(json!({"_id": id(space, domain)}), json!({"$set": set})).await
    }

    /// Forgets a space.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn forget_space(&self, space: &str) -> Result<()> {
        self.records.delete(json!({"space": space})).await.map(drop)
    }
}

fn id(space: &str, domain: &str) -> String {
    format!("{space}/{domain}")
}

/// The texts of a domain and of those above it, where tokens are looked for.
async fn texts_of<'a>(resolver: &Resolver, domain: &'a str) -> Vec<(&'a str, Result<Vec<String>>)> {
    let looked_up = with_parents(domain).take(MAX_NAMES).map(|name| async move { (name, resolver.texts(&record_name(name)).await) });
    join_all(looked_up).await
}

/// Where the TXT record of a domain is.
pub fn record_name(domain: &str) -> String {
    format!("{LABEL}.{domain}")
}

impl<C: Calls> Service<C> {
    /// Looks for a space's proof, and remembers it.
    ///
    /// # Errors
    /// `DomainVerification.Failed` with what is missing; `ServiceUnavailable` when the DNS cannot be
    /// asked; or what the database answers.
    pub async fn verify(&self, space: &str, domain: &str, proof: Proof) -> Result<()> {
        let shown = async {
            match proof {
                Proof::Dns => self.shown_by_dns(space, domain).await,
                Proof::File => {
                    let token = self.owners.token(space, domain)?;
                    file::check(&self.resolver, &self.config, domain, &token).await.map(|()| domain)
                }
            }
        };
        let late = |_| Error::new(VERIFICATION_FAILED, format!("nothing was heard of {domain} in time")).retryable();
        let shown = timeout(PATIENCE, shown).await.map_err(late)??;
        self.owners.remember(space, shown, self.clock.now()).await?;
        self.known_again(space, shown).await
    }

    /// Has certificates ordered again for a space's domains that are at or below a domain and were
    /// not known to be the space's any more.
    async fn known_again(&self, space: &str, shown: &str) -> Result<()> {
        let now = self.clock.now();
        for state in self.states.of_space(space).await? {
            if state.unverified && with_parents(&state.host).any(|name| name == shown) {
                let set = json!({"unverified": false, "next": now, "failures": 0, "problem": ""});
                self.states.change(space, &state.host, set).await?;
                self.kick.notify_one();
            }
        }
        Ok(())
    }

    /// The domain, or the one above it, whose TXT record has its token.
    async fn shown_by_dns<'a>(&self, space: &str, domain: &'a str) -> Result<&'a str> {
        let mut found = None;
        for (name, texts) in texts_of(&self.resolver, domain).await {
            match texts {
                Ok(texts) if texts.contains(&self.owners.token(space, name)?) => return Ok(name),
                own if name == domain => found = Some(own),
                _ => {}
            }
        }
        let found = found.unwrap_or_else(|| Ok(Vec::new()))?;
        let (record, token) = (record_name(domain), self.owners.token(space, domain)?);
        let instead = match found.first() {
            Some(text) => format!("it has `{}`", text.chars().take(80).collect::<String>()),
            None => "it has none; a new record may take minutes to be seen".to_owned(),
        };
        Err(Error::new(VERIFICATION_FAILED, format!("the TXT record of {record} must be `{token}`, but {instead}")))
    }

    /// Refuses a domain that is not known to be the space's.
    ///
    /// # Errors
    /// `InvalidDomain.NotVerified` with what to do, or what the database answers.
    pub async fn require_owner(&self, space: &str, domain: &str) -> Result<()> {
        if !self.config.require_ownership || self.owners.owns(space, domain).await? {
            return Ok(());
        }
        let token = self.owners.token(space, domain)?;
        let message = format!(
            "{domain} is not known to be yours: set a TXT record of {} with the value `{token}`, or put that value into http://{domain}/verification.html, and verify it (VerifyWebHostingDomainOwner, `mpcloud hosting domain verify`)",
            record_name(domain)
        );
        Err(Error::new(NOT_VERIFIED, message))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use sdk_plugin::contract::SYSTEM_SPACE;

    use super::*;
    use crate::testing::Memory;

    #[test]
    fn tokens_are_each_spaces_own() {
        let owners = |secret: &[u8]| Owners::new(Collection::new(Memory::default(), SYSTEM_SPACE, "domainOwners"), secret.to_vec());
        let token = |space: &str, domain: &str| owners(b"secret").token(space, domain).unwrap();
        assert_eq!(token("a", "x.com"), token("a", "x.com"));
        assert_ne!(token("a", "x.com"), token("b", "x.com"));
        assert_ne!(token("a", "x.com"), token("a", "y.com"));
        assert_ne!(token("a", "x.com"), owners(b"other").token("a", "x.com").unwrap());
        assert_eq!(token("a", "x.com").len(), PREFIX.len() + 32);
    }

    #[tokio::test]
    async fn who_owns_a_domain_owns_what_is_below_it_and_nothing_else() {
        let owners = Owners::new(Collection::new(Memory::default(), SYSTEM_SPACE, "domainOwners"), b"k".to_vec());
        owners.remember("a", "b.com", 1).await.unwrap();
        owners.remember("a", "b.com", 2).await.unwrap();
        assert_eq!(
            owners.shown("a", "x.b.com").await.unwrap(),
            [Shown { domain: "b.com".to_owned(), verified: 2 }],
            "the last time counts"
        );
        for domain in ["b.com", "x.b.com", "y.x.b.com"] {
            assert!(owners.owns("a", domain).await.unwrap(), "{domain}");
            assert!(!owners.owns("other", domain).await.unwrap(), "{domain}");
        }
        for domain in ["xb.com", "com", "b.com.evil.com", "b.org"] {
            assert!(!owners.owns("a", domain).await.unwrap(), "{domain}");
        }
        owners.forget_space("a").await.unwrap();
        assert!(!owners.owns("a", "b.com").await.unwrap());
    }
}
