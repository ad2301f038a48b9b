//! Deployments and releases: actions of our own.

use sdk_plugin::Result;
use sdk_plugin::contract::Calls;
use sdk_plugin::contract::management::optional;
use serde::Deserialize;
use serde_json::{Value, json};

use super::required;
use crate::record::Release;
use crate::service::Service;
use crate::transfer::list_address;

/// The parameters of `CommitWebHostingDeployment`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DeploymentParams {
    #[serde(default)]
    deployment_id: String,
}

/// The parameters of `RollbackWebHosting`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RollbackParams {
    #[serde(default, deserialize_with = "optional")]
    release: Option<u64>,
}

fn described(release: &Release) -> Value {
    json!({
        "Release": release.number,
        "Kind": release.kind,
        "Source": release.source,
        "CreatedAt": release.created,
        "Files": release.files,
        "Bytes": release.bytes,
        "DeploymentId": release.deployment,
    })
}

impl<C: Calls> Service<C> {
    /// `CreateWebHostingDeployment`. The list of files is put to `ListUrl` as a JSON object with
    /// `path`, `sha256` and `size` a line; the answer, `{"missing": [{"sha256", "size", "address"}]}`,
    /// says where contents are to be put that the server does not have.
    ///
    /// # Errors
    /// `InvalidWebHosting.NotOpened`, `Conflict`, or what the database answers.
    pub async fn begin_deployment(&self, space: &str) -> Result<Value> {
        let (id, expires) = self.create_deployment(space).await?;
        let url = format!("{}{}", self.endpoint().await?.http, list_address(&self.secret, space, &id, expires)?);
        Ok(json!({"DeploymentId": id, "ListUrl": url, "ExpiredTime": expires}))
    }

    /// `CommitWebHostingDeployment`: what the list names is the site, on every node, when this is answered.
    ///
    /// # Errors
    /// As [`commit`](Self::commit).
    pub async fn commit_deployment(&self, space: &str, params: DeploymentParams) -> Result<Value> {
        let release = self.commit(space, required("DeploymentId", &params.deployment_id)?).await?;
        Ok(described(&release))
    }

    /// `ListWebHostingReleases`: those that are kept, newest first; the first one is the current one.
    ///
    /// # Errors
    /// `InvalidWebHosting.NotOpened`, or what the database answers.
    pub async fn list_releases(&self, space: &str) -> Result<Value> {
        let site = self.records.require(space).await?;
        Ok(json!({"DataList": site.releases.iter().rev().map(described).collect::<Vec<_>>()}))
    }

    /// `RollbackWebHosting`: the files of an older release are the site, on every node, when this
    /// is answered.
    ///
    /// # Errors
    /// As [`roll_back`](Self::roll_back).
    pub async fn rollback(&self, space: &str, params: RollbackParams) -> Result<Value> {
        Ok(described(&self.roll_back(space, params.release).await?))
    }
}
