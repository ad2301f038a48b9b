//! What the core keeps: domains and certificates.

use sdk_plugin::contract::Calls;
use sdk_plugin::contract::domains::{self, Bound, Certificate, Challenge, Domain, Endpoint, Host, List, Listed, Upload};
pub use sdk_plugin::contract::domains::{Hsts, Reach};
use sdk_plugin::{Call, Error, Result, codes};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The most pages that are read of a list.
const MAX_PAGES: usize = 100;

/// Lists spaces, in the order of their ids.
pub const SPACES: &str = "core.spaces";
/// Says whether the website of a space is open.
pub const SITE_STATUS: &str = "admin.GetWebHostingStatus";

/// A domain as the core answers it, which is more than the contract has.
#[derive(Clone, Debug, Deserialize)]
pub struct Known {
    /// The domain and its space.
    #[serde(flatten)]
    pub bound: Bound,
    /// How far its HSTS reaches.
    #[serde(flatten)]
    pub reach: Reach,
}

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

    /// Sets HSTS of a domain of a space.
    pub async fn put_hsts(&self, space: &str, hsts: &Hsts) -> Result<()> {
        self.call(space, domains::PUT_HSTS, hsts).await
    }

    /// The domain of a host, whosever it is.
    pub async fn domain(&self, host: &str) -> Result<Option<Bound>> {
        Ok(self.known(host).await?.map(|known| known.bound))
    }

    /// The same, with what the contract does not have.
    pub async fn known(&self, host: &str) -> Result<Option<Known>> {
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
    pub async fn domains(&self, space: &str, service: &str) -> Result<Vec<Known>> {
        let mut all = Vec::new();
        let mut list = List { service: Some(service.to_owned()), ..List::default() };
        for _ in 0..MAX_PAGES {
            let page: Listed<Known> = self.call(space, domains::LIST, &list).await?;
            all.extend(page.items.into_iter().filter(|known| known.bound.space == space));
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

    /// What the default domains of sites end in, without the port.
    pub async fn base_domain(&self) -> Result<String> {
        let sites = self.endpoint().await?.sites;
        Ok(sites.rsplit_once(':').map_or(sites.as_str(), |(host, _)| host).to_owned())
    }

    /// A page of the ids of spaces, after one.
    pub async fn spaces(&self, after: &str) -> Result<Vec<String>> {
        #[derive(Deserialize)]
        struct Page {
            spaces: Vec<String>,
        }
        let page: Page = self.call("", SPACES, &json!({"after": after})).await?;
        Ok(page.spaces)
    }

    /// Whether the website of a space is open. It is not known while the plugin of websites is away.
    pub async fn has_site(&self, space: &str) -> Result<bool> {
        let status: Value = self.call(space, SITE_STATUS, &json!({})).await.map_err(|error| match error.code() {
            codes::INVALID_METHOD => Error::new(codes::UNAVAILABLE, "no plugin of websites is there").retryable().with_source(error),
            _ => error,
        })?;
        Ok(status["Data"]["Status"] == "Opened")
    }

    /// Where the server is reached.
    pub async fn endpoint(&self) -> Result<Endpoint> {
        self.call("", domains::ENDPOINT, &json!({})).await
    }
}

fn named(host: &str) -> Host {
    Host { host: host.to_owned() }
}
