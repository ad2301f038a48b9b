//! `DescribeHttpTriggerConfig` and `UpdateHttpTriggerConfig`: the switch of a space.

use std::str::{FromStr, ParseBoolError};

use sdk_plugin::contract::management::{self, INVALID_PARAMETER};
use sdk_plugin::{Error, Result};
use serde::Deserialize;
use serde_json::{Value, json};

use super::address;
use super::domain::Domain;
use crate::service::{Edge, Service};

/// The parameters of `UpdateHttpTriggerConfig`. What is absent stays as it is.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct SwitchParams {
    #[serde(default, deserialize_with = "management::optional")]
    enable_service: Option<Flag>,
    #[serde(default)]
    custom_domain: Option<String>,
    #[serde(default)]
    custom_domain_certificate: String,
    #[serde(default)]
    custom_domain_private_key: String,
}

/// A boolean. The SDK for Python sends it as Python writes it, `True`.
#[derive(Clone, Copy, Debug)]
struct Flag(bool);

impl FromStr for Flag {
    type Err = ParseBoolError;

    fn from_str(text: &str) -> std::result::Result<Self, ParseBoolError> {
        text.to_ascii_lowercase().parse().map(Self)
    }
}

/// The switch of a space. Its `_id` is the space's.
#[derive(Deserialize)]
struct Switch {
    http: bool,
}

impl<E: Edge> Service<E> {
    /// Whether a space's triggers are switched on.
    pub(super) async fn is_switched_on(&self, space: &str) -> Result<bool> {
        Ok(self.triggers.switches.get::<Switch>(space).await?.is_some_and(|switch| switch.http))
    }

    /// `DescribeHttpTriggerConfig`.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn describe_http_trigger(&self, space: &str) -> Result<Value> {
        let endpoint = address::endpoint(space, &self.endpoint().await?, self.config.trigger_domain.as_deref());
        let domains = self.domains(space).await?;
        let domain = domains.first();
        Ok(json!({
            "EnableService": self.is_switched_on(space).await?,
            "DefaultEndpoint": endpoint,
            "CustomDomain": domain.map(|domain| domain.host.as_str()).unwrap_or_default(),
            "CustomDomainCname": domain.map(|domain| domain.cname.as_str()).unwrap_or_default(),
            "CustomDomainCertificateInfo": domain.map(Domain::certificate_info).unwrap_or_default(),
        }))
    }

    /// `UpdateHttpTriggerConfig`. A domain is bound as one of a website is; an empty one is unbound.
    ///
    /// # Errors
    /// `InvalidParameter` for a certificate without its key or without a domain; what the plugin of
    /// domains and the database answer.
    pub async fn update_http_trigger(&self, space: &str, params: SwitchParams) -> Result<Value> {
        let (certificate, key) = (&params.custom_domain_certificate, &params.custom_domain_private_key);
        if certificate.is_empty() != key.is_empty() {
            return Err(Error::new(INVALID_PARAMETER, "CustomDomainCertificate and CustomDomainPrivateKey go together"));
        }
        if let Some(host) = &params.custom_domain {
            self.set_domain(space, host).await?;
        }
        if !certificate.is_empty() {
            self.set_certificate(space, certificate, key).await?;
        }
        if let Some(Flag(on)) = params.enable_service {
            self.triggers.switches.upsert(json!({"_id": space}), json!({"$set": {"spaceId": space, "http": on}})).await?;
            self.triggers.routes.forget(space);
        }
        self.describe_http_trigger(space).await
    }
}
