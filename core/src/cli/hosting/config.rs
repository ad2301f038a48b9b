//! `mpcloud hosting config`.

use clap::Args;
use serde_json::Value;

use super::{Failure, Options};
use crate::cli::output::{camel, text};

/// `mpcloud hosting config`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  mpcloud hosting config --space ID
  mpcloud hosting config --space ID --error index.html --error-status 200     a single-page app
  mpcloud hosting config --space ID --allowed-ips 10.0.0.0/8,203.0.113.7")]
pub struct Config {
    /// The space's id
    #[arg(long, value_name = "ID")]
    space: String,
    /// What is served for the root and for folders
    #[arg(long, value_name = "PATH")]
    index: Option<String>,
    /// What is served where there is no file; empty for a page of the server's own
    #[arg(long, value_name = "PATH")]
    error: Option<String>,
    /// The status of that: 200, or 400 to 499
    #[arg(long, value_name = "STATUS")]
    error_status: Option<String>,
    /// Who may see the website: addresses and ranges with commas; empty for everybody
    #[arg(long, value_name = "LIST")]
    allowed_ips: Option<String>,
}

impl Config {
    pub fn run(&self, options: &Options) -> Result<(), Failure> {
        let client = options.client()?;
        let mut parameters = vec![("SpaceId", self.space.as_str())];
        for (name, value) in [
            ("IndexPath", &self.index),
            ("ErrorPath", &self.error),
            ("ErrorHttpStatus", &self.error_status),
            ("AllowedIps", &self.allowed_ips),
        ] {
            parameters.extend(value.as_deref().map(|value| (name, value)));
        }
        if parameters.len() > 1 {
            client.call("ModifyWebHostingConfig", &parameters)?;
        }
        let reply = client.call("GetWebHostingConfig", &[("SpaceId", &self.space)])?;
        let settings = reply.get("Data").cloned().ok_or_else(|| Failure::new(format!("the server answered no settings: {reply}")))?;
        options.output().result(&camel(settings.clone()), || shown(&settings))
    }
}

fn shown(settings: &Value) -> String {
    let or = |value: String, otherwise: &str| if value.is_empty() { otherwise.to_owned() } else { value };
    let error = match text(settings, &["ErrorPath"]) {
        path if path.is_empty() => "a page of the server's own".to_owned(),
        path => format!("{path}, status {}", text(settings, &["ErrorHttpStatus"])),
    };
    format!(
        "index document  {}\nerror document  {error}\nallowed         {}\naddress         {}",
        text(settings, &["IndexPath"]),
        or(text(settings, &["AllowedIps"]), "everybody"),
        text(settings, &["DefaultDomain"])
    )
}
