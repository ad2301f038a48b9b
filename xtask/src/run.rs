//! `cargo xtask run`: a cloud to try out, from nothing but a checkout.

use std::fs::OpenOptions;
use std::io::{BufRead, BufReader, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use serde_json::Value;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::cargo::{artefacts, cargo, root};
use crate::engine::Build;
use crate::step::{output, succeed};
use crate::{EngineOption, Result, prerequisites};

/// The space that is there to play with.
const SPACE: &str = "demo";
const READY: Duration = Duration::from_secs(60);

#[derive(clap::Args)]
pub struct Run {
    #[command(flatten)]
    engine: EngineOption,
    /// Where to listen; port 0 picks a free one
    #[arg(long, default_value = "127.0.0.1:8520")]
    listen: String,
    /// Where data is kept
    #[arg(long, default_value = "data")]
    data: PathBuf,
}

impl Run {
    pub fn run(self) -> Result {
        // From here on, Ctrl-C reaches the server, which ends by itself, and then we do.
        let mut signals = Signals::new([SIGINT, SIGTERM])?;
        prerequisites::for_building()?;
        let build = Build::choose(self.engine.engine)?;
        prerequisites::for_engine(&build)?;
        let mut building = cargo(&build, &["build"])?.spawn()?;
        let interrupted = signals.handle();
        if !building.wait()?.success() {
            return Err("the build failed".into());
        }
        if signals.pending().next().is_some() {
            return Ok(());
        }
        let data = root().join(&self.data);
        let mut server = Server::start(&data, &self.listen)?;
        let space = server.demo_space(&data)?;
        println!("{}", introduction(server.url(), &data, &space));
        let id = server.child.id().to_string();
        let waiter = std::thread::spawn(move || {
            for signal in signals.forever() {
                // A terminal sends SIGINT to the server as well; nobody sends it our SIGTERM.
                if signal == SIGTERM {
                    let _ = Command::new("kill").args(["-TERM", &id]).status();
                }
            }
        });
        let ended = server.child.wait()?;
        interrupted.close();
        let _ = waiter.join();
        if ended.success() { Ok(()) } else { Err(format!("mpcloud ended with {ended}").into()) }
    }
}

/// A started `mpcloud serve`, which ends with this value.
pub struct Server {
    child: Child,
    ready: Value,
}

impl Server {
    /// Starts the one that was built, and waits until it serves.
    pub fn start(data: &Path, listen: &str) -> Result<Self> {
        let mut command = Command::new(artefacts(false).join("mpcloud"));
        command.arg("serve").arg("--data").arg(data).args(["--listen", listen]);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let stdout = child.stdout.take();
        let mut server = Self { child, ready: Value::Null };
        let (send, receive) = mpsc::channel();
        std::thread::spawn(move || {
            for line in stdout.into_iter().flat_map(|stdout| BufReader::new(stdout).lines().map_while(Result::ok)) {
                let _ = send.send(line);
            }
        });
        let line = receive.recv_timeout(READY).map_err(|_| "mpcloud did not start")?;
        let json = line.strip_prefix("ready ").ok_or_else(|| format!("mpcloud printed `{line}` instead of its ready line"))?;
        server.ready = serde_json::from_str(json)?;
        Ok(server)
    }

    /// Its base URL.
    pub fn url(&self) -> &str {
        self.ready["http"].as_str().unwrap_or_default()
    }

    /// The demo space with the example functions as they are now; what its clients need.
    fn demo_space(&mut self, data: &Path) -> Result<Value> {
        let mpcloud = |arguments: &[&str]| -> Result<Value> {
            let mut command = Command::new(artefacts(false).join("mpcloud"));
            Ok(serde_json::from_str(&output(command.args(arguments).arg("--data").arg(data).arg("--json"))?)?)
        };
        let spaces = mpcloud(&["space", "list"])?;
        let demo = spaces["spaces"].as_array().and_then(|spaces| spaces.iter().find(|space| space["name"] == SPACE));
        let space = match demo.and_then(|space| space["spaceId"].as_str()) {
            Some(id) => mpcloud(&["space", "show", id])?,
            None => mpcloud(&["space", "create", SPACE])?,
        };
        let id = space["spaceId"].as_str().ok_or("the demo space has no id")?;
        for function in ["hello", "notes"] {
            let folder = root().join("examples/functions").join(function);
            let folder = folder.to_str().ok_or("the path of the checkout is not UTF-8")?;
            mpcloud(&["function", "deploy", folder, "--space", id])?;
        }
        let mut file = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(data.join("demo.json"))?;
        file.write_all(format!("{space:#}\n").as_bytes())?;
        Ok(space)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = succeed(Command::new("kill").args(["-TERM", &self.child.id().to_string()]));
            let _ = self.child.wait();
        }
    }
}

fn introduction(url: &str, data: &Path, space: &Value) -> String {
    let text = |key: &str| space[key].as_str().unwrap_or_default();
    format!(
        "
mpcloud serves at {url} (Ctrl-C stops it)

  space id       {id}
  client secret  {client_secret}
  endpoint       {endpoint}
  server secret  {data}/demo.json has all of this, as `mpcloud space show` prints it
  admin key      {data}/admin.json

In a mini program:

  import MPServerless from '@alicloud/mpserverless-sdk';
  const cloud = new MPServerless(my, {{
    appId: 'any',
    spaceId: '{id}',
    clientSecret: '{client_secret}',
    endpoint: '{endpoint}',
  }});
  await cloud.user.authorize({{ authType: 'anonymous' }});
  console.log(await cloud.function.invoke('hello', {{ name: 'mpcloud' }}));
  console.log(await cloud.function.invoke('notes', {{ text: 'my first note' }}));

On the command line:

  export PATH=\"{bin}:$PATH\" MPCLOUD_DATA=\"{data}\"
  mpcloud function invoke notes '{{\"text\":\"my first note\"}}' --space {id}
",
        id = text("spaceId"),
        client_secret = text("clientSecret"),
        endpoint = text("endpoint"),
        data = data.display(),
        bin = artefacts(false).display(),
    )
}
