//! Opening a site, and its settings.

use http::StatusCode;
use sdk_plugin::contract::{Calls, domains};
use sdk_plugin::{Call, Error, Result, codes};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{invalid, required};
use crate::allowed::Range;
use crate::path;
use crate::service::Service;

/// How many addresses and ranges may be listed.
const MAX_RANGES: usize = 200;

/// The parameters of `ModifyWebHostingConfig`. Absent ones leave what is there.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct SettingsParams {
    #[serde(default)]
    index_path: Option<String>,
    #[serde(default)]
    error_path: Option<String>,
    #[serde(default)]
    error_http_status: Option<String>,
    #[serde(default)]
    allowed_ips: Option<String>,
}

/// The parameters of `RefreshWebHostingCustomDomainCache`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RefreshParams {
    #[serde(default)]
    domain_name: String,
}

/// A document's path; empty for none.
fn document(name: &str, path: &str) -> Result<String> {
    if path.is_empty() {
        return Ok(String::new());
    }
    let checked = path::check(path).map_err(|error| invalid(name, error.message()))?;
    if checked.ends_with('/') { Err(invalid(name, "it names a folder")) } else { Ok(checked.to_owned()) }
}

fn status(text: &str) -> Result<u16> {
    let status = text.parse().ok().filter(|status| *status == 200 || (400..500).contains(status));
    status.filter(|status| StatusCode::from_u16(*status).is_ok()).ok_or_else(|| invalid("ErrorHttpStatus", "it must be 200, or 400 to 499"))
}

fn ranges(text: &str) -> Result<Vec<String>> {
    let items: Vec<&str> = text.split([',', ';', ' ', '\n']).map(str::trim).filter(|item| !item.is_empty()).collect();
    if items.len() > MAX_RANGES {
        return Err(invalid("AllowedIps", &format!("it has {} entries, and may have {MAX_RANGES}", items.len())));
    }
    match items.iter().find(|item| Range::parse(item).is_none()) {
        Some(bad) => Err(invalid("AllowedIps", &format!("`{bad}` is neither an address nor a range such as 10.0.0.0/8"))),
        None => Ok(items.into_iter().map(str::to_owned).collect()),
    }
}

impl<C: Calls> Service<C> {
    /// `OpenWebHostingService`. Opening what is open succeeds.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn open_site(&self, space: &str) -> Result<Value> {
        self.records.open(space).await?;
        self.renew(space).await;
        self.settle().await;
        Ok(json!({"Data": true}))
    }

    /// `GetWebHostingStatus`.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn site_status(&self, space: &str) -> Result<Value> {
        let status = if self.records.get(space).await?.is_some() { "Opened" } else { "NotOpened" };
        Ok(json!({"Data": {"SpaceId": space, "Status": status}}))
    }

    /// `GetWebHostingConfig`.
    ///
    /// # Errors
    /// `InvalidWebHosting.NotOpened`, or what the database answers.
    pub async fn settings(&self, space: &str) -> Result<Value> {
        let site = self.records.require(space).await?;
        let domain = format!("{space}.{}", self.endpoint().await?.sites);
        Ok(json!({"Data": {
            "SpaceId": space,
            "IndexPath": site.index,
            "ErrorPath": site.error,
            "ErrorHttpStatus": site.error_status.to_string(),
            "AllowedIps": site.allowed.join(","),
            "DefaultDomain": domain,
        }}))
    }

    /// `ModifyWebHostingConfig`. Holds on every node when it is answered.
    ///
    /// # Errors
    /// `InvalidParameter`, `InvalidWebHosting.NotOpened`, `Conflict`, or what the database answers.
    pub async fn modify_settings(&self, space: &str, params: SettingsParams) -> Result<Value> {
        let index = params.index_path.map(|path| document("IndexPath", &path)).transpose()?;
        if index.as_deref() == Some("") {
            return Err(invalid("IndexPath", "a site has an index document"));
        }
        let error = params.error_path.map(|path| document("ErrorPath", &path)).transpose()?;
        let status = params.error_http_status.filter(|text| !text.is_empty()).map(|text| status(&text)).transpose()?;
        let allowed = params.allowed_ips.map(|text| ranges(&text)).transpose()?;
        self.records
            .change(space, |site| {
                site.index = index.clone().unwrap_or_else(|| site.index.clone());
                site.error = error.clone().unwrap_or_else(|| site.error.clone());
                site.error_status = status.unwrap_or(site.error_status);
                site.allowed = allowed.clone().unwrap_or_else(|| site.allowed.clone());
                Ok(())
            })
            .await?;
        self.renew(space).await;
        self.settle().await;
        Ok(json!({"Data": true}))
    }

    /// `RefreshWebHostingCustomDomainCache`: returns when every node serves the current release.
    ///
    /// # Errors
    /// `MissingParameter`, `NotFound` for a domain that is not the site's, `InvalidWebHosting.NotOpened`,
    /// or what the database answers.
    pub async fn refresh(&self, space: &str, params: RefreshParams) -> Result<Value> {
        let host = required("DomainName", &params.domain_name)?.to_ascii_lowercase();
        self.records.require(space).await?;
        if !self.is_default(space, &host).await? {
            let call = Call::json(space, domains::GET, &domains::Host { host: host.clone() })?;
            let bound: Option<domains::Bound> = self.calls.make(call).await?.decode()?;
            if bound.is_none_or(|bound| bound.space != space || bound.domain.service != domains::HOSTING) {
                return Err(Error::new(codes::NOT_FOUND, format!("the domain `{host}` is not bound to this space's site")));
            }
        }
        self.renew(space).await;
        self.settle().await;
        Ok(json!({}))
    }

    async fn is_default(&self, space: &str, host: &str) -> Result<bool> {
        let own = format!("{space}.{}", self.endpoint().await?.sites);
        Ok(host == own || own.rsplit_once(':').is_some_and(|(own, _)| host == own))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_checked() {
        assert_eq!(document("IndexPath", "/a/index.html").unwrap(), "a/index.html");
        assert!(document("IndexPath", "../x").is_err() && document("IndexPath", "a/").is_err());
        assert_eq!((status("200").unwrap(), status("404").unwrap()), (200, 404));
        for bad in ["", "301", "500", "40", "x"] {
            assert!(status(bad).is_err(), "{bad}");
        }
        assert_eq!(ranges("10.0.0.0/8, ::1;1.2.3.4").unwrap(), ["10.0.0.0/8", "::1", "1.2.3.4"]);
        assert_eq!(ranges("").unwrap(), [""; 0]);
        assert!(ranges("10.0.0.0/33").unwrap_err().message().contains("10.0.0.0/33"));
    }
}
