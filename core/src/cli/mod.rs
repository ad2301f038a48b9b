//! The command line. Everything but `serve`, `init`, `check`, `plugin new` and `plugin check`
//! talks to a running server over the management API.

mod analytics;
mod call;
mod client;
mod db;
mod failure;
mod function;
mod hosting;
mod output;
mod package;
mod platform;
mod plugin;
mod progress;
mod save;
mod scaffold;
mod server;
mod space;
mod storage;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use self::client::Client;
use self::failure::Failure;
use self::output::Output;

/// A self-hosted mini-program cloud.
#[derive(Debug, Parser)]
#[command(
    name = "mpcloud",
    version,
    about = "A self-hosted mini-program cloud: functions, database, files, websites and more, every part a plugin",
    after_help = "Examples:
  mpcloud serve                                  start with defaults, data in ./data
  mpcloud space create demo1 --json              make a space, print its id and secrets
  mpcloud function deploy ./hello --space ID     zip a folder and deploy it
  mpcloud function invoke hello '{\"n\":1}' --space ID
  mpcloud hosting deploy ./dist --space ID       make a folder the website of the space

Commands that talk to the server find it by DATA/admin.json (see --data), or by the
environment variables MPCLOUD_URL, MPCLOUD_ACCESS_KEY_ID and MPCLOUD_ACCESS_KEY_SECRET.

Exit codes: 0 done, 1 failed, 2 wrong usage.",
    max_term_width = 100
)]
struct Cli {
    #[command(flatten)]
    options: Options,
    #[command(subcommand)]
    command: Command,
}

/// What every command takes.
#[derive(Debug, Args)]
struct Options {
    /// The server's data folder [default: ./data]
    #[arg(long, global = true, env = "MPCLOUD_DATA", value_name = "DIR")]
    data: Option<PathBuf>,
    /// Print JSON on standard output, and nothing else
    #[arg(long, global = true)]
    json: bool,
}

impl Options {
    fn client(&self) -> Result<Client, Failure> {
        Client::find(self.data.as_deref())
    }

    fn output(&self) -> Output {
        Output { json: self.json }
    }
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start the server
    Serve(server::Serve),
    /// Write a commented configuration file
    Init(server::Init),
    /// Validate the configuration and load every plugin, without listening
    Check(server::Check),
    /// Create and manage spaces
    #[command(subcommand)]
    Space(space::Command),
    /// Deploy, run and manage cloud functions
    #[command(subcommand)]
    Function(function::Command),
    /// Open, deploy and manage the website of a space
    #[command(subcommand)]
    Hosting(hosting::Command),
    /// Work with a space's database
    #[command(subcommand)]
    Db(db::Command),
    /// Upload, download, list and delete files
    #[command(subcommand)]
    Storage(storage::Command),
    /// Set the keys of a space's mini programs on Alipay, WeChat, DingTalk and others
    #[command(subcommand)]
    Platform(platform::Command),
    /// Count what happens in mini programs: applications, reports, export
    #[command(subcommand)]
    Analytics(analytics::Command),
    /// Manage the server's plugins, or start writing one
    #[command(subcommand)]
    Plugin(plugin::Command),
    /// Call any method, as an administrator
    Call(call::Call),
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let Cli { options, command } = Cli::parse();
    let done = match command {
        Command::Serve(serve) => serve.run(&options),
        Command::Init(init) => init.run(&options),
        Command::Check(check) => check.run(&options),
        Command::Space(command) => command.run(&options),
        Command::Function(command) => command.run(&options),
        Command::Hosting(command) => command.run(&options),
        Command::Db(command) => command.run(&options),
        Command::Storage(command) => command.run(&options),
        Command::Platform(command) => command.run(&options),
        Command::Analytics(command) => command.run(&options),
        Command::Plugin(command) => command.run(&options),
        Command::Call(call) => call.run(&options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output::complain(&failure.to_string());
            ExitCode::from(failure.exit_code())
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_definition_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_of_the_contract_parses() {
        for line in [
            "serve",
            "serve -c mpcloud.toml --data d --listen 127.0.0.1:0",
            "init",
            "init - --force",
            "check -c f --data d",
            "space create demo1 --json",
            "space create demo1 --desc text",
            "space list --json",
            "space show ID",
            "space update ID --desc d --status PAUSED",
            "space delete ID --yes",
            "space delete ID --data d",
            "space reset-secret ID",
            "function deploy ./f --space ID --name n --timeout 10 --memory 512",
            "function list --space ID",
            "function show n --space ID",
            "function invoke n {} --space ID",
            "function invoke n --space ID --json",
            "function logs n -f --space ID",
            "function logs n --space ID --status fail --from 2026-01-01T00:00:00Z --to 1767225600000 --request-id R --limit 5",
            "function delete n --space ID",
            "function versions n --space ID --json",
            "function rollback n --space ID",
            "function rollback n --space ID --to 3",
            "function update n --space ID --http-path /http/n",
            "function update n --space ID --no-http-path --no-timer",
            "function update n --space ID --timer cron:x --payload p --timeout 600 --memory 256 --concurrency 5 --desc d",
            "function http on --space ID",
            "function http off --space ID",
            "function http show --space ID --json",
            "db run --space ID {}",
            "db policy get c --space ID --json",
            "db policy set c --space ID --preset private",
            "db policy set c --space ID --rules {}",
            "db collections --space ID --stats",
            "db create users --space ID",
            "db drop users --space ID --yes",
            "db rename users people --space ID",
            "db index list users --space ID",
            "db index create users {\"name\":1} --space ID --unique --name n",
            "db index drop users name_1 --space ID",
            "db export users --space ID --format csv --fields a,b.c --output f --force",
            "db import users f.csv --space ID --mode upsert --format csv",
            "db backup list --space ID --json",
            "db backup now --space ID",
            "db restore BACKUP --space ID --collection a=b --collection c=d",
            "storage put a.jpg --space ID",
            "storage put a.jpg x/b.jpg --space ID --json",
            "storage get x/b.jpg - --space ID",
            "storage get x/b.jpg b.jpg --force --space ID",
            "storage ls --space ID",
            "storage ls x/ --space ID --json",
            "storage rm a b --space ID",
            "storage rm -r x/ --space ID --yes",
            "hosting enable --space ID",
            "hosting deploy ./dist --space ID --json",
            "hosting releases --space ID",
            "hosting rollback --space ID --to 3",
            "hosting config --space ID --index a.html --error e.html --error-status 404 --allowed-ips ::1",
            "hosting files list img/ --space ID",
            "hosting files put f.png img/f.png --space ID",
            "hosting files rm a b/ --space ID --yes",
            "hosting domain add a.com --space ID",
            "hosting domain verify a.com --space ID",
            "hosting domain verify a.com --dns --space ID",
            "hosting domain list --space ID --json",
            "hosting domain rm a.com --space ID",
            "hosting domain redirect a.com https --space ID",
            "hosting domain cors a.com --origin * --space ID",
            "hosting domain cors a.com --off --space ID",
            "hosting cert attach a.com --cert c --key k --name n --space ID",
            "hosting cert show a.com --space ID",
            "hosting cert rm a.com --space ID",
            "hosting cert renew a.com --space ID",
            "platform set alipay 2021 --space ID --setting signMode=cert --file privateKey=k --file appCert=c --stdin aesKey --json",
            "platform list --space ID --json",
            "platform list wechat --space ID",
            "platform show wechat wx1 --space ID",
            "platform delete dingtalk d1 --space ID --yes",
            "platform platforms",
            "platform platforms wechat --json",
            "analytics app create tea --space ID --platform wechat --time-zone Asia/Tokyo --json",
            "analytics app list --space ID",
            "analytics app show K --space ID",
            "analytics app update K --name n --time-zone UTC --space ID",
            "analytics app delete K --space ID --yes",
            "analytics channels --app K --space ID",
            "analytics report overview --app K --space ID --json",
            "analytics report trend --app K --space ID --from 2026-11-01 --to 2026-11-07 --unit hour --channel c --compare previous",
            "analytics report trend --app K --space ID --last 30 --compare 2026-01-01 --csv --output f --force",
            "analytics report realtime --app K --space ID",
            "analytics report new-users --app K --space ID --unit month",
            "analytics report active-users --app K --space ID --unit week",
            "analytics report launches --app K --space ID --compare week",
            "analytics report retention --app K --space ID --users active --unit week --channel c",
            "analytics report use-time --app K --space ID --per user --date 2026-11-01 --compare 2026-10-01,2026-09-01",
            "analytics report frequency --app K --space ID --unit month --compare 2026-10-01",
            "analytics report channel-top --app K --space ID --date 2026-11-01",
            "analytics report channel-day --app K --space ID --channels a,b",
            "analytics report channel-list --app K --space ID --figure launches --limit 20",
            "analytics report channel-trend --app K --space ID --figure daily-use-time --unit week --channels a",
            "analytics export --app K --space ID --from 2026-11-01 --to 2026-11-02 --output d --force",
            "plugin list",
            "plugin new hello --path p --sdk s",
            "plugin check lib.so",
            "plugin reload db",
            "call core.plugins",
            "call demo.hello {} --space ID --json",
        ] {
            let words = std::iter::once("mpcloud").chain(line.split(' '));
            Cli::try_parse_from(words).unwrap_or_else(|e| panic!("{line}: {e}"));
        }
        for line in [
            "",
            "space",
            "space create",
            "function list",
            "function invoke n",
            "function update n --space ID",
            "function update n --space ID --timer x --no-timer",
            "function logs n --space ID --status maybe",
            "function http",
            "db run {}",
            "db policy set c --space ID",
            "db policy set c --space ID --preset NONE",
            "db policy set c --space ID --preset PRIVATE --rules {}",
            "db export --space ID",
            "db restore B --space ID",
            "storage put --space ID",
            "storage ls",
            "storage rm --space ID",
            "hosting deploy ./dist",
            "hosting files rm --space ID",
            "hosting domain verify a.com --dns --file --space ID",
            "hosting domain redirect a.com ftp --space ID",
            "hosting domain cors a.com --space ID",
            "hosting cert attach a.com --cert c --space ID",
            "platform set alipay --space ID",
            "platform set alipay 2021 --setting a=b",
            "platform list",
            "platform show alipay --space ID",
            "analytics app create --space ID",
            "analytics app update K --space ID",
            "analytics report --app K --space ID",
            "analytics report trend --app K",
            "analytics report trend --space ID",
            "analytics report trend --app K --space ID --unit year",
            "analytics report trend --app K --space ID --from 2026-02-30",
            "analytics report trend --app K --space ID --from 2026-02-01 --last 3",
            "analytics report trend --app K --space ID --last 733",
            "analytics report trend --app K --space ID --compare yesterday",
            "analytics report trend --app K --space ID --output f",
            "analytics report overview --app K --space ID --unit day",
            "analytics report retention --app K --space ID --unit hour",
            "analytics report use-time --app K --space ID --compare yesterday",
            "analytics report channel-list --app K --space ID --limit 0",
            "analytics export --app K --space ID",
            "nothing",
        ] {
            let words = std::iter::once("mpcloud").chain(line.split(' ').filter(|word| !word.is_empty()));
            assert_eq!(Cli::try_parse_from(words).unwrap_err().exit_code(), 2, "{line}");
        }
    }
}
