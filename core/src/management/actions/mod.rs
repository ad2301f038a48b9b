//! The actions of the core, and the way to those of plugins.

mod cors;
mod database;
mod extension;
mod plugins;
mod policy;
mod spaces;
mod usage;

use std::time::Instant;

use sdk_plugin::contract::Calls as _;
use sdk_plugin::{Call, Reply, Result};
use serde_json::{Map, Value, json};

use super::{ACTION_TIMEOUT, Context};

/// What an action answers, before the `RequestId` is added.
pub type Answer = Result<Map<String, Value>>;

/// Runs an action.
///
/// # Errors
/// `InvalidAction.NotFound` when nobody has it; otherwise its own.
pub async fn run(context: &Context<'_>, action: &str) -> Answer {
    match action {
        "CreateSpace" => spaces::create(context).await,
        "CreateSpaceWithOrder" => spaces::create_with_order(context).await,
        "UpdateSpace" => spaces::update(context).await,
        "DeleteSpace" => spaces::delete(context).await,
        "ListSpace" => spaces::list(context).await,
        "DescribeSpaces" => spaces::describe(context).await,
        "DescribeSpaceClientConfig" => spaces::client_config(context).await,
        "ResetServerSecret" => spaces::reset_server_secret(context).await,
        "AddCorsDomain" => cors::add(context).await,
        "ListCorsDomains" => cors::list(context).await,
        "DeleteCorsDomain" => cors::delete(context).await,
        "UpdateServicePolicy" => policy::update(context).await,
        "DescribeServicePolicy" => policy::describe(context).await,
        "DescribeResourceQuota" => usage::quota(context).await,
        "DescribeResourceUsage" => usage::resources(context).await,
        "QuerySpaceConsumption" => usage::consumption(context).await,
        "QuerySpaceUsage" => usage::usage(context).await,
        "QuerySpaceSpecDetail" => usage::spec(context).await,
        "RunDBCommand" => database::run_command(context).await,
        // Both ask about the vendor's account; here the role and the function service always exist.
        "CheckMpServerlessRoleExists" => Ok(object(json!({"Exists": true}))),
        "DescribeFCOpenStatus" => Ok(object(json!({"Status": "Opened"}))),
        "CallMethod" => extension::call_method(context).await,
        "ListPlugins" => extension::list_plugins(context).await,
        "ReloadPlugin" => extension::reload_plugin(context).await,
        other => plugins::run(context, other).await,
    }
}

/// A JSON object as a map; anything else counts as an empty one.
fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

impl Context<'_> {
    /// The id in `SpaceId`, after checking that the space exists.
    async fn space(&self) -> Result<String> {
        let id = self.parameters.required("SpaceId")?;
        self.state.spaces.get(id).await?;
        Ok(id.to_owned())
    }

    /// Calls a method as the administrator who signed the request.
    async fn call(&self, space: &str, method: &str, params: Vec<u8>) -> Result<Reply> {
        let mut call = Call::new(space, method, params);
        call.caller = self.caller.clone();
        call.deadline = Instant::now() + ACTION_TIMEOUT;
        call.request_id.clone_from(&self.request_id);
        self.state.router.make(call).await
    }
}
