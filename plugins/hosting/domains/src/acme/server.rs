//! Certificates of the server's own names, and of the default domains that it gives to sites.
//!
//! They are looked after as those of bound domains are, by records that belong to no space.

use std::sync::atomic::Ordering;

use sdk_plugin::Result;
use sdk_plugin::contract::Calls;
use sdk_plugin::contract::domains::Certificate;
use serde_json::{Value, json};

use super::authority::Authority;
use super::failure::Failure;
use super::renewals::Renewals;
use super::{ORIGIN, when};
use crate::clock::HOUR;
use crate::config::{Acme, SiteCertificates};
use crate::state::State;

/// What the service of a record says when it is of the server itself.
pub const SERVICE: &str = "server";

/// Which of the server's names get certificates.
#[derive(Clone, Debug, Default)]
pub struct ServerNames {
    /// The server's own.
    pub own: Vec<String>,
    /// Those of default domains.
    pub sites: SiteCertificates,
}

impl From<&Acme> for ServerNames {
    fn from(acme: &Acme) -> Self {
        Self { own: acme.server_names.clone(), sites: acme.sites }
    }
}

/// The space whose default domain a host is.
fn space_of<'h>(host: &'h str, base: &str) -> Option<&'h str> {
    let space = host.strip_suffix(base)?.strip_suffix('.')?;
    (!space.is_empty() && !space.contains(['.', '*'])).then_some(space)
}

/// Whether certificates are given for names below a base domain: `localhost` is nobody's.
fn is_public(base: &str) -> bool {
    base.contains('.')
}

impl<C: Calls, A: Authority> Renewals<C, A> {
    /// Records the names that are to have certificates and are not known yet.
    ///
    /// # Errors
    /// What the core and the database answer.
    pub(super) async fn adopt_server_names(&self) -> Result<()> {
        let (Some(settings), now) = (&self.settings, self.clock.now()) else { return Ok(()) };
        if now < self.names_adopted.load(Ordering::Acquire) + HOUR {
            return Ok(());
        }
        self.adopt_all(&settings.names).await?;
        self.names_adopted.store(now, Ordering::Release);
        Ok(())
    }

    async fn adopt_all(&self, names: &ServerNames) -> Result<()> {
        self.adopt_free(&names.own).await?;
        if names.sites == SiteCertificates::Off {
            return Ok(());
        }
        let base = self.core.base_domain().await?;
        if !is_public(&base) {
            tracing::warn!(base, "no certificates are ordered for default domains: set server.base_domain to a domain of yours");
            return Ok(());
        }
        if names.sites == SiteCertificates::Wildcard {
            return self.adopt_free(&[format!("*.{base}")]).await;
        }
        let mut after = String::new();
        loop {
            let spaces = self.core.spaces(&after).await?;
            let Some(last) = spaces.last() else { return Ok(()) };
            after.clone_from(last);
            let hosts: Vec<String> = spaces.iter().map(|space| format!("{space}.{base}")).collect();
            let known = self.states.spaces_of(&hosts.iter().map(String::as_str).collect::<Vec<_>>()).await?;
            for (space, host) in spaces.iter().zip(&hosts) {
                if !known.contains_key(host) && self.core.has_site(space).await? {
                    self.states.bound("", host, SERVICE).await?;
                }
            }
        }
    }

    /// Records names that are not known, and that no space has bound.
    async fn adopt_free(&self, names: &[String]) -> Result<()> {
        for name in names {
            if self.states.get(name).await?.is_some_and(|state| state.space.is_empty()) {
                continue;
            }
            match self.core.domain(name).await? {
                None => self.states.bound("", name, SERVICE).await?,
                Some(bound) => {
                    tracing::warn!(
                        name,
                        space = bound.space,
                        "a name of acme.server_names is bound by a space, and gets no certificate as the server's"
                    );
                }
            }
        }
        Ok(())
    }

    /// Records the default domain of a space whose site has been opened.
    ///
    /// # Errors
    /// What the core and the database answer.
    pub async fn site_opened(&self, space: &str) -> Result<()> {
        let each = self.settings.as_ref().is_some_and(|settings| settings.names.sites == SiteCertificates::Each);
        if !each {
            return Ok(());
        }
        let base = self.core.base_domain().await?;
        let host = format!("{space}.{base}");
        if is_public(&base) && self.states.get(&host).await?.is_none() {
            self.states.bound("", &host, SERVICE).await?;
            self.kick.notify_one();
        }
        Ok(())
    }

    /// Whether a name of the server is to have a certificate.
    ///
    /// # Errors
    /// What the core answers.
    pub(super) async fn is_wanted(&self, host: &str) -> Result<bool> {
        let Some(settings) = &self.settings else { return Ok(false) };
        if settings.names.own.iter().any(|name| name == host) {
            return Ok(self.core.domain(host).await?.is_none());
        }
        let base = self.core.base_domain().await?;
        match settings.names.sites {
            SiteCertificates::Off => Ok(false),
            SiteCertificates::Wildcard => Ok(host.strip_prefix("*.") == Some(base.as_str())),
            SiteCertificates::Each => match space_of(host, &base) {
                Some(space) => self.core.has_site(space).await,
                None => Ok(false),
            },
        }
    }

    async fn ordered(&self, host: &str) -> Result<Option<Certificate>> {
        Ok(self.core.certificate("", host).await?.filter(|certificate| certificate.origin == ORIGIN))
    }

    /// Removes what was made for a name of the server that was forgotten meanwhile.
    ///
    /// # Errors
    /// What the core and the database answer.
    pub(super) async fn clear(&self, host: &str) -> Result<()> {
        // Another node may work on it.
        if self.states.get(host).await?.is_some() {
            return Ok(());
        }
        if self.ordered(host).await?.is_some() {
            self.core.remove_certificate("", host).await?;
        }
        self.core.remove_challenge("", host).await
    }

    /// Lets the certificate of a name that is to have none any more end, and then forgets both.
    ///
    /// # Errors
    /// What the core and the database answer; `Lost` when the name is forgotten.
    pub(super) async fn retire(&self, state: &State) -> Result<Value, Failure> {
        if let Some(certificate) = self.ordered(&state.host).await? {
            let end = when::end(&certificate);
            let base = self.core.base_domain().await?;
            // A space that is gone does not come back; a setting may.
            let gone = match space_of(&state.host, &base) {
                Some(space) => !self.core.has_site(space).await?,
                None => false,
            };
            if end > self.clock.now() && !gone {
                return Ok(json!({"next": end, "renewal": 0, "failures": 0, "problem": "", "order": null}));
            }
            self.core.remove_certificate("", &state.host).await?;
        }
        self.states.forget("", &state.host).await?;
        Err(Failure::Lost)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_domains_are_one_label_below_the_base() {
        assert_eq!(space_of("s.sites.test", "sites.test"), Some("s"));
        for host in ["sites.test", ".sites.test", "*.sites.test", "a.b.sites.test", "ssites.test", "s.other.test"] {
            assert_eq!(space_of(host, "sites.test"), None, "{host}");
        }
        assert!(is_public("sites.test") && !is_public("localhost"));
    }
}
