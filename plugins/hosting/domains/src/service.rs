//! The service: which domains spaces have, and what is known of them.

use std::collections::HashMap;
use std::sync::Arc;

use sdk_plugin::contract::db::Collection;
use sdk_plugin::contract::domains::{Bound, Certificate, DOMAIN_IN_USE, Domain, Redirect, Upload};
use sdk_plugin::contract::management::INVALID_PARAMETER;
use sdk_plugin::contract::{Calls, SYSTEM_SPACE};
use sdk_plugin::{Error, Result, codes};
use serde::Serialize;
use serde_json::json;
use tokio::sync::Notify;

use crate::acme::{ORIGIN, Tokens, when};
use crate::clock::Clock;
use crate::config::Config;
use crate::core::{Core, Known, Reach};
use crate::dns::Resolver;
use crate::name;
use crate::ownership::{Again, Owners};
use crate::state::{State, States};

/// The code for a domain that the space does not have.
pub const NOT_FOUND: &str = "InvalidDomain.NotFound";

/// The code for a domain more than a space can bind.
pub const TOO_MANY: &str = "QuotaExceeded.CustomDomains";

/// Domains of all spaces.
pub struct Service<C> {
    pub(crate) config: Config,
    pub(crate) core: Core<C>,
    pub(crate) clock: Clock,
    pub(crate) resolver: Resolver,
    pub(crate) owners: Owners<C>,
    pub(crate) states: States<C>,
    pub(crate) tokens: Tokens<C>,
    /// Whether certificates are ordered.
    pub(crate) orders: bool,
    /// Tells of domains whose certificates are to be looked at.
    pub(crate) kick: Arc<Notify>,
}

/// How far a domain is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It is answered, with a certificate if there is to be one.
    Online,
    /// Its first certificate has been ordered.
    Configuring,
    /// Its first certificate could not be had; it is tried again.
    ConfigureFailed,
    /// It is answered as before, but is not known to be the space's any more: no certificate is
    /// ordered for it.
    Unverified,
}

/// What is known of a domain.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Described {
    /// The host.
    pub host: String,
    /// The host as people write it: an international name is not in its ASCII form.
    pub unicode: String,
    /// Which service of the space answers.
    pub service: String,
    /// What the host's CNAME record is to be.
    pub cname: String,
    /// How far it is.
    pub status: Status,
    /// Why there is no new certificate; empty when all is well.
    pub problem: String,
    /// Redirection between HTTP and HTTPS.
    pub redirect: Redirect,
    /// For how many seconds browsers are told to use HTTPS only; absent when they are not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hsts: Option<u64>,
    /// How far that reaches.
    #[serde(flatten)]
    pub hsts_reach: Reach,
    /// The origins whose scripts may read answers.
    pub cors: Vec<String>,
    /// `AccessOriginControl`, as it was saved.
    pub origin_control: bool,
    /// When it was bound, in milliseconds since 1970.
    pub created: u64,
    /// When its settings were changed.
    pub modified: u64,
    /// Its certificate.
    pub certificate: Option<Certificate>,
    /// When its certificate is renewed by itself; absent when it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub renewal: Option<u64>,
}

/// What is known of the certificate of a name of the server.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ServerName {
    /// The name.
    pub host: String,
    /// Why there is no new certificate; empty when all is well.
    pub problem: String,
    /// Its certificate.
    pub certificate: Option<Certificate>,
    /// When it is renewed by itself; absent when it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub renewal: Option<u64>,
}

impl<C: Calls> Service<C> {
    /// A service; `secret` is the key of the tokens that spaces show.
    pub fn new(config: Config, calls: C, clock: Clock, secret: Vec<u8>, orders: bool) -> Self {
        let records = |name| Collection::new(calls.clone(), SYSTEM_SPACE, name);
        Self {
            core: Core::new(calls.clone()),
            resolver: Resolver::new(config.resolver),
            owners: Owners::new(records("domainOwners"), secret),
            states: States::new(records("domainStates"), clock.clone()),
            tokens: Tokens::new(records("acmeTokens"), clock.clone()),
            kick: Arc::default(),
            clock,
            config,
            orders,
        }
    }

    /// What looks again at proofs that have grown old; none where they are good for ever.
    pub(crate) fn again(&self) -> Option<Again<C>> {
        let wanted = self.config.require_ownership && self.config.proof_seconds > 0;
        wanted.then(|| Again {
            owners: self.owners.clone(),
            tokens: self.tokens.clone(),
            resolver: self.resolver.clone(),
            config: self.config.clone(),
            clock: self.clock.clone(),
        })
    }

    /// A space's domain of a service.
    ///
    /// # Errors
    /// `InvalidDomain.NotFound`, or what the core answers.
    pub(crate) async fn domain(&self, space: &str, host: &str, service: &str) -> Result<Domain> {
        Ok(self.known(space, host, service).await?.bound.domain)
    }

    async fn known(&self, space: &str, host: &str, service: &str) -> Result<Known> {
        let known = self.core.known(host).await?;
        let own = known.filter(|known| known.bound.space == space && known.bound.domain.service == service);
        own.ok_or_else(|| Error::new(NOT_FOUND, format!("the domain {host} is not bound")))
    }

    /// Binds a domain to a service of a space; one that is bound so keeps its settings. The server's
    /// own names are `DomainInUse`.
    ///
    /// # Errors
    /// `InvalidDomain.NotVerified`, `DomainInUse`, `QuotaExceeded.CustomDomains`, `InvalidParameter`,
    /// or what the core answers.
    pub async fn bind(&self, space: &str, host: &str, service: &str) -> Result<()> {
        if self.config.acme.as_ref().is_some_and(|acme| acme.server_names.iter().any(|name| name == host)) {
            return Err(Error::new(DOMAIN_IN_USE, format!("{host} is a name of the server itself")));
        }
        self.require_owner(space, host).await?;
        let new = || Domain { host: host.to_owned(), service: service.to_owned(), redirect: Redirect::Off, hsts: None, cors: Vec::new() };
        match self.domain(space, host, service).await {
            Ok(known) => self.put(space, &known).await?,
            Err(error) if error.code() == NOT_FOUND => {
                self.require_room(space, 1).await?;
                self.put(space, &new()).await?;
                // Others may have been bound at the same time.
                if let Err(error) = self.require_room(space, 0).await {
                    self.core.remove_domain(space, host).await?;
                    return Err(error);
                }
            }
            Err(error) => return Err(error),
        }
        self.states.bound(space, host, service).await?;
        self.kick.notify_one();
        Ok(())
    }

    /// Refuses more domains than a space can bind.
    async fn require_room(&self, space: &str, further: usize) -> Result<()> {
        let most = self.config.max_domains_per_space;
        if most == 0 || self.core.count(space, most + 1).await? + further <= most {
            return Ok(());
        }
        let message = format!("the space can have {most} domains, and has as many: unbind one that is not needed any more");
        Err(Error::new(TOO_MANY, message))
    }

    /// Sets a domain.
    pub(crate) async fn put(&self, space: &str, domain: &Domain) -> Result<()> {
        self.core.put_domain(space, domain).await.map_err(|error| match error.code() {
            codes::PARAM_INVALID => Error::new(INVALID_PARAMETER, error.message().to_owned()).with_source(error),
            _ => error,
        })
    }

    /// Unbinds a domain; its certificate goes with it.
    ///
    /// # Errors
    /// `InvalidDomain.NotFound`, or what the core answers.
    pub async fn unbind(&self, space: &str, host: &str, service: &str) -> Result<()> {
        self.domain(space, host, service).await?;
        self.core.remove_domain(space, host).await?;
        self.states.forget(space, host).await?;
        self.tokens.forget(Some(host)).await?;
        self.core.remove_challenge(space, host).await
    }

    /// Sets a certificate of the user's own, which is not replaced by an ordered one.
    ///
    /// # Errors
    /// `InvalidDomain.NotFound`, `InvalidCertificate`, or what the core answers.
    pub async fn attach(&self, space: &str, service: &str, upload: Upload) -> Result<Certificate> {
        let host = upload.host.clone();
        self.domain(space, &host, service).await?;
        let certificate = self.core.put_certificate(space, &upload).await?;
        let set = json!({"attached": true, "renewal": 0, "modified": self.clock.now(), "next": self.clock.now(), "failures": 0, "problem": "", "order": null});
        if !self.states.change(space, &host, set.clone()).await? {
            self.states.bound(space, &host, service).await?;
            self.states.change(space, &host, set).await?;
        }
        Ok(certificate)
    }

    /// Removes a certificate; where certificates are ordered, a new one is.
    ///
    /// # Errors
    /// `InvalidDomain.NotFound`, or what the core answers.
    pub async fn detach(&self, space: &str, host: &str, service: &str) -> Result<()> {
        self.domain(space, host, service).await?;
        self.core.remove_certificate(space, host).await?;
        let set =
            json!({"attached": false, "renewal": 0, "modified": self.clock.now(), "next": self.clock.now(), "failures": 0, "problem": ""});
        self.states.change(space, host, set).await?;
        self.kick.notify_one();
        Ok(())
    }

    /// Orders a new certificate now.
    ///
    /// # Errors
    /// `InvalidParameter` where none are ordered, or the user's own is attached; `Throttling.Api`
    /// when an attempt has begun less than `retry_seconds` ago; `InvalidDomain.NotFound`, or what
    /// the core answers.
    pub async fn renew(&self, space: &str, host: &str, service: &str) -> Result<()> {
        self.domain(space, host, service).await?;
        if !self.orders {
            return Err(Error::new(
                INVALID_PARAMETER,
                "the server orders no certificates: its configuration has no acme, or does not agree to the terms",
            ));
        }
        let state = self.states.get(host).await?;
        if state.as_ref().is_some_and(|state| state.attached) {
            let message = format!("{host} has a certificate of your own: attach a newer one, or detach it to have one ordered");
            return Err(Error::new(INVALID_PARAMETER, message));
        }
        let retry = self.config.acme.as_ref().map_or(0, |acme| acme.retry_seconds.saturating_mul(1000));
        let again = state.map_or(0, |state| state.tried).saturating_add(retry);
        let wait = again.saturating_sub(self.clock.now()).div_ceil(1000);
        if wait > 0 {
            let message = format!("a certificate of {host} has been ordered just before, and nothing is lost: try again in {wait} s");
            return Err(Error::new(codes::THROTTLED, message).retryable());
        }
        self.states.change(space, host, json!({"forced": true, "next": self.clock.now()})).await?;
        self.kick.notify_one();
        Ok(())
    }

    /// What is known of a space's domains of a service.
    ///
    /// # Errors
    /// What the core and the database answer.
    pub async fn describe(&self, space: &str, service: &str) -> Result<Vec<Described>> {
        let domains = self.core.domains(space, service).await?;
        if domains.is_empty() {
            return Ok(Vec::new());
        }
        let states = self.states.of_space(space).await?;
        let states: HashMap<&str, &State> = states.iter().map(|state| (state.host.as_str(), state)).collect();
        let cname = self.cname(space).await?;
        let mut all = Vec::with_capacity(domains.len());
        for known in domains {
            let certificate = self.core.certificate(space, &known.bound.domain.host).await?;
            all.push(self.described(known, certificate, &states, &cname));
        }
        Ok(all)
    }

    /// What is known of one domain.
    ///
    /// # Errors
    /// `InvalidDomain.NotFound`, or what the core and the database answer.
    pub async fn describe_one(&self, space: &str, host: &str, service: &str) -> Result<Described> {
        let known = self.known(space, host, service).await?;
        let certificate = self.core.certificate(space, host).await?;
        let state = self.states.get(host).await?.filter(|state| state.space == space);
        let states = state.iter().map(|state| (host, state)).collect();
        Ok(self.described(known, certificate, &states, &self.cname(space).await?))
    }

    /// What is known of the certificates of the server's own names and of default domains.
    ///
    /// # Errors
    /// What the core and the database answer.
    pub async fn describe_server(&self) -> Result<Vec<ServerName>> {
        let mut all = Vec::new();
        for state in self.states.of_space("").await? {
            let certificate = self.core.certificate("", &state.host).await?;
            let ordered = certificate.as_ref().filter(|certificate| self.orders && certificate.origin == ORIGIN);
            all.push(ServerName { renewal: ordered.map(when::renewal), host: state.host, problem: state.problem, certificate });
        }
        Ok(all)
    }

    fn described(&self, known: Known, certificate: Option<Certificate>, states: &HashMap<&str, &State>, cname: &str) -> Described {
        let Known { bound: Bound { domain, .. }, reach } = known;
        let state = states.get(domain.host.as_str());
        let problem = state.map(|state| state.problem.clone()).unwrap_or_default();
        let status = match &certificate {
            _ if state.is_some_and(|state| state.unverified) => Status::Unverified,
            None if self.orders && problem.is_empty() => Status::Configuring,
            None if self.orders => Status::ConfigureFailed,
            _ => Status::Online,
        };
        let ordered = self.orders && state.is_none_or(|state| !state.attached);
        Described {
            cname: cname.to_owned(),
            status,
            problem,
            redirect: domain.redirect,
            hsts: domain.hsts,
            hsts_reach: reach,
            cors: domain.cors,
            origin_control: state.is_some_and(|state| state.origin_control),
            created: state.map_or(0, |state| state.created),
            modified: state.map_or(0, |state| state.modified),
            renewal: certificate.as_ref().filter(|_| ordered).map(when::renewal),
            certificate,
            unicode: name::unicode(&domain.host),
            host: domain.host,
            service: domain.service,
        }
    }

    /// What CNAME records of a space's domains are to be: its default domain.
    pub(crate) async fn cname(&self, space: &str) -> Result<String> {
        let base = self.core.base_domain().await?;
        Ok(if base.is_empty() { String::new() } else { format!("{space}.{base}") })
    }

    /// Forgets a space that is deleted. The core forgets its domains.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn remove_space(&self, space: &str) -> Result<()> {
        let default = self.cname(space).await?;
        if self.states.get(&default).await?.is_some_and(|state| state.space.is_empty()) {
            // The record first: whoever works on it finds out before it sets a certificate.
            self.states.forget("", &default).await?;
            self.core.remove_certificate("", &default).await?;
            self.core.remove_challenge("", &default).await?;
            self.tokens.forget(Some(&default)).await?;
        }
        self.owners.forget_space(space).await?;
        self.states.forget_space(space).await?;
        self.tokens.forget_space(space).await
    }
}
