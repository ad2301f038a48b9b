//! `mpcloud hosting`.

mod cert;
mod domain;

use clap::{Args, Subcommand};

use super::{Failure, Options};

/// The commands on websites.
#[derive(Debug, Subcommand)]
pub enum Command {
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
            Self::Domain(command) => command.run(options),
            Self::Cert(command) => command.run(options),
        }
    }
}
