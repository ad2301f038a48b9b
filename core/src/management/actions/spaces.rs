//! Spaces: the tenants that everything else belongs to.

use sdk_plugin::Result;
use serde_json::json;

use crate::identity::spaces::{Page, Space, Status};

use super::super::{Context, parameters, timestamp};
use super::{Answer, object};

/// What every space has: no plan limits it.
pub const SPEC: &str = "UNLIMITED";

/// Pages have so many entries unless the request says otherwise, and at most [`MAX_PAGE_SIZE`].
const PAGE_SIZE: u64 = 10;
const MAX_PAGE_SIZE: u64 = 100;

/// The vendor's names for what a space may be in.
const IN_SERVICE: &str = "IN_SERVICE";
const PAUSED: &str = "PAUSED";

fn status_name(status: Status) -> &'static str {
    match status {
        Status::Active => IN_SERVICE,
        Status::Suspended => PAUSED,
        Status::Deleting | Status::Deleted => "DELETED",
    }
}

pub async fn create(context: &Context<'_>) -> Answer {
    Ok(object(json!({"SpaceId": make(context).await?})))
}

/// There is nothing to pay, so the order is the space itself.
pub async fn create_with_order(context: &Context<'_>) -> Answer {
    let id = make(context).await?;
    Ok(object(json!({"SpaceId": id, "InstanceId": id, "OrderId": id})))
}

async fn make(context: &Context<'_>) -> Result<String> {
    let name = context.parameters.required("Name")?;
    let space = context.state.spaces.create(name, context.parameters.text("Desc").unwrap_or_default()).await?;
    Ok(space.id)
}

pub async fn update(context: &Context<'_>) -> Answer {
    let id = context.parameters.required("SpaceId")?;
    let status = match context.parameters.text("Status") {
        None => None,
        Some(IN_SERVICE) => Some("active"),
        Some(PAUSED) => Some("suspended"),
        Some(other) => return Err(parameters::invalid("Status", &format!("`{other}` is neither {IN_SERVICE} nor {PAUSED}"))),
    };
    // A description may be made empty, so an empty one counts.
    context.state.spaces.update(id, context.parameters.sent("Desc"), status).await?;
    Ok(object(json!({})))
}

pub async fn delete(context: &Context<'_>) -> Answer {
    context.state.spaces.delete(context.parameters.required("SpaceId")?).await?;
    Ok(object(json!({})))
}

async fn page(context: &Context<'_>) -> Result<(u64, Vec<Space>)> {
    // The vendor counts pages from 0, spaces are counted from 1.
    let page = Page {
        num: context.parameters.parsed::<u64>("PageNum")?.unwrap_or(0).saturating_add(1),
        size: context.parameters.parsed("PageSize")?.unwrap_or(PAGE_SIZE).clamp(1, MAX_PAGE_SIZE),
    };
    context.state.spaces.list(&context.parameters.list("SpaceIds"), page).await
}

pub async fn list(context: &Context<'_>) -> Answer {
    let (total, spaces) = page(context).await?;
    let spaces: Vec<_> = spaces
        .into_iter()
        .map(|space| {
            json!({
                "SpaceId": space.id,
                "Name": space.name,
                "Desc": space.description,
                "Status": status_name(space.status),
                "GmtCreate": space.created_at,
                "GmtLastAccess": space.updated_at,
            })
        })
        .collect();
    Ok(object(json!({"Count": total, "GmtCreate": timestamp::format(timestamp::now_ms()), "Spaces": spaces})))
}

pub async fn describe(context: &Context<'_>) -> Answer {
    let none = context.parameters.text("SpecCode").is_some_and(|spec| spec != SPEC);
    let (total, spaces) = if none { (0, Vec::new()) } else { page(context).await? };
    let spaces: Vec<_> = spaces
        .into_iter()
        .map(|space| {
            json!({
                "SpaceId": space.id,
                "InstanceId": space.id,
                "Name": space.name,
                "Description": space.description,
                "ServiceStatus": status_name(space.status),
                "GmtCreate": timestamp::format(space.created_at),
                "GmtModified": timestamp::format(space.updated_at),
                "SpecCode": SPEC,
                "PackageStatus": "NORMAL",
                "ChargeType": "FREE",
                "AutoRenew": false,
            })
        })
        .collect();
    Ok(object(json!({"Count": total, "GmtCreate": timestamp::format(timestamp::now_ms()), "Spaces": spaces})))
}

pub async fn client_config(context: &Context<'_>) -> Answer {
    let space = context.state.spaces.get(context.parameters.required("SpaceId")?).await?;
    let mut config = object(json!({
        "SpaceId": space.id,
        "Name": space.name,
        "ApiKey": space.client_secret,
        "Endpoint": context.state.url,
        "FileUploadEndpoint": context.state.url,
    }));
    // `Detail=false` is how a console asks for what it may show.
    if context.parameters.parsed("Detail")?.unwrap_or(true) {
        config.insert("PrivateKey".to_owned(), space.server_secret.into());
    }
    Ok(config)
}

pub async fn reset_server_secret(context: &Context<'_>) -> Answer {
    context.state.spaces.reset_server_secret(context.parameters.required("SpaceId")?).await?;
    Ok(object(json!({})))
}
