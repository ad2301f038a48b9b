//! `mpcloud function`.

mod deploy;
mod http;
mod logs;
mod update;
mod versions;

use clap::{Args, Subcommand};
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use self::deploy::Deploy;
use self::logs::Logs;
use self::update::Update;
use self::versions::Rollback;
use super::call::parse_json;
use super::client::Client;
use super::output::{camel, complain, table, text};
use super::{Failure, Options, package};

/// The commands on functions.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Upload a folder or zip file with an index.js, and make it the active version
    Deploy(Deploy),
    /// List a space's functions
    #[command(after_help = "Example:\n  mpcloud function list --space ID")]
    List(Space),
    /// Show a function: its settings, its triggers and its active version
    #[command(after_help = "Example:\n  mpcloud function show hello --space ID")]
    Show(Named),
    /// List a function's deployments; the active one is marked
    #[command(after_help = "Example:\n  mpcloud function versions hello --space ID")]
    Versions(Named),
    /// Make an older version the active one
    Rollback(Rollback),
    /// Change a function's settings, its HTTP trigger or its timer
    Update(Update),
    /// Run a function and print what it returns
    #[command(after_help = "Example:\n  mpcloud function invoke hello '{\"name\":\"Tom\"}' --space ID")]
    Invoke {
        #[command(flatten)]
        function: Named,
        /// What the function finds in `ctx.args`
        #[arg(default_value = "{}", value_name = "ARGS_JSON")]
        args: String,
    },
    /// Print a function's log
    Logs(Logs),
    /// Switch a space's HTTP triggers on or off, or show their addresses
    #[command(subcommand)]
    Http(http::Command),
    /// Delete a function, its packages and its log
    #[command(after_help = "Example:\n  mpcloud function delete hello --space ID")]
    Delete(Named),
}

/// Names a space.
#[derive(Debug, Args)]
pub struct Space {
    /// The space's id
    #[arg(long, value_name = "ID")]
    pub space: String,
}

/// Names a function.
#[derive(Debug, Args)]
pub struct Named {
    /// The function's name
    pub name: String,
    /// The space's id
    #[arg(long, value_name = "ID")]
    pub space: String,
}

impl Command {
    pub fn run(self, options: &Options) -> Result<(), Failure> {
        let output = options.output();
        match self {
            Self::Deploy(deploy) => deploy.run(options),
            Self::Logs(logs) => logs.run(options),
            Self::Versions(named) => versions::list(&named, options),
            Self::Rollback(rollback) => rollback.run(options),
            Self::Update(update) => update.run(options),
            Self::Http(command) => command.run(options),
            Self::List(Space { space }) => {
                let functions = options.client()?.all("ListFunction", &[("SpaceId", &space)])?;
                output.result(&json!({"functions": functions.iter().cloned().map(camel).collect::<Vec<_>>()}), || {
                    let row = |function: &Value| {
                        let paths: [&[&str]; 7] = [
                            &["Name"],
                            &["Spec", "Runtime"],
                            &["Spec", "Timeout"],
                            &["Spec", "Memory"],
                            &["HttpTriggerPath"],
                            &["TimingTriggerConfig"],
                            &["ModifiedAt"],
                        ];
                        paths.map(|path| text(function, path)).to_vec()
                    };
                    table(
                        &["NAME", "RUNTIME", "TIMEOUT", "MEMORY", "HTTP", "TIMER", "MODIFIED"],
                        &functions.iter().map(row).collect::<Vec<_>>(),
                    )
                })
            }
            Self::Show(Named { name, space }) => {
                let mut reply = options.client()?.call("DescribeFunction", &[("SpaceId", &space), ("Name", &name)])?;
                if let Some(map) = reply.as_object_mut() {
                    map.remove("RequestId");
                }
                let shown = camel(reply);
                output.result(&shown, || serde_json::to_string_pretty(&shown).unwrap_or_default())
            }
            Self::Invoke { function: Named { name, space }, args } => {
                parse_json("the arguments", &args)?;
                let target = serde_json::to_string(&name).map_err(|e| Failure::new(e.to_string()))?;
                let body = format!(r#"{{"functionTarget":{target},"functionArgs":{args}}}"#);
                let reply = options.client()?.call("RunFunction", &[("SpaceId", &space), ("Body", &body)])?;
                invoked(&reply, options)
            }
            Self::Delete(Named { name, space }) => {
                options.client()?.call("DeleteFunction", &[("SpaceId", &space), ("Name", &name)])?;
                output.result(&json!({"name": name}), || format!("deleted {name}"))
            }
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Invoked {
    result: Box<RawValue>,
    runtime_meta: Value,
}

fn invoked(reply: &Value, options: &Options) -> Result<(), Failure> {
    // A function that returns nothing has no result.
    let result = Some(text(reply, &["Result"])).filter(|text| !text.is_empty()).unwrap_or_else(|| "null".to_owned());
    if !options.json {
        return options.output().raw(&result);
    }
    let result = RawValue::from_string(result).map_err(|e| Failure::new(format!("the server's answer is not JSON: {e}")))?;
    let runtime_meta = camel(reply.get("RuntimeMeta").cloned().unwrap_or_default());
    options.output().result(&Invoked { result, runtime_meta }, String::new)
}
