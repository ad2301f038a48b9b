//! The plugin's table in the TOML file.

use std::net::SocketAddr;
use std::path::PathBuf;

use sdk_plugin::{Error, Result, codes};
use serde::Deserialize;

use crate::acme::Kind;
use crate::name::host;

/// How domains are verified, and where certificates come from. Every key is optional.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Whether a space must show that a domain is its own before it is bound. `true` by default;
    /// `false` is for servers whose spaces trust each other.
    pub require_ownership: bool,
    /// How old a proof of ownership may be when a certificate is ordered, in seconds; an older one is
    /// looked for again. 2592000 (30 days) by default, 0 for as old as may be.
    pub proof_seconds: u64,
    /// How many domains a space can bind. 100 by default, 0 for any number.
    pub max_domains_per_space: usize,
    /// The DNS server to ask, such as "127.0.0.1:53". Those of `/etc/resolv.conf` by default.
    pub resolver: Option<SocketAddr>,
    /// The port that `verification.html` is fetched from. 80 by default.
    pub file_port: u16,
    /// Whether `verification.html` may be fetched from addresses that are not on the public
    /// internet. `false` by default.
    pub allow_private: bool,
    /// Certificates that are ordered and renewed by the server. None by default.
    pub acme: Option<Acme>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            require_ownership: true,
            proof_seconds: 30 * 24 * 3600,
            max_domains_per_space: 100,
            resolver: None,
            file_port: 80,
            allow_private: false,
            acme: None,
        }
    }
}

/// An authority that issues certificates by ACME (RFC 8555).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Acme {
    /// The URL of the authority's directory. Let's Encrypt's by default.
    pub directory: String,
    /// Where the authority may write to about certificates that are about to end.
    pub email: Option<String>,
    /// Whether you agree to the authority's terms of service. Nothing is ordered unless it is `true`.
    pub agree: bool,
    /// A file of certificates (PEM) of those who vouch for the authority's own server, besides the
    /// public ones.
    pub root: Option<PathBuf>,
    /// How domains are proved to lead here, in the order in which that is tried:
    /// `tls-alpn-01`, `http-01`, `dns-01`. The first two by default.
    pub challenges: Vec<Kind>,
    /// The program that sets and removes DNS records for `dns-01`. It is called with
    /// `present DOMAIN RECORD VALUE` and `cleanup DOMAIN RECORD VALUE`.
    pub dns_hook: Option<PathBuf>,
    /// The most orders that all nodes place in an hour. 50 by default, half of what Let's Encrypt
    /// allows.
    pub max_orders_per_hour: u64,
    /// How long to wait after a first failure, in seconds; twice as long after each further one, up
    /// to half a day. 300 by default.
    pub retry_seconds: u64,
    /// Names of the server itself that get certificates too, such as the host of its URL. None by
    /// default.
    pub server_names: Vec<String>,
    /// How the default domains of sites get certificates. Not at all by default.
    pub sites: SiteCertificates,
    /// The account with the authority's operator that orders are for, where it wants one.
    pub external_account: Option<ExternalAccount>,
}

/// Which certificates default domains, `SPACE.BASE_DOMAIN`, have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SiteCertificates {
    /// None that is ordered.
    #[default]
    Off,
    /// Each open site one of its own.
    Each,
    /// All together one for `*.BASE_DOMAIN`, which only `dns-01` can prove.
    Wildcard,
}

/// An account with the operator of an authority (RFC 8555, 7.3.4).
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExternalAccount {
    /// The key's id.
    pub key_id: String,
    /// The key, in base64url as the operator gives it.
    pub hmac_key: String,
}

impl std::fmt::Debug for ExternalAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ExternalAccount").field("key_id", &self.key_id).finish_non_exhaustive()
    }
}

impl Default for Acme {
    fn default() -> Self {
        Self {
            directory: "https://acme-v02.api.letsencrypt.org/directory".to_owned(),
            email: None,
            agree: false,
            root: None,
            challenges: vec![Kind::TlsAlpn01, Kind::Http01],
            dns_hook: None,
            max_orders_per_hour: 50,
            retry_seconds: 300,
            server_names: Vec::new(),
            sites: SiteCertificates::Off,
            external_account: None,
        }
    }
}

impl Config {
    /// The authority to order from; none where it is not agreed to its terms.
    ///
    /// # Errors
    /// `InvalidConfiguration` with what does not fit together.
    pub fn authority(&self) -> Result<Option<&Acme>> {
        let Some(acme) = self.acme.as_ref().filter(|acme| acme.agree) else { return Ok(None) };
        let wrong = |message: &str| Err(Error::new(codes::CONFIG, message));
        if !acme.directory.starts_with("https://") {
            return wrong("acme.directory must begin with https://");
        }
        if acme.challenges.is_empty() {
            return wrong("acme.challenges is empty: no domain could be proved to lead here");
        }
        if acme.challenges.contains(&Kind::Dns01) && acme.dns_hook.is_none() {
            return wrong("acme.challenges has dns-01, which needs acme.dns_hook");
        }
        if acme.max_orders_per_hour == 0 || acme.retry_seconds == 0 {
            return wrong("acme.max_orders_per_hour and acme.retry_seconds must be at least 1");
        }
        if acme.sites == SiteCertificates::Wildcard && acme.dns_hook.is_none() {
            return wrong("acme.sites = \"wildcard\" needs acme.dns_hook: authorities give wildcards for DNS records alone");
        }
        if let Some(name) = acme.server_names.iter().find(|name| host("server_names", name).ok().as_ref() != Some(*name)) {
            let message = format!("acme.server_names: `{name}` is no host name in lower case such as \"cloud.example.com\"");
            return Err(Error::new(codes::CONFIG, message));
        }
        Ok(Some(acme))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(table: Value) -> Result<Config, String> {
        serde_json::from_value(table).map_err(|error| error.to_string())
    }

    #[test]
    fn nothing_is_ordered_without_agreement_and_contradictions_are_errors() {
        assert!(read(json!({})).unwrap().authority().unwrap().is_none());
        assert!(read(json!({"acme": {"email": "a@b.c"}})).unwrap().authority().unwrap().is_none());
        let acme = read(json!({"acme": {"agree": true}})).unwrap();
        assert!(acme.authority().unwrap().unwrap().directory.contains("letsencrypt"));
        for (table, says) in [
            (json!({"agree": true, "directory": "http://ca.test"}), "https://"),
            (json!({"agree": true, "challenges": []}), "challenges"),
            (json!({"agree": true, "challenges": ["dns-01"]}), "dns_hook"),
            (json!({"agree": true, "retry_seconds": 0}), "at least 1"),
            (json!({"agree": true, "sites": "wildcard"}), "dns_hook"),
            (json!({"agree": true, "server_names": ["Cloud.example.com"]}), "Cloud.example.com"),
            (json!({"agree": true, "server_names": ["*.example.com"]}), "*.example.com"),
        ] {
            let error = read(json!({"acme": table})).unwrap().authority().unwrap_err();
            assert!(error.message().contains(says), "{error}");
        }
        assert!(read(json!({"acme": {"sites": "some"}})).unwrap_err().contains("some"));
        assert!(read(json!({"acme": {"challenges": ["http-02"]}})).unwrap_err().contains("http-02"));
        assert!(read(json!({"resolver": "localhost"})).is_err());
    }
}
