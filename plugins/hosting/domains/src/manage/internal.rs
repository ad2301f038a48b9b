//! What other plugins do with domains of services of their own: methods `domains.*`.

use sdk_plugin::contract::Calls;
use sdk_plugin::contract::domains::{Certificate, Upload};
use sdk_plugin::contract::management::INVALID_PARAMETER;
use sdk_plugin::{Error, Result};
use serde::Deserialize;

use super::certificates::UPLOADED;
use crate::name;
use crate::service::{Described, Service};

/// The parameters of `domains.bind` and `domains.unbind`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HostParams {
    host: String,
    service: String,
}

/// The parameters of `domains.describe`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ServiceParams {
    service: String,
}

/// The parameters of `domains.attach`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AttachHostParams {
    host: String,
    service: String,
    chain: String,
    key: String,
}

fn service(name: &str) -> Result<&str> {
    if name.is_empty() { Err(Error::new(INVALID_PARAMETER, "the service is empty")) } else { Ok(name) }
}

impl<C: Calls> Service<C> {
    /// `domains.bind`.
    ///
    /// # Errors
    /// As [`bind`](Self::bind).
    pub async fn bind_host(&self, space: &str, params: HostParams) -> Result<Described> {
        let host = name::host("CustomDomain", &params.host)?;
        self.bind(space, &host, service(&params.service)?).await?;
        self.describe_one(space, &host, &params.service).await
    }

    /// `domains.unbind`.
    ///
    /// # Errors
    /// As [`unbind`](Self::unbind).
    pub async fn unbind_host(&self, space: &str, params: HostParams) -> Result<()> {
        self.unbind(space, &name::host("CustomDomain", &params.host)?, service(&params.service)?).await
    }

    /// `domains.describe`: all domains of a service.
    ///
    /// # Errors
    /// What the core answers.
    pub async fn describe_hosts(&self, space: &str, params: ServiceParams) -> Result<Vec<Described>> {
        self.describe(space, service(&params.service)?).await
    }

    /// `domains.attach`.
    ///
    /// # Errors
    /// As [`attach`](Self::attach).
    pub async fn attach_host(&self, space: &str, params: AttachHostParams) -> Result<Certificate> {
        let host = name::host("CustomDomain", &params.host)?;
        let upload = Upload { name: host.clone(), host, origin: UPLOADED.to_owned(), chain: params.chain, key: params.key };
        self.attach(space, service(&params.service)?, upload).await
    }
}
