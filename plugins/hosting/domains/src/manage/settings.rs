//! Redirection, HSTS and CORS of a domain.

use sdk_plugin::contract::Calls;
use sdk_plugin::contract::domains::{FUNCTIONS, HOSTING, Redirect};
use sdk_plugin::contract::management::{self, INVALID_PARAMETER, MISSING_PARAMETER};
use sdk_plugin::{Error, Result};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::core::Hsts;
use crate::name;
use crate::service::Service;

/// How many origins a domain can name.
const MAX_ORIGINS: usize = 100;
/// What lists of browsers ask for, in seconds.
const YEAR: u64 = 365 * 86_400;
/// What every client can count (RFC 9111, 1.2.2), in seconds.
const MAX_AGE: u64 = 1 << 31;

/// The parameters of `SaveWebHostingCustomDomainConfig`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RedirectParams {
    #[serde(default)]
    domain_name: String,
    #[serde(default)]
    force_redirect_type: String,
    #[serde(default)]
    service: String,
}

/// The parameters of `SaveWebHostingCustomDomainHstsConfig`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct HstsParams {
    #[serde(default)]
    domain_name: String,
    /// In seconds; nothing is sent to browsers when it is absent.
    #[serde(default, deserialize_with = "management::optional")]
    max_age: Option<u64>,
    #[serde(default, deserialize_with = "management::optional")]
    include_sub_domains: Option<bool>,
    #[serde(default, deserialize_with = "management::optional")]
    preload: Option<bool>,
    #[serde(default)]
    service: String,
}

/// The parameters of `SaveWebHostingCustomDomainCorsConfig`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CorsParams {
    #[serde(default)]
    domain_name: String,
    #[serde(default, deserialize_with = "management::optional")]
    enable_cors: Option<bool>,
    #[serde(default)]
    access_control_allow_origin: String,
    #[serde(default, deserialize_with = "management::optional")]
    access_origin_control: Option<bool>,
    #[serde(default)]
    service: String,
}

/// The service that a parameter names: the website's by default.
pub(super) fn service(text: &str) -> Result<&'static str> {
    match text {
        "" | HOSTING => Ok(HOSTING),
        FUNCTIONS => Ok(FUNCTIONS),
        _ => Err(Error::new(INVALID_PARAMETER, "Service must be hosting or functions")),
    }
}

fn redirect(text: &str) -> Result<Redirect> {
    match text.to_ascii_lowercase().as_str() {
        "off" | "close" => Ok(Redirect::Off),
        "http" => Ok(Redirect::Http),
        "https" => Ok(Redirect::Https),
        "" => Err(Error::new(MISSING_PARAMETER, "the parameter ForceRedirectType is missing")),
        _ => Err(Error::new(INVALID_PARAMETER, "ForceRedirectType must be off, http or https")),
    }
}

/// Origins as browsers send them; `*` when nothing is named.
fn origins(text: &str) -> Result<Vec<String>> {
    let mut origins = Vec::new();
    for named in text.split([',', ';', '\n', ' ']).map(str::trim).filter(|named| !named.is_empty()) {
        let origin = if named == "*" { Some(named.to_owned()) } else { origin(named) };
        let wrong = || {
            Error::new(
                INVALID_PARAMETER,
                format!("AccessControlAllowOrigin: `{named}` is neither * nor an origin such as https://a.example.com"),
            )
        };
        let origin = origin.ok_or_else(wrong)?;
        if !origins.contains(&origin) {
            origins.push(origin);
        }
    }
    if origins.len() > MAX_ORIGINS {
        return Err(Error::new(INVALID_PARAMETER, format!("AccessControlAllowOrigin has more than {MAX_ORIGINS} origins")));
    }
    if origins.is_empty() || origins.iter().any(|origin| origin == "*") {
        return Ok(vec!["*".to_owned()]);
    }
    Ok(origins)
}

/// An origin in the form that browsers send (RFC 6454, 6.2).
fn origin(text: &str) -> Option<String> {
    let url = url::Url::parse(text).ok()?;
    let web = matches!(url.scheme(), "http" | "https");
    let bare =
        url.path() == "/" && url.query().is_none() && url.fragment().is_none() && url.username().is_empty() && url.password().is_none();
    (web && bare).then(|| url.origin().ascii_serialization())
}

impl<C: Calls> Service<C> {
    /// `SaveWebHostingCustomDomainConfig`.
    ///
    /// # Errors
    /// `MissingParameter`, `InvalidParameter`, `InvalidDomain.NotFound`, or what the core answers.
    pub async fn save_redirect(&self, space: &str, params: RedirectParams) -> Result<Value> {
        let host = name::host("DomainName", &params.domain_name)?;
        let redirect = redirect(&params.force_redirect_type)?;
        let mut domain = self.domain(space, &host, service(&params.service)?).await?;
        domain.redirect = redirect;
        self.put(space, &domain).await?;
        self.states.change(space, &host, json!({"modified": self.clock.now()})).await?;
        Ok(json!({}))
    }

    /// `SaveWebHostingCustomDomainHstsConfig`. Lists of browsers take only what holds for a year and
    /// for all names below the domain (hstspreload.org), so that `Preload` needs both.
    ///
    /// # Errors
    /// `MissingParameter`, `InvalidParameter`, `InvalidDomain.NotFound`, or what the core answers.
    pub async fn save_hsts(&self, space: &str, params: HstsParams) -> Result<Value> {
        let host = name::host("DomainName", &params.domain_name)?;
        let (all, preload) = (params.include_sub_domains.unwrap_or_default(), params.preload.unwrap_or_default());
        let refuse = |message: &str| Err(Error::new(INVALID_PARAMETER, message));
        match params.max_age {
            None if all || preload => return refuse("IncludeSubDomains and Preload need MaxAge"),
            Some(seconds) if preload && (seconds < YEAR || !all) => {
                return refuse("Preload needs a MaxAge of at least 31536000, and IncludeSubDomains");
            }
            Some(seconds) if seconds > MAX_AGE => return refuse("MaxAge must be at most 2147483648"),
            _ => {}
        }
        self.domain(space, &host, service(&params.service)?).await?;
        let hsts = Hsts { host: host.clone(), max_age: params.max_age, include_sub_domains: all, preload };
        self.core.put_hsts(space, &hsts).await?;
        self.states.change(space, &host, json!({"modified": self.clock.now()})).await?;
        Ok(json!({"Data": true}))
    }

    /// `SaveWebHostingCustomDomainCorsConfig`. The request's origin is looked for in the list in any
    /// case; `AccessOriginControl` is kept for those who read it back.
    ///
    /// # Errors
    /// `MissingParameter`, `InvalidParameter`, `InvalidDomain.NotFound`, or what the core answers.
    pub async fn save_cors(&self, space: &str, params: CorsParams) -> Result<Value> {
        let host = name::host("DomainName", &params.domain_name)?;
        let enabled = params.enable_cors.unwrap_or(true);
        let cors = if enabled { origins(&params.access_control_allow_origin)? } else { Vec::new() };
        let mut domain = self.domain(space, &host, service(&params.service)?).await?;
        domain.cors = cors;
        self.put(space, &domain).await?;
        let control = params.access_origin_control.unwrap_or_default();
        self.states.change(space, &host, json!({"modified": self.clock.now(), "originControl": control})).await?;
        Ok(json!({"Data": true, "Success": true, "Code": "", "Message": "", "HttpStatusCode": "200"}))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn origins_have_the_form_that_browsers_send() {
        let list = origins("https://A.example.com/, http://b.com:8080\nhttps://a.example.com:443").unwrap();
        assert_eq!(list, ["https://a.example.com", "http://b.com:8080"]);
        assert_eq!(origins("").unwrap(), ["*"]);
        assert_eq!(origins("https://a.com,*").unwrap(), ["*"]);
        for text in ["a.com", "ftp://a.com", "https://a.com/path", "https://u@a.com", "https://a.com?x", "null", "**"] {
            assert_eq!(origins(text).unwrap_err().code(), INVALID_PARAMETER, "{text}");
        }
        let many: Vec<String> = (0..=MAX_ORIGINS).map(|n| format!("https://{n}.com")).collect();
        assert!(origins(&many.join(",")).is_err());
    }

    #[test]
    fn redirects_are_off_or_to_a_scheme() {
        assert_eq!(redirect("HTTPS").unwrap(), Redirect::Https);
        assert_eq!(redirect("off").unwrap(), Redirect::Off);
        assert_eq!(redirect("").unwrap_err().code(), MISSING_PARAMETER);
        assert_eq!(redirect("ftp").unwrap_err().code(), INVALID_PARAMETER);
    }
}
