//! `mpcloud function deploy`.

use std::io::{IsTerminal as _, Read, stderr};
use std::path::PathBuf;
use std::thread::sleep;
use std::time::{Duration, Instant};

use clap::Args;
use serde::Serialize;

use super::{Client, Failure, Options, Space, complain, package, text};

/// How long a deployment may take to become the active one.
const DEPLOY_TIMEOUT: Duration = Duration::from_secs(60);

/// From this size on an upload shows how far it is, in bytes.
const SHOW_PROGRESS: u64 = 1 << 20;

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
    pub fn run(&self, options: &Options) -> Result<(), Failure> {
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
pub fn wait(client: &Client, of_function: &[(&str, &str)], id: &str) -> Result<(), Failure> {
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
