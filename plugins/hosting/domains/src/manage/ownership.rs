//! Showing that a domain is a space's own.

use sdk_plugin::contract::Calls;
use sdk_plugin::contract::management::INVALID_PARAMETER;
use sdk_plugin::{Error, Result};
use serde::Deserialize;
use serde_json::{Value, json};

use super::DomainParams;
use crate::name;
use crate::ownership::Proof;
use crate::service::Service;

/// The parameters of `VerifyWebHostingDomainOwner`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct VerifyParams {
    #[serde(default)]
    domain: String,
    #[serde(default)]
    verify_type: String,
}

fn proof(text: &str) -> Result<Proof> {
    match text.to_ascii_lowercase().as_str() {
        "" | "dnscheck" | "dns" => Ok(Proof::Dns),
        "filecheck" | "file" => Ok(Proof::File),
        _ => Err(Error::new(INVALID_PARAMETER, "VerifyType must be dnsCheck or fileCheck")),
    }
}

impl<C: Calls> Service<C> {
    /// `GetWebHostingDomainVerificationContent`.
    ///
    /// # Errors
    /// `MissingParameter` or `InvalidParameter`.
    pub async fn verification_content(&self, space: &str, params: DomainParams) -> Result<Value> {
        let domain = params.host("Domain")?;
        Ok(json!({"Data": {"Domain": domain, "Content": self.owners.token(space, &domain)?}}))
    }

    /// `VerifyWebHostingDomainOwner`.
    ///
    /// # Errors
    /// `MissingParameter`, `InvalidParameter`, `DomainVerification.Failed`, `ServiceUnavailable`, or
    /// what the database answers.
    pub async fn verify_owner(&self, space: &str, params: VerifyParams) -> Result<Value> {
        let domain = name::host("Domain", &params.domain)?;
        self.verify(space, &domain, proof(&params.verify_type)?).await?;
        Ok(json!({}))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn proofs_are_spelled_as_the_vendor_does_and_simpler() {
        for text in ["dnsCheck", "DNS", "dnscheck", ""] {
            assert_eq!(proof(text).unwrap(), Proof::Dns, "{text}");
        }
        for text in ["fileCheck", "FILE"] {
            assert_eq!(proof(text).unwrap(), Proof::File, "{text}");
        }
        assert_eq!(proof("mail").unwrap_err().code(), INVALID_PARAMETER);
    }
}
