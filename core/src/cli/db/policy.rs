//! `mpcloud db policy`: the rules of collections.

use clap::{Args, Subcommand};
use serde::Serialize;
use serde_json::Value;

use super::super::output::text;
use super::super::{Failure, Options};
use crate::policy::{EXTENDED, Rule};

const PRESETS: &str = "Presets:
  PUBLICREAD           everybody reads, a document's owner writes it
  PRIVATE              a document's owner reads and writes it
  ADMINWRITEONLY       everybody reads, no mini program writes (what collections have by default)
  ADMINREADWRITEONLY   no mini program reads or writes

Rules are a JSON object with \".read\" and \".write\", each of them true, false or
\"request.auth.userId==resource.auth.userId\"; \"*\" stands for what is not named. They bind mini
programs, and neither functions, servers nor administrators.

Examples:
  mpcloud db policy get orders --space ID
  mpcloud db policy set orders --space ID --preset PRIVATE
  mpcloud db policy set news --space ID --rules '{\".read\":true,\".write\":false}'";

/// The commands on rules.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Print the rules of a collection
    #[command(after_help = PRESETS)]
    Get(Named),
    /// Change the rules of a collection, which need not exist yet
    #[command(after_help = PRESETS)]
    Set {
        #[command(flatten)]
        collection: Named,
        #[command(flatten)]
        rules: Rules,
    },
}

/// Names a collection.
#[derive(Debug, Args)]
pub struct Named {
    /// The collection's name
    #[arg(value_name = "COLLECTION")]
    collection: String,
    /// The space's id
    #[arg(long, value_name = "ID")]
    space: String,
}

/// Rules, by name or in full.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Rules {
    /// Rules with a name
    #[arg(long, value_name = "NAME", ignore_case = true,
        value_parser = ["PUBLICREAD", "PRIVATE", "ADMINWRITEONLY", "ADMINREADWRITEONLY"])]
    preset: Option<String>,
    /// Rules of your own
    #[arg(long, value_name = "JSON")]
    rules: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    collection: String,
    policy_name: String,
    policy: Value,
}

impl Command {
    pub fn run(self, options: &Options) -> Result<(), Failure> {
        let (named, rules) = match &self {
            Self::Get(named) => (named, None),
            Self::Set { collection, rules } => (collection, Some(rules)),
        };
        let mut parameters = vec![("SpaceId", named.space.as_str()), ("ServiceName", "db"), ("CollectionName", named.collection.as_str())];
        if let Some(name) = rules.and_then(|rules| rules.preset.as_deref()) {
            parameters.push(("PolicyName", name));
        }
        if let Some(text) = rules.and_then(|rules| rules.rules.as_deref()) {
            Rule::parse(text).map_err(|e| Failure::usage(e.message()))?;
            parameters.extend([("PolicyName", EXTENDED), ("Policy", text)]);
        }
        let action = if rules.is_some() { "UpdateServicePolicy" } else { "DescribeServicePolicy" };
        let reply = options.client()?.call(action, &parameters)?;
        let policy = text(&reply, &["Policy"]);
        let shown = Shown {
            collection: text(&reply, &["CollectionName"]),
            policy_name: text(&reply, &["PolicyName"]),
            policy: serde_json::from_str(&policy).map_err(|e| Failure::new(format!("the server's answer is not JSON: {e}")))?,
        };
        options.output().result(&shown, || format!("{}  {}\n{policy}", shown.collection, shown.policy_name))
    }
}

#[cfg(test)]
mod tests {
    use crate::policy;

    #[test]
    fn the_help_names_every_preset() {
        for preset in policy::PRESETS {
            assert!(super::PRESETS.contains(&format!("  {} ", preset.name)), "{}", preset.name);
        }
    }
}
