//! `mpcloud call`.

use clap::Args;
use serde_json::value::RawValue;

use super::output::text;
use super::{Failure, Options};

/// Calls any method, as an administrator: no rule of a space restricts it.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  mpcloud call core.plugins
  mpcloud call demo.hello '{\"name\":\"Tom\"}' --space ID")]
pub struct Call {
    /// The method's name
    method: String,
    /// Its parameters
    #[arg(default_value = "{}", value_name = "JSON")]
    params: String,
    /// The space to call it in
    #[arg(long, value_name = "ID")]
    space: Option<String>,
}

impl Call {
    pub fn run(self, options: &Options) -> Result<(), Failure> {
        parse_json("the parameters", &self.params)?;
        let mut parameters = vec![("Method", self.method.as_str()), ("Params", self.params.as_str())];
        parameters.extend(self.space.as_deref().map(|space| ("SpaceId", space)));
        let reply = options.client()?.call("CallMethod", &parameters)?;
        options.output().raw(&text(&reply, &["Result"]))
    }
}

/// Checks JSON from the command line.
///
/// # Errors
/// Wrong usage, with the place.
pub fn parse_json(what: &str, json: &str) -> Result<(), Failure> {
    serde_json::from_str::<&RawValue>(json)
        .map(drop)
        .map_err(|e| Failure::usage(format!("{what} must be JSON: {e}")).advise("Quote it for the shell: '{\"key\":\"value\"}'"))
}
