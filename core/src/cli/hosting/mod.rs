//! `mpcloud hosting`.

mod cert;
mod config;
mod deploy;
mod domain;
mod files;
mod folder;
mod releases;

use clap::{Args, Subcommand};
use serde_json::json;

use self::config::Config;
use self::deploy::Deploy;
use self::releases::Rollback;
use super::client::Client;
use super::output::text;
use super::progress::Progress;
use super::{Failure, Options};

/// The commands on websites.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Open website hosting in a space
    #[command(after_help = "Example:\n  mpcloud hosting enable --space ID")]
    Enable(Space),
    /// Make a folder the website of a space: only what changed is uploaded, and visitors see it all at once
    Deploy(Deploy),
    /// List the releases that can be gone back to; the first one is what visitors see
    #[command(after_help = "Example:\n  mpcloud hosting releases --space ID")]
    Releases(Space),
    /// Go back to an older release
    Rollback(Rollback),
    /// Show or change a website's settings
    Config(Config),
    /// List, upload or delete single files
    #[command(subcommand)]
    Files(files::Command),
    /// Bind domains, and show that they are yours
    #[command(subcommand)]
    Domain(domain::Command),
    /// Use certificates of your own, or see those that the server orders
    #[command(subcommand)]
    Cert(cert::Command),
}

/// Names a space.
#[derive(Debug, Args)]
pub struct Space {
    /// The space's id
    #[arg(long, value_name = "ID")]
    pub space: String,
}

impl Command {
    pub fn run(self, options: &Options) -> Result<(), Failure> {
        match self {
            Self::Enable(Space { space }) => {
                let client = options.client()?;
                client.call("OpenWebHostingService", &[("SpaceId", &space)])?;
                let url = address(&client, &space)?;
                options.output().result(&json!({"space": space, "url": url}), || {
                    format!("the website of {space} is at {url}\nDeploy a folder with `mpcloud hosting deploy DIR --space {space}`.")
                })
            }
            Self::Deploy(deploy) => deploy.run(options),
            Self::Releases(Space { space }) => releases::list(&space, options),
            Self::Rollback(rollback) => rollback.run(options),
            Self::Config(config) => config.run(options),
            Self::Files(command) => command.run(options),
            Self::Domain(command) => command.run(options),
            Self::Cert(command) => command.run(options),
        }
    }
}

/// The address of a space's website.
fn address(client: &Client, space: &str) -> Result<String, Failure> {
    let reply = client.call("GetWebHostingConfig", &[("SpaceId", space)])?;
    Ok(format!("{}://{}/", client.scheme(), text(&reply, &["Data", "DefaultDomain"])))
}
