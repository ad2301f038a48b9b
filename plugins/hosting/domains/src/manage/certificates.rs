//! Certificates of a domain.

use std::fmt;

use sdk_plugin::contract::Calls;
use sdk_plugin::contract::domains::Upload;
use sdk_plugin::contract::management::{INVALID_PARAMETER, MISSING_PARAMETER};
use sdk_plugin::{Error, Result};
use serde::Deserialize;
use serde_json::{Value, json};

use super::DomainParams;
use super::domains::certificate_status;
use super::settings::service;
use crate::acme::when;
use crate::clock::DAY;
use crate::name;
use crate::service::Service;

/// Where certificates of users come from, in what the core knows of them.
pub(super) const UPLOADED: &str = "upload";

/// The parameters of `AttachWebHostingCertificate`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AttachParams {
    #[serde(default)]
    domain: String,
    #[serde(default)]
    cert_name: String,
    #[serde(default)]
    cert_type: String,
    #[serde(default)]
    server_certificate: String,
    #[serde(default)]
    private_key: String,
    #[serde(default)]
    service: String,
}

impl fmt::Debug for AttachParams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AttachParams").field("domain", &self.domain).finish_non_exhaustive()
    }
}

impl<C: Calls> Service<C> {
    /// `AttachWebHostingCertificate`.
    ///
    /// # Errors
    /// `MissingParameter`, `InvalidParameter` (also for `CertType` `cas`: there is no certificate
    /// service to take one from), `InvalidDomain.NotFound`, `InvalidCertificate`, or what the core
    /// answers.
    pub async fn attach_certificate(&self, space: &str, params: AttachParams) -> Result<Value> {
        let (host, service) = (name::host("Domain", &params.domain)?, service(&params.service)?);
        if params.cert_type.eq_ignore_ascii_case("cas") {
            return Err(Error::new(INVALID_PARAMETER, "CertType must be upload: the certificate and its key are to be sent"));
        }
        for (name, value) in [("ServerCertificate", &params.server_certificate), ("PrivateKey", &params.private_key)] {
            if value.is_empty() {
                return Err(Error::new(MISSING_PARAMETER, format!("the parameter {name} is missing")));
            }
        }
        let name = if params.cert_name.is_empty() { host.clone() } else { params.cert_name };
        let upload = Upload { host, name, origin: UPLOADED.to_owned(), chain: params.server_certificate, key: params.private_key };
        self.attach(space, service, upload).await?;
        Ok(json!({"Data": true}))
    }

    /// `DeleteWebHostingCertificate`.
    ///
    /// # Errors
    /// `MissingParameter`, `InvalidParameter`, `InvalidDomain.NotFound`, or what the core answers.
    pub async fn delete_certificate(&self, space: &str, params: DomainParams) -> Result<Value> {
        self.detach(space, &params.host("Domain")?, params.service()?).await?;
        Ok(json!({"Data": true}))
    }

    /// `RenewWebHostingCertificate`.
    ///
    /// # Errors
    /// `MissingParameter`, `InvalidParameter`, `InvalidDomain.NotFound`, or what the core answers.
    pub async fn renew_certificate(&self, space: &str, params: DomainParams) -> Result<Value> {
        self.renew(space, &params.host("Domain")?, params.service()?).await?;
        Ok(json!({"Data": true}))
    }

    /// `GetWebHostingCertificateDetail`. Times are in milliseconds since 1970, `CertLife` in whole
    /// days. `CertType` is `upload` or `acme`. Names, issuer, times, `Status` and `Description` (why
    /// there is no new certificate) are ours.
    ///
    /// # Errors
    /// `MissingParameter`, `InvalidParameter`, `InvalidDomain.NotFound`, or what the core answers.
    pub async fn certificate_detail(&self, space: &str, params: DomainParams) -> Result<Value> {
        let domain = self.describe_one(space, &params.host("CustomDomain")?, params.service()?).await?;
        let status = certificate_status(&domain, self.clock.now());
        let mut data = json!({
            "CertDomainName": "",
            "CertName": "",
            "CertType": "",
            "CertExpiredTime": 0,
            "CertLife": "",
            "ServerCertificateStatus": if domain.certificate.is_some() { "on" } else { "off" },
            "Status": status,
            "Description": domain.problem,
        });
        if let Some(certificate) = &domain.certificate {
            data["CertDomainName"] = certificate.names.join(",").into();
            data["CertName"] = certificate.name.as_str().into();
            data["CertType"] = certificate.origin.as_str().into();
            data["CertExpiredTime"] = certificate.not_after.into();
            data["CertLife"] = format!("{} days", when::life(certificate) / DAY).into();
            data["Issuer"] = certificate.issuer.as_str().into();
            data["CertStartTime"] = certificate.not_before.into();
            data["Fingerprint"] = certificate.fingerprint.as_str().into();
        }
        if let Some(renewal) = domain.renewal {
            data["RenewTime"] = renewal.into();
        }
        Ok(json!({"Data": data}))
    }
}
