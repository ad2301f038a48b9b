//! `mpcloud db collections`, `create`, `drop` and `rename`.

use clap::Subcommand;
use serde_json::{Value, json};

use super::super::client::Client;
use super::super::output::{self, table, text};
use super::super::{Failure, Options};

/// The commands on whole collections.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the collections
    Collections {
        /// The space's id
        #[arg(long, value_name = "ID")]
        space: String,
        /// Count documents, bytes and indexes, which takes long for large collections
        #[arg(long)]
        stats: bool,
    },
    /// Make an empty collection
    Create {
        /// The collection's name
        collection: String,
        /// The space's id
        #[arg(long, value_name = "ID")]
        space: String,
    },
    /// Delete a collection with its documents and indexes
    Drop {
        /// The collection's name
        collection: String,
        /// The space's id
        #[arg(long, value_name = "ID")]
        space: String,
        /// Do not ask
        #[arg(long, short)]
        yes: bool,
    },
    /// Give a collection another name; its documents, indexes and rules stay
    #[command(after_help = "Example:\n  mpcloud db rename users_bak users --space ID")]
    Rename {
        /// The collection's name
        collection: String,
        /// Its new name, which no other has
        to: String,
        /// The space's id
        #[arg(long, value_name = "ID")]
        space: String,
    },
}

/// Runs a command of the database that says what it did in JSON.
pub fn run(client: &Client, space: &str, command: &Value) -> Result<Value, Failure> {
    let reply = client.call("RunDBCommand", &[("SpaceId", space), ("Body", &command.to_string())])?;
    serde_json::from_str(&text(&reply, &["Result"])).map_err(|e| Failure::new(format!("the server's answer is not JSON: {e}")))
}

impl Command {
    pub fn run(self, options: &Options) -> Result<(), Failure> {
        let (client, output) = (options.client()?, options.output());
        match self {
            Self::Collections { space, stats } => list(&client, options, &space, stats),
            Self::Create { collection, space } => {
                run(&client, &space, &json!({"command": "create", "collection": collection}))?;
                output.result(&json!({"collection": collection}), || format!("created {collection}"))
            }
            Self::Drop { collection, space, yes } => {
                if !yes && !output::confirm(&format!("Delete the collection {collection} and everything in it?")) {
                    return Err(Failure::new("nothing was deleted"));
                }
                let body = json!({"collection": collection}).to_string();
                client.call("DeleteDBCollection", &[("SpaceId", &space), ("Body", &body)])?;
                output.result(&json!({"collection": collection}), || format!("deleted {collection}"))
            }
            Self::Rename { collection, to, space } => {
                let parameters = [("SpaceId", space.as_str()), ("OriginCollection", &collection), ("NewCollection", &to)];
                client.call("RenameDBCollection", &parameters)?;
                output.result(&json!({"collection": collection, "to": to}), || format!("renamed {collection} to {to}"))
            }
        }
    }
}

fn list(client: &Client, options: &Options, space: &str, stats: bool) -> Result<(), Failure> {
    let listed = run(client, space, &json!({"command": "listCollections"}))?;
    let names: Vec<String> = listed.as_array().into_iter().flatten().map(|one| text(one, &["name"])).collect();
    if !stats {
        let shown: Vec<Value> = names.iter().map(|name| json!({"name": name})).collect();
        return options.output().result(&json!({"collections": shown}), || names.join("\n"));
    }
    let count = |name: &String| run(client, space, &json!({"command": "collStats", "collection": name}));
    let all = names.iter().map(count).collect::<Result<Vec<_>, _>>()?;
    let shown: Vec<Value> = all
        .iter()
        .map(|stats| json!({"name": stats["ns"], "documents": stats["count"], "bytes": stats["size"], "indexes": stats["nindexes"]}))
        .collect();
    options.output().result(&json!({"collections": shown}), || {
        let row = |one: &Value| ["name", "documents", "bytes", "indexes"].map(|key| text(one, &[key])).to_vec();
        table(&["NAME", "DOCUMENTS", "BYTES", "INDEXES"], &shown.iter().map(row).collect::<Vec<_>>())
    })
}
