//! `mpcloud analytics`.

mod app;
mod days;
mod export;
mod report;

use clap::{Args, Subcommand};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use self::app::App;
use self::export::Export;
use self::report::Report;
use super::client::Client;
use super::output::{table, text};
use super::{Failure, Options};

/// The commands on the statistics of mini programs.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Create and manage the applications that are counted
    #[command(subcommand)]
    App(App),
    /// Show a report
    #[command(subcommand)]
    Report(Box<Report>),
    /// List the channels that users came by
    #[command(after_help = "Example:\n  mpcloud analytics channels --app KEY --space ID")]
    Channels {
        #[command(flatten)]
        target: Target,
    },
    /// Download the raw events as Parquet files
    Export(Export),
}

/// Names an application.
#[derive(Clone, Debug, Args)]
pub struct Target {
    /// The application's AppKey
    #[arg(long, value_name = "KEY")]
    app: String,
    /// The space's id
    #[arg(long, value_name = "ID")]
    space: String,
}

impl Command {
    pub fn run(self, options: &Options) -> Result<(), Failure> {
        match self {
            Self::App(app) => app.run(options),
            Self::Report(report) => report.run(options),
            Self::Channels { target } => {
                let params = json!({"appKey": target.app});
                let reply = ask(&options.client()?, &target.space, "analytics.channels", &params)?;
                options.output().result(&reply.raw, || {
                    let name = |channel: &Value| vec![channel.as_str().map(named).unwrap_or_default()];
                    table(&["CHANNEL"], &list(&reply.value, "channels").iter().map(name).collect::<Vec<_>>())
                })
            }
            Self::Export(export) => export.run(options),
        }
    }
}

/// What a method answered.
struct Answer {
    value: Value,
    /// The same as it came, with the keys in their order.
    raw: Box<RawValue>,
}

/// Calls a method of the analytics service in a space.
fn ask(client: &Client, space: &str, method: &str, params: &Value) -> Result<Answer, Failure> {
    let parameters = [("Method", method), ("Params", &params.to_string()), ("SpaceId", space)];
    let reply = client.call("CallMethod", &parameters).map_err(|failure| match failure.code() {
        "InvalidAppKey.NotFound" => failure.advise(format!("List the applications with `mpcloud analytics app list --space {space}`.")),
        "InvalidMethod.Format" => failure.advise("Is the plugin `analytics` loaded? See `mpcloud plugin list`."),
        _ => failure,
    })?;
    let text = text(&reply, &["Result"]);
    let not_json = |e: serde_json::Error| Failure::new(format!("the server's answer is not JSON: {e}"));
    Ok(Answer { value: serde_json::from_str(&text).map_err(not_json)?, raw: serde_json::from_str(&text).map_err(not_json)? })
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// How people see and name the channel of users that came by none, whose name is empty.
const NO_CHANNEL: &str = "(none)";

/// A channel's name as people see it.
fn named(channel: &str) -> String {
    if channel.is_empty() { NO_CHANNEL.to_owned() } else { channel.to_owned() }
}
