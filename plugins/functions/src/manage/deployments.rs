//! Uploading packages and making versions of them.

use sdk_plugin::{Call, Error, Result, codes};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{DEPLOYMENT_NOT_FOUND, NOT_UPLOADED, NameParams, required};
use crate::paging::Page;
use crate::record::{Deployment, Function, Status, iso, package_key};
use crate::runtime::now;
use crate::service::{Edge, Service};
use crate::signed_url::{self, Action, Named};

/// The parameters of `DeployFunction`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DeployParams {
    #[serde(default)]
    deployment_id: String,
}

/// The parameters of `ListFunctionDeployment`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ListDeploymentParams {
    #[serde(default)]
    name: String,
    #[serde(default)]
    status: String,
    #[serde(flatten)]
    page: Page,
}

/// How often a version number is tried for when others are deploying the same function.
const ATTEMPTS: usize = 20;

impl<E: Edge> Service<E> {
    /// An absolute address for a package.
    pub(super) async fn signed_url(&self, action: Action, space: &str, deployment: &str) -> Result<String> {
        let base = self.endpoint().await?;
        let named = Named { action, space: space.to_owned(), deployment: deployment.to_owned() };
        Ok(format!("{}{}", base.trim_end_matches('/'), signed_url::sign(&self.secret, &named, now())?))
    }

    /// The URL that clients reach the server by.
    pub(crate) async fn endpoint(&self) -> Result<String> {
        #[derive(Deserialize)]
        struct Endpoint {
            http: String,
        }
        let reply = self.edge.make(Call::json("", "core.endpoint", &json!({}))?).await?;
        Ok(reply.decode::<Endpoint>()?.http)
    }

    /// A deployment of a space.
    pub(crate) async fn deployment(&self, space: &str, id: &str) -> Result<Deployment> {
        let found: Option<Deployment> = self.deployments.get(id).await?;
        found
            .filter(|deployment| deployment.space_id == space)
            .ok_or_else(|| Error::new(DEPLOYMENT_NOT_FOUND, format!("the deployment `{id}` does not exist")))
    }

    /// `CreateFunctionDeployment`: where to upload a package to.
    ///
    /// # Errors
    /// `InvalidFunction.NotFound`, or what the database answers.
    pub async fn create_deployment(&self, space: &str, params: NameParams) -> Result<Value> {
        let function = self.function(space, &params.name).await?;
        let created = now();
        let deployment = Deployment {
            id: Uuid::new_v4().to_string(),
            space_id: space.to_owned(),
            name: function.name,
            status: Status::Created,
            package: None,
            version: 0,
            created,
            modified: created,
        };
        let url = self.signed_url(Action::Upload, space, &deployment.id).await?;
        self.deployments.insert(serde_json::to_value(&deployment).map_err(Error::internal)?).await?;
        Ok(json!({"DeploymentId": deployment.id, "UploadSignedUrl": url}))
    }

    /// `ListFunctionDeployment`, newest first.
    ///
    /// # Errors
    /// `InvalidFunction.NotFound`, or what the database answers.
    pub async fn list_deployments(&self, space: &str, params: ListDeploymentParams) -> Result<Value> {
        self.function(space, &params.name).await?;
        let mut query = json!({"spaceId": space, "name": params.name});
        if !params.status.is_empty() {
            query["status"] = params.status.to_lowercase().into();
        }
        let total = self.deployments.count(query.clone()).await?;
        let found: Vec<Deployment> = self.deployments.find(query, params.page.options(json!({"created": -1}))).await?;
        let mut items = Vec::with_capacity(found.len());
        for deployment in found {
            let download = match deployment.status {
                Status::Created => String::new(),
                Status::Uploaded | Status::Deployed => self.signed_url(Action::Download, space, &deployment.id).await?,
            };
            items.push(json!({
                "CreatedAt": iso(deployment.created),
                "DeploymentId": deployment.id,
                "DownloadSignedUrl": download,
                "ModifiedAt": iso(deployment.modified),
                "Status": {"Label": deployment.status.label(), "Status": deployment.status.name()},
                "VersionNo": if deployment.version == 0 { String::new() } else { deployment.version.to_string() },
            }));
        }
        Ok(json!({"DataList": items, "Paginator": params.page.paginator(total)}))
    }

    /// `DeployFunction`: has the function run a deployment's package. A deployment that was a
    /// version before becomes active again under its old number.
    ///
    /// # Errors
    /// `InvalidDeployment.NotFound`, `InvalidDeployment.NotUploaded`, one of the `InvalidPackage`
    /// codes, or what the database or the storage answers. Then nothing has changed.
    pub async fn deploy(&self, space: &str, params: DeployParams) -> Result<Value> {
        required("DeploymentId", &params.deployment_id)?;
        let deployment = self.deployment(space, &params.deployment_id).await?;
        let name = &deployment.name;
        let Some(package) = &deployment.package else {
            return Err(Error::new(NOT_UPLOADED, "the deployment's package has not been uploaded"));
        };
        let key = package_key(space, name, package);
        self.packages.get(&key, || self.read_package(&key)).await.map_err(|error| match error.code() {
            codes::NOT_FOUND => Error::new(NOT_UPLOADED, "the deployment's package is not there").with_source(error),
            codes::INVALID_BODY => Error::new("InvalidPackage.TooLarge", error.message().to_owned()),
            _ => error,
        })?;
        // From here on the package that was read cannot be replaced any more.
        let same = json!({"_id": deployment.id, "package": package});
        if self.deployments.update(same, json!({"$set": {"status": Status::Deployed, "modified": now()}})).await? == 0 {
            return Err(Error::new(codes::CONFLICT, "another package was uploaded meanwhile; deploy again").retryable());
        }
        let version = self.activate(space, name, &deployment).await?;
        if deployment.version != version {
            self.deployments.update(json!({"_id": deployment.id}), json!({"$set": {"version": version}})).await?;
        }
        self.changed(space, name).await?;
        Ok(json!({}))
    }

    /// Points the function at a deployment; gives it a version number if it has none.
    async fn activate(&self, space: &str, name: &str, deployment: &Deployment) -> Result<u64> {
        for _ in 0..ATTEMPTS {
            let function = self.function(space, name).await?;
            let next = if deployment.version == 0 { function.versions + 1 } else { function.versions };
            let filter = json!({"_id": Function::id(space, name), "versions": function.versions});
            let set = json!({"$set": {"versions": next, "deployment": deployment.id, "package": deployment.package, "modified": now()}});
            if self.functions.update(filter, set).await? > 0 {
                return Ok(if deployment.version == 0 { next } else { deployment.version });
            }
        }
        Err(Error::new(codes::CONFLICT, "the function is being deployed by somebody else; try again").retryable())
    }
}
