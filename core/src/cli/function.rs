//! `mpcloud function`.

use std::io::{IsTerminal as _, Read, stderr};
use std::path::PathBuf;
use std::thread::sleep;
use std::time::{Duration, Instant};

use clap::{Args, Subcommand};
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::call::parse_json;
use super::client::Client;
use super::logs::Logs;
use super::output::{camel, complain, table, text};
use super::{Failure, Options, package};

/// How long a deployment may take to become the active one.
const DEPLOY_TIMEOUT: Duration = Duration::from_secs(60);

/// From this size on an upload shows how far it is, in bytes.
const SHOW_PROGRESS: u64 = 1 << 20;

/// The commands on functions.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Upload a folder or zip file with an index.js, and make it the active version
    Deploy(Deploy),
    /// List a space's functions
    List(Space),
    /// Show a function
    Show(Named),
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
    /// Delete a function
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

/// `mpcloud function deploy`.
#[derive(Debug, Args)]
#[command(after_help = "The function is made when the space has none of this name. `.git` and `.DS_Store` are left out of
the package.

Examples:
  mpcloud function deploy ./hello --space ID
  mpcloud function deploy hello.zip --space ID --name greet --timeout 10 --memory 512")]
pub struct Deploy {
    /// A folder with an index.js, or a zip file of one
    path: PathBuf,
    #[command(flatten)]
    space: Space,
    /// The function's name; that of the folder or file by default
    #[arg(long)]
    name: Option<String>,
    /// How long a call may take, in seconds
    #[arg(long, value_name = "SECONDS")]
    timeout: Option<u32>,
    /// How much memory it may use, in megabytes
    #[arg(long, value_name = "MB")]
    memory: Option<u32>,
}

#[derive(Serialize)]
struct Deployed<'a> {
    name: &'a str,
    #[serde(rename = "deploymentId")]
    id: &'a str,
    bytes: usize,
}

impl Deploy {
    fn run(&self, options: &Options) -> Result<(), Failure> {
        let client = options.client()?;
        let name = match &self.name {
            Some(name) => name.clone(),
            None => package::default_name(&self.path)?,
        };
        let package = package::read(&self.path)?;
        self.make(&client, &name)?;
        let space = self.space.space.as_str();
        let of_function = [("SpaceId", space), ("Name", name.as_str())];
        let reply = client.call("CreateFunctionDeployment", &of_function)?;
        let id = text(&reply, &["DeploymentId"]);
        let reader = Progress { read: 0, shown: 0, bytes: &package };
        client.put(&text(&reply, &["UploadSignedUrl"]), package.len() as u64, reader)?;
        client.call("DeployFunction", &[("SpaceId", space), ("DeploymentId", &id)])?;
        wait(&client, &of_function, &id)?;
        let deployed = Deployed { name: &name, id: &id, bytes: package.len() };
        options.output().result(&deployed, || format!("deployed {name}\nTry it: mpcloud function invoke {name} --space {space}"))
    }

    /// Makes the function where it does not exist, and gives it the limits that were asked for.
    fn make(&self, client: &Client, name: &str) -> Result<(), Failure> {
        let (timeout, memory) = (self.timeout.map(|n| n.to_string()), self.memory.map(|n| n.to_string()));
        let mut parameters = vec![("SpaceId", self.space.space.as_str()), ("Name", name)];
        let exists = match client.call("DescribeFunction", &parameters) {
            Ok(_) => true,
            Err(failure) if failure.code().ends_with("NotFound") && !failure.code().starts_with("InvalidSpace") => false,
            Err(failure) => return Err(failure),
        };
        parameters.extend(timeout.as_deref().map(|timeout| ("Timeout", timeout)));
        parameters.extend(memory.as_deref().map(|memory| ("Memory", memory)));
        match (exists, parameters.len()) {
            (true, 2) => Ok(()),
            (true, _) => client.call("UpdateFunction", &parameters).map(drop),
            (false, _) => client.call("CreateFunction", &parameters).map(drop),
        }
    }
}

/// Waits until a deployment is the active one.
fn wait(client: &Client, of_function: &[(&str, &str)], id: &str) -> Result<(), Failure> {
    let deadline = Instant::now() + DEPLOY_TIMEOUT;
    while text(&client.call("DescribeFunction", of_function)?, &["Deployment", "DeploymentId"]) != id {
        if Instant::now() > deadline {
            let message = format!("the deployment {id} did not become active within {} seconds", DEPLOY_TIMEOUT.as_secs());
            return Err(Failure::new(message).advise("Look at the server's log."));
        }
        sleep(Duration::from_millis(200));
    }
    Ok(())
}

/// Reads a package, and says how far the upload is.
struct Progress<'a> {
    bytes: &'a [u8],
    read: usize,
    /// The percentage that was shown last.
    shown: usize,
}

impl Read for Progress<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let mut rest = self.bytes.get(self.read..).unwrap_or_default();
        let count = rest.read(buffer)?;
        self.read += count;
        let percent = (self.read * 100).checked_div(self.bytes.len()).unwrap_or(100);
        if self.bytes.len() as u64 >= SHOW_PROGRESS && stderr().is_terminal() && percent / 10 > self.shown / 10 {
            self.shown = percent;
            complain(&format!("uploaded {percent} % of {} KB", self.bytes.len() / 1000));
        }
        Ok(count)
    }
}

impl Command {
    pub fn run(self, options: &Options) -> Result<(), Failure> {
        let output = options.output();
        match self {
            Self::Deploy(deploy) => deploy.run(options),
            Self::Logs(logs) => logs.run(options),
            Self::List(Space { space }) => {
                let functions = all(&options.client()?, &space)?;
                output.result(&json!({"functions": functions.iter().cloned().map(camel).collect::<Vec<_>>()}), || {
                    let row = |function: &Value| {
                        let paths: [&[&str]; 5] =
                            [&["Name"], &["Spec", "Runtime"], &["Spec", "Timeout"], &["Spec", "Memory"], &["ModifiedAt"]];
                        paths.map(|path| text(function, path)).to_vec()
                    };
                    table(&["NAME", "RUNTIME", "TIMEOUT", "MEMORY", "MODIFIED"], &functions.iter().map(row).collect::<Vec<_>>())
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

/// Every function of a space, page by page. Pages of functions count from 1, those of spaces from 0.
fn all(client: &Client, space: &str) -> Result<Vec<Value>, Failure> {
    let mut all = Vec::new();
    for page in 1.. {
        let reply = client.call("ListFunction", &[("SpaceId", space), ("PageNum", &page.to_string()), ("PageSize", "100")])?;
        let functions = reply.get("DataList").and_then(Value::as_array).cloned().unwrap_or_default();
        let total = reply.get("Paginator").and_then(|p| p.get("Total")).and_then(Value::as_u64);
        let none = functions.is_empty();
        all.extend(functions);
        if none || total.is_none_or(|total| all.len() as u64 >= total) {
            break;
        }
    }
    Ok(all)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn progress_hands_over_every_byte() {
        let bytes: Vec<u8> = (0..=255).cycle().take(3_000_000).collect();
        let mut read = Vec::new();
        Progress { bytes: &bytes, read: 0, shown: 0 }.read_to_end(&mut read).unwrap();
        assert_eq!(read, bytes);
    }
}
