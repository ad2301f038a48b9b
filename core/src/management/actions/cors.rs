//! The web origins that may call a space from a browser.

use serde_json::json;

use super::super::Context;
use super::{Answer, object};

pub async fn add(context: &Context<'_>) -> Answer {
    let space = context.parameters.required("SpaceId")?;
    let id = context.state.spaces.add_cors_domain(space, context.parameters.required("Domain")?).await?;
    Ok(object(json!({"DomainId": id})))
}

pub async fn list(context: &Context<'_>) -> Answer {
    let domains = context.state.spaces.list_cors_domains(context.parameters.required("SpaceId")?).await?;
    let domains: Vec<_> = domains.into_iter().map(|domain| json!({"DomainId": domain.id, "Domain": domain.domain})).collect();
    Ok(object(json!({"Domains": domains})))
}

pub async fn delete(context: &Context<'_>) -> Answer {
    let space = context.parameters.required("SpaceId")?;
    context.state.spaces.delete_cors_domain(space, context.parameters.required("DomainId")?).await?;
    Ok(object(json!({})))
}
