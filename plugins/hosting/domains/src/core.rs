//! What the core keeps: domains and certificates.

use sdk_plugin::contract::Calls;
use sdk_plugin::contract::domains::{self, Bound, Certificate, Challenge, Domain, Endpoint, Host, List, Listed, Upload};
use sdk_plugin::{Call, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

/// The most pages that are read of a list.
const MAX_PAGES: usize = 100;

/// The core's methods for domains and certificates. Errors are what it answers.
#[derive(Clone)]
pub struct Core<C> {
    calls: C,
}

impl<C: Calls> Core<C> {
    /// The core behind calls.
    pub fn new(calls: C) -> Self {
        Self { calls }
    }

    async fn call<T: DeserializeOwned>(&self, space: &str, method: &str, params: &impl Serialize) -> Result<T> {
        self.calls.make(Call::json(space, method, params)?).await?.decode()
    }

    /// Sets a domain of a space.
    pub async fn put_domain(&self, space: &str, domain: &Domain) -> Result<()> {
        self.call(space, domains::PUT, domain).await
    }

    /// The domain of a host, whosever it is.
    pub async fn domain(&self, host: &str) -> Result<Option<Bound>> {
        self.call("", domains::GET, &named(host)).await
    }

    /// Removes a domain of a space with its certificate.
    pub async fn remove_domain(&self, space: &str, host: &str) -> Result<()> {
        self.call(space, domains::REMOVE, &named(host)).await
    }

    /// A page of the domains of all spaces, or of a space, after a host.
    pub async fn page(&self, space: &str, after: Option<String>) -> Result<Listed<Bound>> {
        self.call(space, domains::LIST, &List { after, ..List::default() }).await
    }

    /// The domains of a service of a space.
    pub async fn domains(&self, space: &str, service: &str) -> Result<Vec<Domain>> {
        let mut all = Vec::new();
        let mut list = List { service: Some(service.to_owned()), ..List::default() };
        for _ in 0..MAX_PAGES {
            let page: Listed<Bound> = self.call(space, domains::LIST, &list).await?;
            all.extend(page.items.into_iter().filter(|bound| bound.space == space).map(|bound| bound.domain));
            match page.next {
                Some(next) => list.after = Some(next),
                None => break,
            }
        }
        Ok(all)
    }

    /// How many domains a space has, counted no further than to `enough`.
    pub async fn count(&self, space: &str, enough: usize) -> Result<usize> {
        let (mut count, mut list) = (0, List::default());
        while count < enough {
            let page: Listed<Bound> = self.call(space, domains::LIST, &list).await?;
            count += page.items.len();
            match page.next {
                Some(next) => list.after = Some(next),
                None => break,
            }
        }
        Ok(count)
    }

    /// Sets a certificate.
    pub async fn put_certificate(&self, space: &str, upload: &Upload) -> Result<Certificate> {
        self.call(space, domains::PUT_CERTIFICATE, upload).await
    }

    /// What is known of a host's certificate.
    pub async fn certificate(&self, space: &str, host: &str) -> Result<Option<Certificate>> {
        self.call(space, domains::GET_CERTIFICATE, &named(host)).await
    }

    /// Removes a certificate.
    pub async fn remove_certificate(&self, space: &str, host: &str) -> Result<()> {
        self.call(space, domains::REMOVE_CERTIFICATE, &named(host)).await
    }

    /// Sets the certificate that answers a challenge.
    pub async fn put_challenge(&self, space: &str, challenge: &Challenge) -> Result<()> {
        self.call(space, domains::PUT_CHALLENGE, challenge).await
    }

    /// Ends a challenge.
    pub async fn remove_challenge(&self, space: &str, host: &str) -> Result<()> {
        self.call(space, domains::REMOVE_CHALLENGE, &named(host)).await
    }

    /// Where the server is reached.
    pub async fn endpoint(&self) -> Result<Endpoint> {
        self.call("", domains::ENDPOINT, &json!({})).await
    }
}

fn named(host: &str) -> Host {
    Host { host: host.to_owned() }
}
