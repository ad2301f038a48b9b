//! Whether a domain is still that of the space that has shown it, before a certificate is ordered.
//!
//! Domains are sold and given up. A proof that has grown old is looked for again. The manual (5.4.3)
//! lets records and files be removed once they were seen, so a domain that leads to this server
//! counts as well, unless another space has shown since that it is its own. What cannot be told,
//! because the DNS or a server is away, changes nothing.

use std::time::Duration;

use rand::Rng as _;
use sdk_plugin::contract::Calls;
use sdk_plugin::{Error, Result};
use tokio::time::timeout;

use super::file::{self, Seen};
use super::{Owners, Shown, texts_of};
use crate::acme::{PREFIX, Tokens};
use crate::clock::Clock;
use crate::config::Config;
use crate::dns::Resolver;

/// How long may be looked.
const PATIENCE: Duration = Duration::from_secs(30);
/// How many domains' files are looked for.
const MAX_FILES: usize = 3;

/// What is known of a domain that a space has shown to be its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// That was seen not long ago.
    Fresh,
    /// It was seen now.
    Confirmed,
    /// It cannot be told now.
    Unclear,
    /// Nothing shows it any more; with what its owner can do.
    Gone(String),
}

/// Looks at proofs again.
pub struct Again<C> {
    /// What spaces have shown.
    pub owners: Owners<C>,
    /// What is answered on domains that lead here.
    pub tokens: Tokens<C>,
    /// Whom to ask.
    pub resolver: Resolver,
    /// How old proofs may be, and how files are fetched.
    pub config: Config,
    /// The time.
    pub clock: Clock,
}

impl<C: Calls> Again<C> {
    /// Looks whether a host is a space's; `confirmed` is when that was last seen here, in
    /// milliseconds since 1970.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn look(&self, space: &str, host: &str, confirmed: u64) -> Result<Standing> {
        let shown = self.owners.shown(space, host).await?;
        let verified = shown.iter().map(|shown| shown.verified).max().unwrap_or_default();
        let age = self.config.proof_seconds.saturating_mul(1000);
        if verified.max(confirmed).saturating_add(age) > self.clock.now() {
            return Ok(Standing::Fresh);
        }
        timeout(PATIENCE, self.look_now(space, host, &shown, verified)).await.unwrap_or(Ok(Standing::Unclear))
    }

    async fn look_now(&self, space: &str, host: &str, shown: &[Shown], verified: u64) -> Result<Standing> {
        let (mut no_dns, mut unclear) = (false, false);
        for (name, texts) in texts_of(&self.resolver, host).await {
            match texts {
                Ok(texts) if texts.contains(&self.owners.token(space, name)?) => return self.remember(space, name).await,
                Ok(_) => {}
                Err(_) => no_dns = true,
            }
        }
        for Shown { domain, .. } in shown.iter().take(MAX_FILES) {
            match self.at(domain, file::PATH, &self.owners.token(space, domain)?).await {
                Seen::Token => return self.remember(space, domain).await,
                Seen::Other(_) => {}
                Seen::Unclear(_) => unclear = true,
            }
        }
        if no_dns {
            return Ok(Standing::Unclear);
        }
        // Who has shown it later goes before who has it lead here.
        if self.owners.shown_by_another(space, host, verified).await? {
            return Ok(Standing::Gone(format!("another space has shown since that {host} is its own: {}", self.advice(space, host)?)));
        }
        match self.leads_here(space, host).await? {
            Seen::Token => Ok(Standing::Confirmed),
            Seen::Other(_) if !unclear => {
                let reason = format!("{host} does not lead to this server, and nothing shows any more that it is yours: ");
                Ok(Standing::Gone(reason + &self.advice(space, host)?))
            }
            Seen::Other(_) | Seen::Unclear(_) => Ok(Standing::Unclear),
        }
    }

    async fn remember(&self, space: &str, domain: &str) -> Result<Standing> {
        self.owners.remember(space, domain, self.clock.now()).await?;
        Ok(Standing::Confirmed)
    }

    /// What a host has at a path in place of a token.
    async fn at(&self, host: &str, path: &str, token: &str) -> Seen {
        let unclear = |error: Error| Seen::Unclear(error.message().to_owned());
        file::look(&self.resolver, &self.config, host, path, token).await.unwrap_or_else(unclear)
    }

    /// Whether a host answers with a token that only this server's nodes know.
    async fn leads_here(&self, space: &str, host: &str) -> Result<Seen> {
        let token = hex::encode(rand::rng().random::<[u8; 16]>());
        self.tokens.put(space, host, &token, &token).await?;
        let seen = self.at(host, &format!("{PREFIX}{token}"), &token).await;
        self.tokens.forget(Some(host)).await?;
        Ok(seen)
    }

    fn advice(&self, space: &str, host: &str) -> Result<String> {
        let (record, token) = (super::record_name(host), self.owners.token(space, host)?);
        Ok(format!("it is answered as before, but gets no new certificate until a TXT record of {record} has the value `{token}`"))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
