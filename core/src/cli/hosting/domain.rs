//! `mpcloud hosting domain`.

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};

use super::super::output::{camel, table, text};
use super::super::{Failure, Options};

/// The commands on custom domains.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Bind a domain to the website of a space, or to its HTTP triggers
    #[command(after_help = "The domain must be shown to be yours once: see `mpcloud hosting domain verify`.

Example:
  mpcloud hosting domain add www.example.com --space ID
  mpcloud hosting domain add bücher.example --space ID
  mpcloud hosting domain add api.example.com --service http --space ID")]
    Add(Bound),
    /// Show that a domain is yours, by a TXT record or a file
    Verify(Verify),
    /// List a space's domains
    #[command(after_help = "Example:\n  mpcloud hosting domain list --space ID")]
    List(Listed),
    /// Unbind a domain; its certificate goes with it
    #[command(after_help = "Example:\n  mpcloud hosting domain rm www.example.com --space ID")]
    Rm(Bound),
    /// Send HTTP requests to HTTPS, or HTTPS requests to HTTP
    #[command(after_help = "Example:\n  mpcloud hosting domain redirect www.example.com https --space ID")]
    Redirect {
        #[command(flatten)]
        domain: Bound,
        /// Where requests by the other scheme are sent
        to: To,
    },
    /// Have browsers use HTTPS only (HSTS), or show no more that they must
    Hsts(Hsts),
    /// Say which web pages of others may read the website
    #[command(after_help = "Examples:
  mpcloud hosting domain cors www.example.com --origin https://a.example.com --space ID
  mpcloud hosting domain cors www.example.com --origin '*' --space ID
  mpcloud hosting domain cors www.example.com --off --space ID")]
    Cors(Cors),
}

/// Names a domain.
#[derive(Debug, Args)]
pub struct Named {
    /// The domain
    pub domain: String,
    /// The space's id
    #[arg(long, value_name = "ID")]
    pub space: String,
}

/// Names a domain that is bound, and what it leads to.
#[derive(Debug, Args)]
pub struct Bound {
    #[command(flatten)]
    pub named: Named,
    /// What it leads to
    #[arg(long, value_enum, default_value_t = Service::Site)]
    pub service: Service,
}

/// Names what domains lead to.
#[derive(Debug, Args)]
pub struct Listed {
    /// The space's id
    #[arg(long, value_name = "ID")]
    space: String,
    /// What they lead to
    #[arg(long, value_enum, default_value_t = Service::Site)]
    service: Service,
}

/// What a domain leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Service {
    /// The website
    Site,
    /// The HTTP triggers of functions
    Http,
}

impl Service {
    /// What actions call it.
    pub fn parameter(self) -> &'static str {
        match self {
            Self::Site => "hosting",
            Self::Http => "functions",
        }
    }
}

/// `mpcloud hosting domain hsts`.
#[derive(Debug, Args)]
#[command(after_help = "Browsers that have seen it refuse HTTP for that long, also when there is no certificate any more:
begin with an hour. 0 has them forget it. --preload asks browsers to ship the domain in their lists,
which takes months to undo.

Examples:
  mpcloud hosting domain hsts www.example.com --max-age 3600 --space ID
  mpcloud hosting domain hsts example.com --max-age 31536000 --include-subdomains --space ID
  mpcloud hosting domain hsts www.example.com --off --space ID")]
pub struct Hsts {
    #[command(flatten)]
    domain: Bound,
    /// For how long, in seconds
    #[arg(long, value_name = "SECONDS", required_unless_present = "off")]
    max_age: Option<u64>,
    /// For all names below the domain too
    #[arg(long)]
    include_subdomains: bool,
    /// Allow browsers to have it in their lists
    #[arg(long, requires = "include_subdomains")]
    preload: bool,
    /// Send nothing
    #[arg(long, conflicts_with_all = ["max_age", "include_subdomains", "preload"])]
    off: bool,
}

/// `mpcloud hosting domain verify`.
#[derive(Debug, Args)]
#[command(after_help = "Without --dns and --file it prints what to set; with one of them it looks whether that was done.

Examples:
  mpcloud hosting domain verify example.com --space ID
  mpcloud hosting domain verify example.com --dns --space ID")]
pub struct Verify {
    #[command(flatten)]
    domain: Named,
    /// Look for the TXT record
    #[arg(long, conflicts_with = "file")]
    dns: bool,
    /// Look for the file
    #[arg(long)]
    file: bool,
}

/// `mpcloud hosting domain cors`.
#[derive(Debug, Args)]
pub struct Cors {
    #[command(flatten)]
    domain: Bound,
    /// An origin whose scripts may read answers, or `*`; may be given several times
    #[arg(long, value_name = "ORIGIN", required_unless_present = "off")]
    origin: Vec<String>,
    /// Let nobody's scripts read answers
    #[arg(long, conflicts_with = "origin")]
    off: bool,
}

/// Where requests are sent.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum To {
    /// Nowhere.
    Off,
    /// To HTTP.
    Http,
    /// To HTTPS.
    Https,
}

impl Command {
    pub fn run(self, options: &Options) -> Result<(), Failure> {
        let output = options.output();
        match self {
            Self::Add(Bound { named: Named { domain, space }, service }) => {
                let of = [("SpaceId", space.as_str()), ("Service", service.parameter()), ("CustomDomain", &domain)];
                let bound = options.client()?.call("BindWebHostingCustomDomain", &of)?;
                let [domain, shown, cname] = ["Domain", "DisplayName", "Cname"].map(|key| text(&bound, &[key]));
                output.result(&json!({"domain": domain, "displayName": shown, "cname": cname}), || {
                    let also = if shown == domain { String::new() } else { format!(" ({shown})") };
                    format!(
                        "bound {domain}{also}\nHave it lead to this server: a CNAME record with the value {cname}, or the server's address."
                    )
                })
            }
            Self::Verify(verify) => verify.run(options),
            Self::List(Listed { space, service }) => {
                let of = [("SpaceId", space.as_str()), ("Service", service.parameter())];
                let reply = options.client()?.call("ListWebHostingCustomDomains", &of)?;
                let all = reply.get("Data").and_then(Value::as_array).cloned().unwrap_or_default();
                output.result(&json!({"domains": all.iter().cloned().map(camel).collect::<Vec<_>>()}), || {
                    let row = |item: &Value| {
                        let of = |key: &str| text(item, &[key]);
                        let [domain, status, certificate, redirect, cname, problem] =
                            ["Domain", "Status", "CertificateStatus", "ForceRedirectType", "Cname", "Description"].map(of);
                        vec![domain, status, certificate, redirect, hsts(item), cname, problem]
                    };
                    let names = ["DOMAIN", "STATUS", "CERTIFICATE", "REDIRECT", "HSTS", "CNAME", "PROBLEM"];
                    table(&names, &all.iter().map(row).collect::<Vec<_>>())
                })
            }
            Self::Rm(Bound { named: Named { domain, space }, service }) => {
                let of = [("SpaceId", space.as_str()), ("Service", service.parameter()), ("CustomDomain", &domain)];
                options.client()?.call("UnbindWebHostingCustomDomain", &of)?;
                output.result(&json!({"domain": domain}), || format!("unbound {domain}"))
            }
            Self::Redirect { domain: Bound { named: Named { domain, space }, service }, to } => {
                let to = match to {
                    To::Off => "off",
                    To::Http => "http",
                    To::Https => "https",
                };
                let parameters =
                    [("SpaceId", space.as_str()), ("Service", service.parameter()), ("DomainName", &domain), ("ForceRedirectType", to)];
                options.client()?.call("SaveWebHostingCustomDomainConfig", &parameters)?;
                output.result(&json!({"domain": domain, "redirect": to}), || format!("redirection of {domain}: {to}"))
            }
            Self::Hsts(hsts) => hsts.run(options),
            Self::Cors(cors) => cors.run(options),
        }
    }
}

impl Verify {
    fn run(self, options: &Options) -> Result<(), Failure> {
        let (client, output) = (options.client()?, options.output());
        let Named { domain, space } = self.domain;
        if self.dns || self.file {
            let kind = if self.dns { "dnsCheck" } else { "fileCheck" };
            client.call("VerifyWebHostingDomainOwner", &[("SpaceId", &space), ("Domain", &domain), ("VerifyType", kind)])?;
            return output.result(&json!({"domain": domain, "verified": true}), || format!("{domain} is known to be yours"));
        }
        let reply = client.call("GetWebHostingDomainVerificationContent", &[("SpaceId", &space), ("Domain", &domain)])?;
        let (domain, content) = (text(&reply, &["Data", "Domain"]), text(&reply, &["Data", "Content"]));
        let record = format!("verification.{domain}");
        let url = format!("http://{domain}/verification.html");
        output.result(&json!({"domain": domain, "content": content, "record": record, "url": url}), || {
            format!(
                "Set a TXT record:\n  {record}  TXT  {content}\nand run `mpcloud hosting domain verify {domain} --dns --space {space}`,\nor have {url} hold\n  {content}\nand run it with --file."
            )
        })
    }
}

impl Hsts {
    fn run(self, options: &Options) -> Result<(), Failure> {
        let Bound { named: Named { domain, space }, service } = self.domain;
        let seconds = self.max_age.map(|seconds| seconds.to_string());
        let (all, preload) = (self.include_subdomains.to_string(), self.preload.to_string());
        let mut parameters = vec![
            ("SpaceId", space.as_str()),
            ("Service", service.parameter()),
            ("DomainName", &domain),
            ("IncludeSubDomains", &all),
            ("Preload", &preload),
        ];
        parameters.extend(seconds.as_deref().map(|seconds| ("MaxAge", seconds)));
        options.client()?.call("SaveWebHostingCustomDomainHstsConfig", &parameters)?;
        let shown = json!({"HstsMaxAge": self.max_age, "HstsIncludeSubDomains": self.include_subdomains, "HstsPreload": self.preload});
        let mut result = camel(shown.clone());
        result["domain"] = domain.as_str().into();
        options.output().result(&result, || format!("HSTS of {domain}: {}", hsts(&shown)))
    }
}

/// HSTS of a domain as it is listed.
fn hsts(item: &Value) -> String {
    let Some(seconds) = item.get("HstsMaxAge").and_then(Value::as_u64) else { return "off".to_owned() };
    let set = |key: &str| item.get(key).and_then(Value::as_bool).unwrap_or_default();
    let mut shown = seconds.to_string();
    for (key, name) in [("HstsIncludeSubDomains", "subdomains"), ("HstsPreload", "preload")] {
        if set(key) {
            shown = format!("{shown} {name}");
        }
    }
    shown
}

impl Cors {
    fn run(self, options: &Options) -> Result<(), Failure> {
        let Bound { named: Named { domain, space }, service } = self.domain;
        let origins = self.origin.join(",");
        let enabled = (!self.off).to_string();
        let parameters = [
            ("SpaceId", space.as_str()),
            ("Service", service.parameter()),
            ("DomainName", &domain),
            ("EnableCors", &enabled),
            ("AccessOriginControl", &enabled),
            ("AccessControlAllowOrigin", &origins),
        ];
        options.client()?.call("SaveWebHostingCustomDomainCorsConfig", &parameters)?;
        options.output().result(&json!({"domain": domain, "origins": self.origin}), || {
            if self.off { format!("CORS of {domain}: off") } else { format!("CORS of {domain}: {origins}") }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hsts_is_shown_with_how_far_it_reaches() {
        assert_eq!(hsts(&json!({"HstsMaxAge": null})), "off");
        assert_eq!(hsts(&json!({"HstsMaxAge": 0, "HstsPreload": false})), "0");
        assert_eq!(hsts(&json!({"HstsMaxAge": 60, "HstsIncludeSubDomains": true, "HstsPreload": true})), "60 subdomains preload");
    }
}
