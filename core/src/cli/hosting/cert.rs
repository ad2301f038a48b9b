//! `mpcloud hosting cert`.

use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::super::output::{camel, text};
use super::super::{Failure, Options};
use super::domain::{Bound, Named};
use crate::management::timestamp;

/// The commands on certificates of custom domains.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Use a certificate of your own for a domain
    Attach(Attach),
    /// Show a domain's certificate
    #[command(after_help = "Example:\n  mpcloud hosting cert show www.example.com --space ID")]
    Show(Bound),
    /// Remove a domain's certificate; the server orders one if it is set up to
    #[command(after_help = "Example:\n  mpcloud hosting cert rm www.example.com --space ID")]
    Rm(Bound),
    /// Have the server order a new certificate now
    #[command(after_help = "Example:\n  mpcloud hosting cert renew www.example.com --space ID")]
    Renew(Bound),
}

/// `mpcloud hosting cert attach`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  mpcloud hosting cert attach www.example.com --cert fullchain.pem --key privkey.pem --space ID")]
pub struct Attach {
    #[command(flatten)]
    domain: Bound,
    /// A file of the certificate and those that lead to its authority (PEM)
    #[arg(long, value_name = "FILE")]
    cert: PathBuf,
    /// A file of its private key (PEM)
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// A name for it [default: the domain]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
}

impl Command {
    pub fn run(self, options: &Options) -> Result<(), Failure> {
        let output = options.output();
        match self {
            Self::Attach(attach) => attach.run(options),
            Self::Show(bound) => show(&bound, options),
            Self::Rm(Bound { named: Named { domain, space }, service }) => {
                let of = [("SpaceId", space.as_str()), ("Service", service.parameter()), ("Domain", &domain)];
                options.client()?.call("DeleteWebHostingCertificate", &of)?;
                output.result(&json!({"domain": domain}), || format!("removed the certificate of {domain}"))
            }
            Self::Renew(Bound { named: Named { domain, space }, service }) => {
                let of = [("SpaceId", space.as_str()), ("Service", service.parameter()), ("Domain", &domain)];
                options.client()?.call("RenewWebHostingCertificate", &of)?;
                output.result(&json!({"domain": domain}), || format!("a new certificate of {domain} is being ordered"))
            }
        }
    }
}

impl Attach {
    fn run(&self, options: &Options) -> Result<(), Failure> {
        let Bound { named: Named { domain, space }, service } = &self.domain;
        let (chain, key) = (read(&self.cert)?, read(&self.key)?);
        let parameters = [
            ("SpaceId", space.as_str()),
            ("Service", service.parameter()),
            ("Domain", domain),
            ("CertName", self.name.as_deref().unwrap_or_default()),
            ("CertType", "upload"),
            ("ServerCertificate", &chain),
            ("PrivateKey", &key),
        ];
        options.client()?.call("AttachWebHostingCertificate", &parameters)?;
        show(&self.domain, options)
    }
}

fn read(file: &Path) -> Result<String, Failure> {
    fs::read_to_string(file).map_err(|e| Failure::new(format!("{}: {e}", file.display())))
}

fn show(Bound { named: Named { domain, space }, service }: &Bound, options: &Options) -> Result<(), Failure> {
    let of = [("SpaceId", space.as_str()), ("Service", service.parameter()), ("CustomDomain", domain)];
    let reply = options.client()?.call("GetWebHostingCertificateDetail", &of)?;
    let data = reply.get("Data").cloned().unwrap_or_default();
    options.output().result(&camel(data.clone()), || shown(domain, &data))
}

fn shown(domain: &str, data: &Value) -> String {
    let mut lines = vec![("domain", domain.to_owned()), ("status", text(data, &["Status"]))];
    let time = |key: &str| data.get(key).and_then(Value::as_i64).filter(|time| *time > 0).map(timestamp::format).unwrap_or_default();
    for (name, value) in [
        ("names", text(data, &["CertDomainName"])),
        ("name", text(data, &["CertName"])),
        ("type", text(data, &["CertType"])),
        ("issuer", text(data, &["Issuer"])),
        ("from", time("CertStartTime")),
        ("until", time("CertExpiredTime")),
        ("renewal", time("RenewTime")),
        ("problem", text(data, &["Description"])),
    ] {
        if !value.is_empty() {
            lines.push((name, value));
        }
    }
    lines.iter().map(|(name, value)| format!("{name:<8} {value}")).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_without_certificate_shows_why() {
        let data = json!({"Status": "failed", "CertName": "", "CertExpiredTime": 0, "Description": "the domain leads elsewhere"});
        assert_eq!(shown("a.com", &data), "domain   a.com\nstatus   failed\nproblem  the domain leads elsewhere");
    }
}
