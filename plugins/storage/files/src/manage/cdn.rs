//! The domain of downloads, and its rules.

use sdk_plugin::Result;
use sdk_plugin::contract::Calls;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::cdn::{Auth, Cors, Ip, Referer, Rules, UserAgent};
use crate::service::{PREFIX, Service};

/// The parameters of `SaveCdnDomainConfig`: those that are there are changed.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct SaveRulesParams {
    #[serde(default)]
    auth_config: String,
    #[serde(default)]
    cors_config: String,
    #[serde(default)]
    ip_config: String,
    #[serde(default)]
    referer_config: String,
    #[serde(default)]
    ua_config: String,
}

impl<C: Calls> Service<C> {
    /// `DescribeCdnDomain`.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn describe_domain(&self, space: &str) -> Result<Value> {
        let (endpoint, rules) = (self.endpoint().await?, self.rules.of(space).await?);
        let host = endpoint.split_once("://").map_or(endpoint.as_str(), |(_, host)| host);
        Ok(json!({
            "SpaceId": space,
            "DomainName": format!("{host}{PREFIX}{space}"),
            "ServiceStatus": "online",
            "AuthConfig": rules.auth.show(),
            "CorsConfig": rules.cors.show(),
            "IpConfig": rules.ip.show(),
            "RefererConfig": rules.referer.show(),
            "UaConfig": rules.user_agent.show(),
        }))
    }

    /// `SaveCdnDomainConfig`.
    ///
    /// # Errors
    /// `InvalidParameter`, with the rule that is wrong; then none is saved. Or what the database
    /// answers.
    pub async fn save_rules(&self, space: &str, params: SaveRulesParams) -> Result<Value> {
        let change = |rules: &mut Rules| -> Result<()> {
            if !params.auth_config.is_empty() {
                rules.auth = Auth::parse(&params.auth_config)?;
            }
            if !params.cors_config.is_empty() {
                rules.cors = Cors::parse(&params.cors_config)?;
            }
            if !params.ip_config.is_empty() {
                rules.ip = Ip::parse(&params.ip_config)?;
            }
            if !params.referer_config.is_empty() {
                rules.referer = Referer::parse(&params.referer_config)?;
            }
            if !params.ua_config.is_empty() {
                rules.user_agent = UserAgent::parse(&params.ua_config)?;
            }
            Ok(())
        };
        self.rules.change(space, change).await?;
        Ok(json!({}))
    }
}
