//! `mpcloud space`.

use clap::Subcommand;
use serde::Serialize;
use serde_json::{Value, json};

use super::client::Client;
use super::output::{self, table, text};
use super::{Failure, Options};

/// How many spaces are asked for at once: the most there can be.
const PAGE_SIZE: usize = 100;

/// The commands on spaces.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a space, and print what clients need to use it
    #[command(after_help = "Example:\n  mpcloud space create demo1 --desc 'for trying things out' --json")]
    Create {
        /// Its name, for people
        name: String,
        /// What it is for
        #[arg(long, default_value = "", hide_default_value = true)]
        desc: String,
    },
    /// List all spaces
    List,
    /// Print what clients need to use a space
    Show {
        /// The space's id
        id: String,
    },
    /// Change a space's description or status
    #[command(after_help = "Example:\n  mpcloud space update ID --status PAUSED")]
    Update {
        /// The space's id
        id: String,
        /// The new description
        #[arg(long)]
        desc: Option<String>,
        /// IN_SERVICE, or PAUSED to refuse clients
        #[arg(long, value_parser = ["IN_SERVICE", "PAUSED"])]
        status: Option<String>,
    },
    /// Delete a space and everything in it
    Delete {
        /// The space's id
        id: String,
        /// Do not ask
        #[arg(long, short)]
        yes: bool,
    },
    /// Make a new key for servers; the old one stops working
    ResetSecret {
        /// The space's id
        id: String,
    },
}

/// What clients need to use a space. The names are those of the SDKs' options.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ClientConfig {
    space_id: String,
    client_secret: String,
    server_secret: String,
    endpoint: String,
    file_upload_endpoint: String,
}

impl ClientConfig {
    fn get(client: &Client, id: &str) -> Result<Self, Failure> {
        let reply = client.call("DescribeSpaceClientConfig", &[("SpaceId", id), ("Detail", "true")])?;
        Ok(Self {
            space_id: text(&reply, &["SpaceId"]),
            client_secret: text(&reply, &["ApiKey"]),
            server_secret: text(&reply, &["PrivateKey"]),
            endpoint: text(&reply, &["Endpoint"]),
            file_upload_endpoint: text(&reply, &["FileUploadEndpoint"]),
        })
    }

    fn human(&self) -> String {
        format!(
            "space id              {}\nclient secret         {}\nendpoint              {}\nfile upload endpoint  {}\nserver secret\n{}",
            self.space_id, self.client_secret, self.endpoint, self.file_upload_endpoint, self.server_secret
        )
    }
}

impl Command {
    pub fn run(self, options: &Options) -> Result<(), Failure> {
        let (client, output) = (options.client()?, options.output());
        match self {
            Self::Create { name, desc } => {
                let reply = client.call("CreateSpace", &[("Name", &name), ("Desc", &desc)])?;
                let config = ClientConfig::get(&client, &text(&reply, &["SpaceId"]))?;
                output.result(&config, || config.human())
            }
            Self::List => {
                let spaces = all(&client)?;
                output.result(&json!({"spaces": spaces}), || {
                    let row = |space: &Listed| {
                        [&space.space_id, &space.name, &space.status, &space.created, &space.description].map(String::clone).to_vec()
                    };
                    table(&["SPACE ID", "NAME", "STATUS", "CREATED", "DESCRIPTION"], &spaces.iter().map(row).collect::<Vec<_>>())
                })
            }
            Self::Show { id } => {
                let config = ClientConfig::get(&client, &id)?;
                output.result(&config, || config.human())
            }
            Self::Update { id, desc, status } => {
                let mut parameters = vec![("SpaceId", id.as_str())];
                parameters.extend(desc.as_deref().map(|desc| ("Desc", desc)));
                parameters.extend(status.as_deref().map(|status| ("Status", status)));
                if parameters.len() == 1 {
                    return Err(Failure::usage("nothing to change").advise("Give --desc or --status."));
                }
                client.call("UpdateSpace", &parameters)?;
                output.result(&json!({"spaceId": id}), || format!("updated {id}"))
            }
            Self::Delete { id, yes } => {
                if !yes && !output::confirm(&format!("Delete the space {id} and everything in it?")) {
                    return Err(Failure::new("nothing was deleted"));
                }
                client.call("DeleteSpace", &[("SpaceId", &id)])?;
                output.result(&json!({"spaceId": id}), || format!("deleted {id}"))
            }
            Self::ResetSecret { id } => {
                client.call("ResetServerSecret", &[("SpaceId", &id)])?;
                let config = ClientConfig::get(&client, &id)?;
                output.result(&config, || config.human())
            }
        }
    }
}

/// A space in the list.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    space_id: String,
    name: String,
    description: String,
    status: String,
    /// ISO 8601, UTC.
    created: String,
}

/// Every space, page by page.
fn all(client: &Client) -> Result<Vec<Listed>, Failure> {
    let mut all = Vec::new();
    for page in 0.. {
        let reply = client.call("DescribeSpaces", &[("PageNum", &page.to_string()), ("PageSize", &PAGE_SIZE.to_string())])?;
        let spaces = reply.get("Spaces").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        all.extend(spaces.iter().map(|space| Listed {
            space_id: text(space, &["SpaceId"]),
            name: text(space, &["Name"]),
            description: text(space, &["Description"]),
            status: text(space, &["ServiceStatus"]),
            created: text(space, &["GmtCreate"]),
        }));
        if spaces.len() < PAGE_SIZE {
            break;
        }
    }
    Ok(all)
}
