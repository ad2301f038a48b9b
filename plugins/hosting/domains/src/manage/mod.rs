//! The management actions: what an operator does with the domains of a space's site.
//!
//! | action | parameters | reply |
//! | --- | --- | --- |
//! | `GetWebHostingDomainVerificationContent` | `Domain` | `Data`: `Domain`, `Content` |
//! | `VerifyWebHostingDomainOwner` | `Domain`, `VerifyType` (`dnsCheck`, `fileCheck`) | |
//! | `BindWebHostingCustomDomain` | `CustomDomain` | `Data`: true, `Domain`, `DisplayName`, `Cname` |
//! | `UnbindWebHostingCustomDomain` | `CustomDomain` | `Data`: true |
//! | `ListWebHostingCustomDomains` | | `Data`: domains |
//! | `SaveWebHostingCustomDomainConfig` | `DomainName`, `ForceRedirectType` (`off`, `http`, `https`) | |
//! | `SaveWebHostingCustomDomainCorsConfig` | `DomainName`, `EnableCors`, `AccessControlAllowOrigin`, `AccessOriginControl` | `Data`: true, `Success`, … |
//! | `AttachWebHostingCertificate` | `Domain`, `CertName`, `CertType` (`upload`), `ServerCertificate`, `PrivateKey` | `Data`: true |
//! | `DeleteWebHostingCertificate` | `Domain` | `Data`: true |
//! | `GetWebHostingCertificateDetail` | `CustomDomain` | `Data`: the certificate |
//!
//! `RenewWebHostingCertificate` (`Domain`) is ours: it has a new certificate ordered now, unless an
//! attempt has begun less than `retry_seconds` ago (`Throttling.Api`). So is
//! `SaveWebHostingCustomDomainHstsConfig` (`DomainName`, `MaxAge`, `IncludeSubDomains`, `Preload`).
//! `Service` may be added to all but those on ownership: `functions` is for domains of the space's
//! HTTP triggers, of which `UpdateHttpTriggerConfig` shows the first.
//! `VerifyType` is spelled as the vendor's CDN does; `DNS`, `FILE` and any case are taken too, and
//! `dnsCheck` is what is meant when it is absent.

mod certificates;
mod domains;
mod internal;
mod ownership;
mod settings;
#[cfg(test)]
mod tests;

pub use certificates::AttachParams;
pub use domains::{DomainParams, ListParams, NoParams};
pub use internal::{AttachHostParams, HostParams, ServiceParams};
pub use ownership::VerifyParams;
pub use settings::{CorsParams, HstsParams, RedirectParams};
