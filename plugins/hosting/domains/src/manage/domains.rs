//! Binding, unbinding and listing.

use sdk_plugin::Result;
use sdk_plugin::contract::Calls;
use sdk_plugin::contract::domains::Redirect;
use serde::Deserialize;
use serde_json::{Value, json};

use super::settings::service;
use crate::acme::when;
use crate::name;
use crate::service::{Described, Service, Status};

/// The parameters of actions that name a domain. Actions differ in what they call it.
#[derive(Debug, Deserialize)]
pub struct DomainParams {
    #[serde(rename = "Domain", alias = "CustomDomain", alias = "DomainName", default)]
    domain: String,
    #[serde(rename = "Service", default)]
    service: String,
}

/// The parameters of `ListWebHostingCustomDomains`.
#[derive(Debug, Deserialize)]
pub struct ListParams {
    #[serde(rename = "Service", default)]
    service: String,
}

/// The parameters of actions that name nothing.
#[derive(Debug, Deserialize)]
pub struct NoParams {}

impl DomainParams {
    pub(super) fn host(&self, parameter: &str) -> Result<String> {
        name::host(parameter, &self.domain)
    }

    pub(super) fn service(&self) -> Result<&'static str> {
        service(&self.service)
    }
}

impl<C: Calls> Service<C> {
    /// `BindWebHostingCustomDomain`. `Domain`, `DisplayName` and `Cname`, as they are listed, are
    /// ours.
    ///
    /// # Errors
    /// `MissingParameter`, `InvalidParameter`, `InvalidDomain.NotVerified`, `DomainInUse`,
    /// `QuotaExceeded.CustomDomains`, or what the core answers.
    pub async fn bind_domain(&self, space: &str, params: DomainParams) -> Result<Value> {
        let host = params.host("CustomDomain")?;
        self.bind(space, &host, params.service()?).await?;
        let cname = self.cname(space).await?;
        Ok(json!({"Data": true, "Domain": host, "DisplayName": name::unicode(&host), "Cname": cname}))
    }

    /// `UnbindWebHostingCustomDomain`.
    ///
    /// # Errors
    /// `MissingParameter`, `InvalidParameter`, `InvalidDomain.NotFound`, or what the core answers.
    pub async fn unbind_domain(&self, space: &str, params: DomainParams) -> Result<Value> {
        self.unbind(space, &params.host("CustomDomain")?, params.service()?).await?;
        Ok(json!({"Data": true}))
    }

    /// `ListWebHostingCustomDomains`. What the vendor does not have is `DisplayName` (an
    /// international name as people write it), the status `unverified`, `CertificateStatus`
    /// (`none`, `pending`, `failed`, `valid`, `expiring`, `expired`), `CertificateExpiredTime`, and
    /// HSTS: `HstsMaxAge` is null where there is none.
    ///
    /// # Errors
    /// `InvalidParameter`, or what the core answers.
    pub async fn list_domains(&self, space: &str, params: ListParams) -> Result<Value> {
        let all = self.describe(space, service(&params.service)?).await?;
        let now = self.clock.now();
        Ok(json!({"Data": all.iter().map(|domain| listed(domain, now)).collect::<Vec<_>>()}))
    }
}

fn listed(domain: &Described, now: u64) -> Value {
    json!({
        "Domain": domain.host,
        "DisplayName": domain.unicode,
        "Cname": domain.cname,
        "Status": domain.status,
        "Description": domain.problem,
        "CreateTime": domain.created,
        "UpdateTime": domain.modified,
        "ForceRedirectType": redirect_name(domain.redirect),
        "EnableCors": !domain.cors.is_empty(),
        "AccessControlAllowOrigin": domain.cors.join(","),
        "AccessOriginControl": domain.origin_control,
        "HstsMaxAge": domain.hsts,
        "HstsIncludeSubDomains": domain.hsts_reach.hsts_include_sub_domains,
        "HstsPreload": domain.hsts_reach.hsts_preload,
        "SslProtocol": if domain.certificate.is_some() { "on" } else { "off" },
        "CertificateStatus": certificate_status(domain, now),
        "CertificateExpiredTime": domain.certificate.as_ref().map_or(0, |certificate| certificate.not_after),
    })
}

/// How a domain's certificate is.
pub(super) fn certificate_status(domain: &Described, now: u64) -> &'static str {
    match (&domain.certificate, domain.status) {
        (Some(certificate), _) if when::end(certificate) <= now => "expired",
        (Some(certificate), _) if domain.renewal.is_none() && when::warning(certificate) <= now => "expiring",
        (Some(certificate), _)
            if !domain.problem.is_empty() && when::end(certificate).saturating_sub(now) < when::life(certificate) / 4 =>
        {
            "expiring"
        }
        (Some(_), _) => "valid",
        (None, Status::Configuring) => "pending",
        (None, Status::ConfigureFailed | Status::Unverified) => "failed",
        (None, Status::Online) => "none",
    }
}

fn redirect_name(redirect: Redirect) -> &'static str {
    match redirect {
        Redirect::Off => "off",
        Redirect::Http => "http",
        Redirect::Https => "https",
    }
}
