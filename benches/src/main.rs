//! Measures mpcloud beside what it is compared with, in one run and by turns, so that whatever
//! else the machine does meets all of them alike. `cargo xtask bench` builds and starts it.

mod bare_hyper;
mod documents;
mod load;
mod plugin_call;
mod report;
mod rounds;
mod workerd;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand};
use e2e::Server;
use serde_json::json;
use tokio::runtime::Runtime;

use crate::load::Target;
use crate::report::Report;

type Failure = Box<dyn std::error::Error + Send + Sync>;
type Result<T = (), E = Failure> = std::result::Result<T, E>;

/// How often each thing has its turn.
const ROUNDS: usize = 5;

#[derive(Parser)]
struct Cli {
    /// How long a turn is, in seconds
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    seconds: u32,
    /// Connections, each with one request in flight
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=1024))]
    connections: u32,
    /// Where the table goes
    #[arg(long, default_value = "benches/RESULTS.md")]
    results: PathBuf,
    /// The JavaScript engine of this build, for the table
    #[arg(long, default_value = "unknown")]
    engine: String,
    #[command(subcommand)]
    role: Option<Role>,
}

#[derive(Subcommand)]
enum Role {
    /// Be the bare HTTP server
    #[command(hide = true)]
    BareHyper,
}

fn main() -> Result {
    let cli = Cli::parse();
    let runtime = Runtime::new()?;
    if let Some(Role::BareHyper) = cli.role {
        return runtime.block_on(bare_hyper::serve());
    }
    let turn = Duration::from_secs(cli.seconds.into());
    let connections = usize::try_from(cli.connections)?;
    let mut report = Report::new(&cli.engine, cli.seconds, connections);

    println!("a plugin call against a direct call");
    report.plugin_call(&runtime.block_on(plugin_call::measure(ROUNDS))?);

    // Mini programs may write here, so that no RSA signature is in the way of the database.
    let server = Server::with_config("[policy]\ndata_read = true\ndata_write = true\n[limits]\ncall_timeout = \"60s\"\n");
    let space = server.space("bench");
    server.deploy(&PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("hello"), &space, "hello");
    let wire = server.wire(&space).authorized();
    let address = server.address().parse()?;
    let arguments = json!({"functionTarget": "hello", "functionArgs": {"name": "bench"}});
    let invoke = wire.request("serverless.function.runtime.invoke", &arguments);
    let workerd = workerd::start()?;
    let bare = bare_hyper::start()?;
    let hello = [
        Target::signed("mpcloud, signed invoke", address, &wire, &[invoke])?,
        Target::plain("workerd, the same function, unsigned", workerd.address, &arguments)?,
        Target::plain("bare hyper", bare.address, &arguments)?,
    ];
    println!("a hello function");
    report.requests("Signed `function.invoke` of a hello function", &runtime.block_on(load::compare(&hello, connections, turn, ROUNDS))?);
    drop((workerd, bare));

    println!("documents");
    let (insert, find) = runtime.block_on(documents::measure(&wire, address, connections, turn, ROUNDS))?;
    report.requests("`insertOne`", &insert);
    report.requests("`findOne` by `_id`", &find);

    std::fs::write(&cli.results, report.table())?;
    println!("written to {}", cli.results.display());
    Ok(())
}
