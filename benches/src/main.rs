//! Measures mpcloud beside what it is compared with, in one run and by turns, so that whatever
//! else the machine does meets all of them alike. `cargo xtask bench` builds and starts it.

mod bare_hyper;
mod database;
mod functions;
mod hosting;
mod load;
mod plugin_call;
mod report;
mod rounds;
mod workerd;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand, ValueEnum};
use e2e::Server;
use serde_json::json;
use tokio::runtime::Runtime;

use crate::database::{Cloud, growth};
use crate::functions::{GREETING, INVOKE, first_call, fleet};
use crate::load::Target;
use crate::report::Report;
use crate::rounds::Turn;

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
    /// What to measure; all but the growth, when absent
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Part>,
    /// Where the tables go
    #[arg(long, default_value = "benches/RESULTS.md")]
    results: PathBuf,
    /// The JavaScript engine of this build, for the tables
    #[arg(long, default_value = "unknown")]
    engine: String,
    /// What was built, for the tables; as this program, when absent
    #[arg(long)]
    build: Option<String>,
    #[command(subcommand)]
    role: Option<Role>,
}

/// What can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    /// A call of a plugin
    PluginCall,
    /// A cloud function, beside workerd
    Hello,
    /// Cloud functions of several kinds, beside workerd and Node.js
    Functions,
    /// The first call of a new deployment, beside a new Node.js process
    FirstCall,
    /// A thousand functions on one server
    Fleet,
    /// Files of websites, beside nginx and Caddy
    Sites,
    /// A file of 1 GB to the file service and back
    Transfers,
    /// Handshakes for 10,000 domains, each with a certificate
    Handshakes,
    /// The database, beside SurrealDB and Parse Server
    Database,
    /// The same at 1,000, 100,000 and 1,000,000 documents
    Growth,
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
    let usual = [
        Part::PluginCall,
        Part::Hello,
        Part::Functions,
        Part::FirstCall,
        Part::Fleet,
        Part::Sites,
        Part::Transfers,
        Part::Handshakes,
        Part::Database,
    ];
    let parts = if cli.only.is_empty() { &usual[..] } else { &cli.only };
    let connections = usize::try_from(cli.connections)?;
    let turn = Turn::new(connections, Duration::from_secs(cli.seconds.into()));
    let mut report = Report::new(&cli.engine, cli.build.as_deref());

    if parts.contains(&Part::PluginCall) {
        report.begin_plugin_call();
        report.plugin_call(&runtime.block_on(plugin_call::measure(ROUNDS))?);
    }
    if parts.contains(&Part::Hello) {
        report.begin_hello(cli.seconds, connections);
        report.hello(&hello(&runtime, turn)?);
    }
    if parts.contains(&Part::Functions) {
        report.begin_functions(cli.seconds, connections);
        report.comparisons(&functions::measure(&runtime, turn)?);
    }
    if parts.contains(&Part::FirstCall) {
        report.begin_first_call();
        report.comparisons(&with_cloud("", first_call::measure)?);
    }
    if parts.contains(&Part::Fleet) {
        report.begin_fleet(connections);
        report.fleet(&fleet::measure(&runtime, connections)?);
    }
    if parts.contains(&Part::Sites) {
        report.begin_sites(cli.seconds, connections);
        report.comparisons(&hosting::sites::measure(&runtime, turn)?);
    }
    if parts.contains(&Part::Transfers) {
        report.begin_transfers();
        report.transfers(&hosting::transfers::measure()?);
    }
    if parts.contains(&Part::Handshakes) {
        report.begin_handshakes(cli.seconds, connections);
        report.handshakes(&hosting::handshakes::measure(&runtime, turn)?);
    }
    if parts.contains(&Part::Database) {
        report.begin_database(connections);
        let measured = with_cloud("", |cloud| runtime.block_on(database::measure(cloud, turn, ROUNDS)))?;
        report.database(&measured);
    }
    if parts.contains(&Part::Growth) {
        report.begin_growth();
        let grown = with_cloud("", |cloud| runtime.block_on(growth::measure(cloud)))?;
        report.growth(&grown);
    }
    report.write(&cli.results)?;
    println!("\nwritten to {}", cli.results.display());
    Ok(())
}

/// A new server with a space and a client that is signed in. `config` is added to its configuration.
fn with_cloud<T>(config: &str, work: impl FnOnce(&Cloud<'_>) -> Result<T>) -> Result<T> {
    // Mini programs may write here, so that no RSA signature is in the way of the database.
    let ours = "[policy]\ndata_read = true\ndata_write = true\n[limits]\ncall_timeout = \"60s\"\n";
    let server = Server::with_config(&format!("{ours}{config}"));
    let space = server.space("bench");
    let wire = server.wire(&space).authorized();
    work(&Cloud { server: &server, space: &space, wire: &wire })
}

fn hello(runtime: &Runtime, turn: Turn) -> Result<Vec<rounds::Series>> {
    with_cloud("", |cloud| {
        let folder = functions::folder("hello");
        cloud.server.deploy(&folder, cloud.space, "hello");
        let arguments = json!({"functionTarget": "hello", "functionArgs": {"name": "bench"}});
        let invoke = cloud.wire.request(INVOKE, &arguments);
        let (workerd, bare) = (workerd::start(&folder.join("index.js"))?, bare_hyper::start()?);
        let address = cloud.server.address().parse()?;
        let targets = [
            Target::signed("mpcloud, signed invoke", address, cloud.wire, &[invoke], r#""success":true"#)?,
            Target::plain("workerd, the same function, unsigned", workerd.address, &arguments, GREETING)?,
            Target::plain("bare hyper", bare.address, &arguments, GREETING)?,
        ];
        Ok(runtime.block_on(load::compare(&targets, turn, ROUNDS)))
    })
}
