//! Domains and their certificates. The core keeps both, routes requests by host, and ends TLS with
//! the certificate of the name that a client asks for; plugins decide which domains there are and
//! where certificates come from.
//!
//! A domain belongs to one service of one space. Requests for it go to the plugin whose manifest
//! [answers](crate::Manifest::site) that service, whatever their path, with
//! [`HttpRequest::space`](crate::HttpRequest::space) set. Paths below `/.well-known/` that a
//! manifest claims go before that, on every host (RFC 8615): so that HTTP-01 challenges are
//! answered wherever a domain leads.
//!
//! Besides the domains that are kept here, `SPACE.BASE` leads to the service [`HOSTING`] of a
//! space, where `BASE` is `server.base_domain` of the TOML file.
//!
//! Hosts are in lower case, without port and without final dot; international names are in their
//! ASCII form (RFC 5891).

use std::ops::Not;

use serde::{Deserialize, Serialize};

/// The service of websites.
pub const HOSTING: &str = "hosting";
/// The service of functions' HTTP triggers.
pub const FUNCTIONS: &str = "functions";

/// Sets a domain, in the call's space: [`Domain`] → `null`. Holds on this node when it is answered,
/// and on others within [`FRESH_MS`].
///
/// Errors: [`DOMAIN_IN_USE`] when another space or service has it; `ParamInvalid` for what is no
/// host name, for a name of the server itself, and for one below its base domain.
pub const PUT: &str = "core.domains.put";
/// Reads a domain of any space: [`Host`] → [`Bound`], or `null` when there is none.
pub const GET: &str = "core.domains.get";
/// Removes a domain of the call's space with its certificate: [`Host`] → `null`. Removing what is
/// not there succeeds.
pub const REMOVE: &str = "core.domains.remove";
/// Lists domains in the order of their hosts, those of the call's space, or of all when the call
/// has none: [`List`] → [`Listed<Bound>`].
pub const LIST: &str = "core.domains.list";

/// Sets HSTS of a domain of the call's space: [`Hsts`] → `null`. [`GET`] and [`LIST`] tell of
/// it by the keys of [`Reach`], as far as they are true.
///
/// Errors: `NotFound` when the space has no such domain; `ParamInvalid` for a lifetime that clients
/// cannot count, and a reach without a lifetime.
pub const PUT_HSTS: &str = "core.domains.putHsts";

/// Sets the certificate of a host: [`Upload`] → [`Certificate`]. It replaces one that is there;
/// connections that are open go on.
///
/// Errors: [`INVALID_CERTIFICATE`] for a chain or key that cannot be read, do not belong together,
/// do not name the host, or have expired.
pub const PUT_CERTIFICATE: &str = "core.certificates.put";
/// Reads what is known of a host's certificate: [`Host`] → [`Certificate`], or `null`.
pub const GET_CERTIFICATE: &str = "core.certificates.get";
/// Removes a host's certificate: [`Host`] → `null`. Removing what is not there succeeds.
pub const REMOVE_CERTIFICATE: &str = "core.certificates.remove";
/// Lists certificates in the order of their hosts: [`List`] → [`Listed<Certificate>`].
pub const LIST_CERTIFICATES: &str = "core.certificates.list";
/// Has handshakes for a host that offer only `acme-tls/1` answered by a certificate of its own
/// (RFC 8737) on every node, until it is ended or an hour has passed: [`Challenge`] → `null`.
pub const PUT_CHALLENGE: &str = "core.certificates.putChallenge";
/// Ends a challenge: [`Host`] → `null`.
pub const REMOVE_CHALLENGE: &str = "core.certificates.removeChallenge";

/// Where the server is reached: `{}` → [`Endpoint`].
pub const ENDPOINT: &str = "core.endpoint";

/// The code for a domain that another space or service has.
pub const DOMAIN_IN_USE: &str = "DomainInUse";
/// The code for a certificate or key that cannot be used.
pub const INVALID_CERTIFICATE: &str = "InvalidCertificate";

/// How long a change may take to reach other nodes, in milliseconds.
pub const FRESH_MS: u64 = 5_000;

/// How far HSTS of a domain reaches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Reach {
    /// To all names below the domain too.
    #[serde(skip_serializing_if = "Not::not")]
    pub hsts_include_sub_domains: bool,
    /// Into the lists that browsers are shipped with, which can hardly be undone.
    #[serde(skip_serializing_if = "Not::not")]
    pub hsts_preload: bool,
}

/// The parameters of [`PUT_HSTS`].
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Hsts {
    /// The host.
    pub host: String,
    /// For how many seconds; 0 has browsers forget it, and nothing is sent when it is absent.
    #[serde(default)]
    pub max_age: Option<u64>,
    /// As in [`Reach`].
    #[serde(default)]
    pub include_sub_domains: bool,
    /// As in [`Reach`].
    #[serde(default)]
    pub preload: bool,
}

/// Names a host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Host {
    /// The host.
    pub host: String,
}

/// Where requests by the other scheme are sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Redirect {
    /// Nowhere: both schemes are answered.
    #[default]
    Off,
    /// HTTP requests to HTTPS, as long as there is a certificate.
    Https,
    /// HTTPS requests to HTTP.
    Http,
}

/// A domain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Domain {
    /// The host.
    pub host: String,
    /// [`HOSTING`], [`FUNCTIONS`], or a service of a plugin of your own.
    pub service: String,
    /// Redirection between HTTP and HTTPS.
    #[serde(default)]
    pub redirect: Redirect,
    /// `max-age` of `Strict-Transport-Security` in answers over TLS, in seconds (RFC 6797); none
    /// when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hsts: Option<u64>,
    /// Web origins whose scripts may read answers, such as `https://a.example.com`; `*` is every
    /// origin. The core adds the headers and answers preflights; none are added when it is empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cors: Vec<String>,
}

/// A domain and the space that has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Bound {
    /// The space.
    pub space: String,
    /// The domain.
    #[serde(flatten)]
    pub domain: Domain,
}

/// A certificate to be used.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Upload {
    /// The host that it is for.
    pub host: String,
    /// A name for people; may be empty.
    #[serde(default)]
    pub name: String,
    /// Where it comes from, such as `upload` or `acme`.
    pub origin: String,
    /// The chain as PEM, the host's certificate first.
    pub chain: String,
    /// Its private key as PEM: PKCS#8, PKCS#1 or SEC1. Stored encrypted, answered by nothing.
    pub key: String,
}

/// What is known of a certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Certificate {
    /// The host that it is used for.
    pub host: String,
    /// Its name for people.
    pub name: String,
    /// Where it comes from.
    pub origin: String,
    /// The names that it is valid for.
    pub names: Vec<String>,
    /// Who issued it.
    pub issuer: String,
    /// The first moment of its life, in milliseconds since 1970.
    pub not_before: i64,
    /// The last moment of its life, in milliseconds since 1970.
    pub not_after: i64,
    /// The SHA-256 digest of it, in hexadecimal.
    pub fingerprint: String,
}

/// The certificate that answers a challenge.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Challenge {
    /// The host that is to be validated.
    pub host: String,
    /// The certificate with the extension `acmeIdentifier`, as PEM.
    pub chain: String,
    /// Its private key, as PEM.
    pub key: String,
}

/// Asks for a page.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct List {
    /// Only what is of this service. Certificates have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// Only hosts after this one: the last page's [`Listed::next`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// Only certificates that end before this moment, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_before: Option<i64>,
}

/// A page of at most 500.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Listed<T> {
    /// What was found.
    pub items: Vec<T>,
    /// Where the next page begins; absent on the last one.
    #[serde(default = "Option::default", skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Where the server is reached.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Endpoint {
    /// The URL of the SDKs' endpoint, without a slash at its end.
    pub http: String,
    /// What the default domains of sites end in, with the port where it is not the scheme's own:
    /// `localhost:8520` makes `SPACE.localhost:8520`.
    pub sites: String,
    /// Whether default domains are reached over TLS.
    #[serde(default)]
    pub sites_secure: bool,
    /// The port of HTTPS for custom domains; absent when the server has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub https_port: Option<u16>,
}
