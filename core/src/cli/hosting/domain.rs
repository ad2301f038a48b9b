//! `mpcloud hosting domain`.

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};

use super::super::output::{camel, table, text};
use super::super::{Failure, Options};
use super::Space;

/// The commands on custom domains.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Bind a domain to the website of a space
    #[command(after_help = "The domain must be shown to be yours once: see `mpcloud hosting domain verify`.

Example:
  mpcloud hosting domain add www.example.com --space ID
  mpcloud hosting domain add bücher.example --space ID")]
    Add(Named),
    /// Show that a domain is yours, by a TXT record or a file
    Verify(Verify),
    /// List a space's domains
    #[command(after_help = "Example:\n  mpcloud hosting domain list --space ID")]
    List(Space),
    /// Unbind a domain; its certificate goes with it
    #[command(after_help = "Example:\n  mpcloud hosting domain rm www.example.com --space ID")]
    Rm(Named),
    /// Send HTTP requests to HTTPS, or HTTPS requests to HTTP
    #[command(after_help = "Example:\n  mpcloud hosting domain redirect www.example.com https --space ID")]
    Redirect {
        #[command(flatten)]
        domain: Named,
        /// Where requests by the other scheme are sent
        to: To,
    },
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
    domain: Named,
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
            Self::Add(Named { domain, space }) => {
                let bound = options.client()?.call("BindWebHostingCustomDomain", &[("SpaceId", &space), ("CustomDomain", &domain)])?;
                let [domain, shown, cname] = ["Domain", "DisplayName", "Cname"].map(|key| text(&bound, &[key]));
                output.result(&json!({"domain": domain, "displayName": shown, "cname": cname}), || {
                    let also = if shown == domain { String::new() } else { format!(" ({shown})") };
                    format!(
                        "bound {domain}{also}\nHave it lead to this server: a CNAME record with the value {cname}, or the server's address."
                    )
                })
            }
            Self::Verify(verify) => verify.run(options),
            Self::List(Space { space }) => {
                let reply = options.client()?.call("ListWebHostingCustomDomains", &[("SpaceId", &space)])?;
                let all = reply.get("Data").and_then(Value::as_array).cloned().unwrap_or_default();
                output.result(&json!({"domains": all.iter().cloned().map(camel).collect::<Vec<_>>()}), || {
                    let row = |item: &Value| {
                        ["Domain", "Status", "CertificateStatus", "ForceRedirectType", "Cname", "Description"]
                            .map(|key| text(item, &[key]))
                            .to_vec()
                    };
                    table(&["DOMAIN", "STATUS", "CERTIFICATE", "REDIRECT", "CNAME", "PROBLEM"], &all.iter().map(row).collect::<Vec<_>>())
                })
            }
            Self::Rm(Named { domain, space }) => {
                options.client()?.call("UnbindWebHostingCustomDomain", &[("SpaceId", &space), ("CustomDomain", &domain)])?;
                output.result(&json!({"domain": domain}), || format!("unbound {domain}"))
            }
            Self::Redirect { domain: Named { domain, space }, to } => {
                let to = match to {
                    To::Off => "off",
                    To::Http => "http",
                    To::Https => "https",
                };
                let parameters = [("SpaceId", space.as_str()), ("DomainName", &domain), ("ForceRedirectType", to)];
                options.client()?.call("SaveWebHostingCustomDomainConfig", &parameters)?;
                output.result(&json!({"domain": domain, "redirect": to}), || format!("redirection of {domain}: {to}"))
            }
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

impl Cors {
    fn run(self, options: &Options) -> Result<(), Failure> {
        let Named { domain, space } = self.domain;
        let origins = self.origin.join(",");
        let enabled = (!self.off).to_string();
        let parameters = [
            ("SpaceId", space.as_str()),
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
