//! `mpcloud function http`.

use clap::Subcommand;
use serde_json::{Value, json};

use super::{Client, Failure, Options, Space, table, text};

/// The commands on a space's HTTP triggers.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Have requests run the space's functions that have a path
    #[command(after_help = "Everybody who knows an address may call it: a function checks by itself who calls.

Example:
  mpcloud function update hello --space ID --http-path /http/hello
  mpcloud function http on --space ID
  curl \"$(mpcloud function http show --space ID --json | jq -r '.functions[0].url')\"")]
    On(Space),
    /// Answer no more requests for the space's functions
    #[command(after_help = "Example:\n  mpcloud function http off --space ID")]
    Off(Space),
    /// Show whether they are on, and the addresses of the space's functions
    #[command(after_help = "Example:\n  mpcloud function http show --space ID")]
    Show(Space),
}

impl Command {
    pub fn run(self, options: &Options) -> Result<(), Failure> {
        let client = options.client()?;
        let (space, reply) = match self {
            Self::On(Space { space }) => (space.clone(), switch(&client, &space, "true")?),
            Self::Off(Space { space }) => (space.clone(), switch(&client, &space, "false")?),
            Self::Show(Space { space }) => (space.clone(), client.call("DescribeHttpTriggerConfig", &[("SpaceId", &space)])?),
        };
        let on = reply.get("EnableService").and_then(Value::as_bool).unwrap_or_default();
        let endpoint = text(&reply, &["DefaultEndpoint"]);
        let base = format!("{}://{endpoint}", client.scheme());
        let functions: Vec<Value> = client
            .all("ListFunction", &[("SpaceId", &space)])?
            .iter()
            .map(|function| (text(function, &["Name"]), text(function, &["HttpTriggerPath"])))
            .filter(|(_, path)| !path.is_empty())
            .map(|(name, path)| json!({"name": name, "path": path, "url": format!("{base}{path}")}))
            .collect();
        let shown = json!({"enabled": on, "defaultEndpoint": endpoint, "url": base, "functions": functions});
        options.output().result(&shown, || {
            let state = format!("HTTP triggers are {}, at {base}", if on { "on" } else { "off" });
            if functions.is_empty() {
                return format!(
                    "{state}\nNo function has a path; give it one with `mpcloud function update NAME --space {space} --http-path /http/…`"
                );
            }
            let rows: Vec<_> = functions.iter().map(|function| vec![text(function, &["name"]), text(function, &["url"])]).collect();
            format!("{state}\n{}", table(&["FUNCTION", "URL"], &rows))
        })
    }
}

fn switch(client: &Client, space: &str, on: &str) -> Result<Value, Failure> {
    client.call("UpdateHttpTriggerConfig", &[("SpaceId", space), ("EnableService", on)])
}
