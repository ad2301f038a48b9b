//! What answers an authority that looks whether a domain leads here.

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rcgen::{CertificateParams, CustomExtension, DistinguishedName, KeyPair};
use sdk_plugin::contract::Calls;
use sdk_plugin::contract::db::Collection;
use sdk_plugin::contract::domains::Challenge;
use sdk_plugin::{Error, Result};
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::authority::Offer;
use super::failure::Failure;
use super::{Kind, hook};
use crate::clock::{Clock, HOUR};
use crate::core::Core;

/// The path below which HTTP challenges are answered.
pub const PREFIX: &str = "/.well-known/acme-challenge/";
/// The longest token that is looked for.
const MAX_TOKEN: usize = 128;

/// Tokens of HTTP challenges. Any node answers for them.
#[derive(Clone)]
pub struct Tokens<C> {
    records: Collection<C>,
    clock: Clock,
}

#[derive(Deserialize)]
struct Token {
    host: String,
    authorization: String,
    until: u64,
}

impl<C: Calls> Tokens<C> {
    /// The records.
    pub fn new(records: Collection<C>, clock: Clock) -> Self {
        Self { records, clock }
    }

    /// Has a token answered on a host, for an hour at the most.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn put(&self, space: &str, host: &str, token: &str, authorization: &str) -> Result<()> {
        let set = json!({"space": space, "host": host, "authorization": authorization, "until": self.clock.now() + HOUR});
        self.records.upsert(json!({"_id": token}), json!({"$set": set})).await
    }

    /// What is answered at a path on a host; none when nothing is.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn answer(&self, host: &str, path: &str) -> Result<Option<String>> {
        let Some(token) = path.strip_prefix(PREFIX) else { return Ok(None) };
        // The alphabet of base64url (RFC 8555, 8.1).
        let plain = token.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        if token.is_empty() || token.len() > MAX_TOKEN || !plain {
            return Ok(None);
        }
        let found: Option<Token> = self.records.get(token).await?;
        Ok(found.filter(|found| found.host == host && found.until > self.clock.now()).map(|found| found.authorization))
    }

    /// Forgets the tokens of a host, or all that have ended.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn forget(&self, host: Option<&str>) -> Result<()> {
        let filter = match host {
            Some(host) => json!({"host": host}),
            None => json!({"until": {"$lte": self.clock.now()}}),
        };
        self.records.delete(filter).await.map(drop)
    }

    /// Forgets a space.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn forget_space(&self, space: &str) -> Result<()> {
        self.records.delete(json!({"space": space})).await.map(drop)
    }
}

/// Shows and withdraws what answers challenges.
pub struct Proofs<C> {
    /// The core.
    pub core: Core<C>,
    /// The tokens.
    pub tokens: Tokens<C>,
    /// The program for DNS records.
    pub hook: Option<PathBuf>,
}

impl<C: Calls> Proofs<C> {
    /// Has a challenge answered, on every node.
    ///
    /// # Errors
    /// When that cannot be done.
    pub async fn show(&self, space: &str, host: &str, offer: &Offer) -> Result<(), Failure> {
        match offer.kind {
            Kind::Http01 => Ok(self.tokens.put(space, host, &offer.token, &offer.authorization).await?),
            // From then on every node answers, by whichever the authority comes.
            Kind::TlsAlpn01 => Ok(self.core.put_challenge(space, &certificate(host, &offer.authorization)?).await?),
            Kind::Dns01 => self.call_hook(hook::PRESENT, host, offer).await,
        }
    }

    /// Takes it back.
    ///
    /// # Errors
    /// When that cannot be done.
    pub async fn withdraw(&self, space: &str, host: &str, offer: &Offer) -> Result<(), Failure> {
        match offer.kind {
            Kind::Http01 => Ok(self.tokens.forget(Some(host)).await?),
            Kind::TlsAlpn01 => Ok(self.core.remove_challenge(space, host).await?),
            Kind::Dns01 => self.call_hook(hook::CLEANUP, host, offer).await,
        }
    }

    async fn call_hook(&self, action: &str, host: &str, offer: &Offer) -> Result<(), Failure> {
        let program = self.hook.as_deref().ok_or_else(|| Failure::Refused("there is no dns_hook".to_owned()))?;
        let value = URL_SAFE_NO_PAD.encode(Sha256::digest(&offer.authorization));
        // The record of a wildcard is that of the domain below which it is (RFC 8555, 8.4).
        let domain = host.strip_prefix("*.").unwrap_or(host);
        hook::call(program, action, domain, &format!("_acme-challenge.{domain}"), &value).await
    }
}

/// The certificate of RFC 8737, 3: for the host alone, with the digest of the authorization.
fn certificate(host: &str, authorization: &str) -> Result<Challenge> {
    let mut params = CertificateParams::new(vec![host.to_owned()]).map_err(Error::internal)?;
    params.distinguished_name = DistinguishedName::new();
    params.custom_extensions = vec![CustomExtension::new_acme_identifier(&Sha256::digest(authorization))];
    let key = KeyPair::generate().map_err(Error::internal)?;
    let chain = params.self_signed(&key).map_err(Error::internal)?.pem();
    Ok(Challenge { host: host.to_owned(), chain, key: key.serialize_pem() })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use sdk_plugin::contract::SYSTEM_SPACE;

    use super::*;
    use crate::testing::Memory;

    #[tokio::test]
    async fn tokens_are_answered_on_their_host_until_they_end() {
        let (clock, memory) = (Clock::set_to(1000), Memory::default());
        let node = || Tokens::new(Collection::new(memory.clone(), SYSTEM_SPACE, "acmeTokens"), clock.clone());
        node().put("s", "x.com", "to_ken-1", "to_ken-1.key").await.unwrap();
        let other = node();
        let path = format!("{PREFIX}to_ken-1");
        assert_eq!(other.answer("x.com", &path).await.unwrap().as_deref(), Some("to_ken-1.key"), "any node answers");
        assert_eq!(other.answer("y.com", &path).await.unwrap(), None);
        let long = format!("{PREFIX}{}", "a".repeat(MAX_TOKEN + 1));
        for path in [PREFIX, &long, &format!("{path}/"), &format!("{PREFIX}../x"), &format!("{PREFIX}to%5Fken-1"), "/other/to_ken-1"] {
            assert_eq!(other.answer("x.com", path).await.unwrap(), None, "{path}");
        }
        clock.advance(HOUR);
        assert_eq!(other.answer("x.com", &path).await.unwrap(), None);
        other.forget(None).await.unwrap();
        assert_eq!(memory.documents("acmeTokens").len(), 0);
    }

    #[test]
    fn the_certificate_of_a_challenge_has_the_digest_and_the_host_alone() {
        let challenge = certificate("x.example.com", "token.key").unwrap();
        use rustls_pki_types::pem::PemObject as _;
        let der = rustls_pki_types::CertificateDer::from_pem_slice(challenge.chain.as_bytes()).unwrap();
        // id-pe-acmeIdentifier, critical, an octet string in an octet string.
        let mut extension = vec![0x06, 0x08, 0x2b, 6, 1, 5, 5, 7, 1, 0x1f, 0x01, 0x01, 0xff, 0x04, 0x22, 0x04, 0x20];
        extension.extend(Sha256::digest("token.key"));
        assert!(der.windows(extension.len()).any(|window| window == extension));
        assert!(der.windows(13).any(|window| window == b"x.example.com"));
    }
}
