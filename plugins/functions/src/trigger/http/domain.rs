//! The domain of a space's own for its triggers, which the plugin of domains keeps.

use sdk_plugin::contract::domains::{Certificate, FUNCTIONS};
use sdk_plugin::contract::management::INVALID_PARAMETER;
use sdk_plugin::{Call, Error, Reply, Result, codes};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::service::{Edge, Service};

/// A domain, as the plugin of domains describes it.
#[derive(Deserialize)]
pub(super) struct Domain {
    pub host: String,
    pub cname: String,
    certificate: Option<Certificate>,
}

impl Domain {
    /// What is told of its certificate, as JSON text; empty when there is none. Times are in
    /// milliseconds since 1970.
    pub fn certificate_info(&self) -> String {
        let told = |certificate: &Certificate| {
            json!({
                "CertName": certificate.name,
                "CertType": certificate.origin,
                "CertDomainName": certificate.names.join(","),
                "CertExpiredTime": certificate.not_after,
                "Issuer": certificate.issuer,
            })
            .to_string()
        };
        self.certificate.as_ref().map(told).unwrap_or_default()
    }
}

impl<E: Edge> Service<E> {
    async fn ask_of_domains(&self, space: &str, method: &str, mut params: Value) -> Result<Reply> {
        params["service"] = FUNCTIONS.into();
        self.edge.make(Call::json(space, method, &params)?).await
    }

    /// The domains of a space's triggers.
    ///
    /// # Errors
    /// What the plugin of domains answers; where there is none, there are no domains.
    pub(super) async fn domains(&self, space: &str) -> Result<Vec<Domain>> {
        match self.ask_of_domains(space, "domains.describe", json!({})).await {
            Ok(reply) => reply.decode(),
            Err(error) if error.code() == codes::INVALID_METHOD => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    /// Gives a space's triggers a domain in place of the one they have; an empty one removes it.
    ///
    /// # Errors
    /// What the plugin of domains answers; `InvalidParameter` where there is none.
    pub(super) async fn set_domain(&self, space: &str, host: &str) -> Result<()> {
        let old = self.domains(space).await?;
        let mut kept = String::new();
        if !host.is_empty() {
            let bound = self.ask_of_domains(space, "domains.bind", json!({"host": host})).await.map_err(absent)?;
            kept = bound.decode::<Domain>()?.host;
        }
        for domain in old.iter().filter(|domain| domain.host != kept) {
            self.ask_of_domains(space, "domains.unbind", json!({"host": domain.host})).await?;
        }
        Ok(())
    }

    /// Gives the domain of a space's triggers a certificate.
    ///
    /// # Errors
    /// `InvalidParameter` when it has no domain; what the plugin of domains answers.
    pub(super) async fn set_certificate(&self, space: &str, chain: &str, key: &str) -> Result<()> {
        let domains = self.domains(space).await?;
        let Some(domain) = domains.first() else {
            return Err(Error::new(INVALID_PARAMETER, "CustomDomainCertificate is for a CustomDomain, and there is none"));
        };
        let params = json!({"host": domain.host, "chain": chain, "key": key});
        self.ask_of_domains(space, "domains.attach", params).await.map(drop)
    }
}

fn absent(error: Error) -> Error {
    match error.code() {
        codes::INVALID_METHOD => {
            Error::new(INVALID_PARAMETER, "CustomDomain must be empty: the server runs without its plugin of domains").with_source(error)
        }
        _ => error,
    }
}
