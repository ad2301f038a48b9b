//! `mpcloud platform rules`: which cloud calls the mini programs of a space may make.

use clap::Args;
use serde_json::{Value, json};

use super::super::Failure;
use super::super::client::Client;
use super::super::output::{Output, text};
use crate::policy::EXTENDED;
use crate::policy::cloudcall::{CallRules, DEFAULT, SERVICE};

/// `mpcloud platform rules`.
#[derive(Debug, Args)]
#[command(after_help = "The exact name of a call decides, then the longest beginning with a * at its end, then the
default, which lets mini programs make orders and see their own, and moves no money out. Functions
and servers may call everything.

Examples:
  mpcloud platform rules --space ID
  mpcloud platform rules --space ID --set '{\"cloudcall\":{\"payment.common.refund\":true,\"fund.*\":false}}'
  mpcloud platform rules --space ID --default")]
pub struct Rules {
    /// The space's id
    #[arg(long, value_name = "ID")]
    space: String,
    /// Set these rules
    #[arg(long, value_name = "JSON", conflicts_with = "default")]
    set: Option<String>,
    /// Go back to the default
    #[arg(long)]
    default: bool,
}

impl Rules {
    pub(super) fn run(self, client: &Client, output: Output) -> Result<(), Failure> {
        let mut parameters = vec![("SpaceId", self.space.as_str()), ("ServiceName", SERVICE)];
        if let Some(rules) = &self.set {
            CallRules::parse(rules).map_err(|e| Failure::usage(e.message()))?;
            parameters.extend([("PolicyName", EXTENDED), ("Policy", rules.as_str())]);
        } else if self.default {
            parameters.push(("PolicyName", DEFAULT));
        }
        let action = if self.set.is_some() || self.default { "UpdateServicePolicy" } else { "DescribeServicePolicy" };
        let reply = client.call(action, &parameters)?;
        let (name, policy) = (text(&reply, &["PolicyName"]), text(&reply, &["Policy"]));
        let rules: Value = serde_json::from_str(&policy).map_err(|e| Failure::new(format!("the server's answer is not JSON: {e}")))?;
        output.result(&json!({"policyName": name, "policy": rules}), || format!("{name}\n{policy}"))
    }
}
