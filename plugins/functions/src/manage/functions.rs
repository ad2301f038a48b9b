//! Creating, changing, describing, listing and deleting functions.

use sdk_plugin::contract::{SYSTEM_SPACE, db::Collection, management, storage};
use sdk_plugin::{Error, Event, Result, events};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{EXISTS, not_found, required};
use crate::paging::Page;
use crate::record::{Deployment, Function, package_folder};
use crate::runtime::now;
use crate::service::{Edge, Service};
use crate::signed_url::Action;
use crate::trigger::{Schedule, check_path};
use crate::{logs, spec};

/// The parameters of `CreateFunction`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CreateParams {
    #[serde(default)]
    name: String,
    #[serde(default)]
    desc: String,
    #[serde(default)]
    runtime: String,
    #[serde(default, deserialize_with = "management::optional")]
    memory: Option<u32>,
    #[serde(default, deserialize_with = "management::optional")]
    timeout: Option<u32>,
}

/// The parameters of `UpdateFunction`. What is absent stays as it is.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct UpdateParams {
    #[serde(default)]
    name: String,
    #[serde(default)]
    desc: Option<String>,
    #[serde(default)]
    runtime: Option<String>,
    #[serde(default, deserialize_with = "management::optional")]
    memory: Option<u32>,
    #[serde(default, deserialize_with = "management::optional")]
    timeout: Option<u32>,
    #[serde(default, deserialize_with = "management::optional")]
    instance_concurrency: Option<u32>,
    #[serde(default)]
    http_trigger_path: Option<String>,
    #[serde(default)]
    timing_trigger_config: Option<String>,
    #[serde(default)]
    timing_trigger_user_payload: Option<String>,
}

/// The parameters of actions that name a function.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct NameParams {
    /// The function.
    #[serde(default)]
    pub name: String,
}

/// The parameters of `ListFunction`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ListParams {
    /// A part of the name.
    #[serde(default)]
    filter_by: String,
    #[serde(flatten)]
    page: Page,
}

impl<E: Edge> Service<E> {
    /// A function's record.
    pub(super) async fn function(&self, space: &str, name: &str) -> Result<Function> {
        required("Name", name)?;
        self.functions.get(&Function::id(space, name)).await?.ok_or_else(|| not_found(name))
    }

    /// `CreateFunction`.
    ///
    /// # Errors
    /// `InvalidParameter`, `InvalidFunction.AlreadyExists`, or what the database answers.
    pub async fn create_function(&self, space: &str, params: CreateParams) -> Result<Value> {
        required("Name", &params.name)?;
        spec::check_name(&params.name)?;
        spec::check_desc(&params.desc)?;
        let runtime = if params.runtime.is_empty() { spec::DEFAULT_RUNTIME.to_owned() } else { params.runtime };
        spec::check_runtime(&runtime)?;
        let memory = params.memory.unwrap_or(spec::DEFAULT_MEMORY);
        spec::check_memory(memory)?;
        let timeout = params.timeout.unwrap_or(spec::DEFAULT_TIMEOUT);
        spec::check_timeout(timeout)?;
        let created = now();
        let function = Function {
            id: Function::id(space, &params.name),
            space_id: space.to_owned(),
            name: params.name,
            desc: params.desc,
            runtime,
            memory,
            timeout,
            concurrency: None,
            created,
            modified: created,
            deployment: None,
            package: None,
            http_path: String::new(),
            timer_config: String::new(),
            timer_payload: String::new(),
            timer_since: 0,
            versions: 0,
        };
        if !self.functions.insert(serde_json::to_value(&function).map_err(Error::internal)?).await? {
            return Err(Error::new(EXISTS, format!("the function `{}` exists already", function.name)));
        }
        let mut described = function.describe(self.config.instance_concurrency);
        // The official SDK reads a text here, and a number everywhere else.
        described["Spec"]["InstanceConcurrency"] = function.concurrency(self.config.instance_concurrency).to_string().into();
        Ok(described)
    }

    /// `UpdateFunction`.
    ///
    /// # Errors
    /// `InvalidParameter`, `InvalidFunction.NotFound`, or what the database answers.
    pub async fn update_function(&self, space: &str, params: UpdateParams) -> Result<Value> {
        let function = self.function(space, &params.name).await?;
        let name = &function.name;
        let set = changes(&function, &params)?;
        if let Some(path) = params.http_trigger_path.as_deref().filter(|path| !path.is_empty()) {
            self.take_path(space, name, path).await?;
        }
        if self.functions.update(json!({"_id": function.id}), json!({"$set": set})).await? == 0 {
            return Err(not_found(name));
        }
        if let Some(path) = &params.http_trigger_path {
            self.keep_path(space, name, path).await?;
        }
        if params.timing_trigger_config.is_some() {
            self.timers_changed().await?;
        }
        self.changed(space, name).await?;
        Ok(self.function(space, name).await?.describe(self.config.instance_concurrency))
    }

    /// Has every node see a change at once.
    pub(super) async fn changed(&self, space: &str, name: &str) -> Result<()> {
        self.invalidate(space, Some(name));
        self.edge.emit(Event::json(events::FUNCTION_DEPLOYED, space, &json!({"name": name}))?).await
    }

    /// `DescribeFunction`.
    ///
    /// # Errors
    /// `InvalidFunction.NotFound`, or what the database answers.
    pub async fn describe_function(&self, space: &str, params: NameParams) -> Result<Value> {
        let function = self.function(space, &params.name).await?;
        let mut described = json!({"Function": function.describe(self.config.instance_concurrency)});
        if let Some(id) = &function.deployment
            && let Some(deployment) = self.deployments.get::<Deployment>(id).await?
        {
            described["Deployment"] = json!({
                "CreatedAt": crate::record::iso(deployment.created),
                "DeploymentId": deployment.id,
                "DownloadSignedUrl": self.signed_url(Action::Download, space, &deployment.id).await?,
                "ModifiedAt": crate::record::iso(deployment.modified),
                "VersionNo": deployment.version.to_string(),
            });
        }
        Ok(described)
    }

    /// `ListFunction`.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn list_functions(&self, space: &str, params: ListParams) -> Result<Value> {
        let mut query = json!({"spaceId": space});
        if !params.filter_by.is_empty() {
            // Names need no escaping; what else is asked for matches nothing.
            let plain = params.filter_by.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
            query["name"] = if plain { json!({"$regex": params.filter_by}) } else { json!("") };
        }
        let total = self.functions.count(query.clone()).await?;
        let found: Vec<Function> = self.functions.find(query, params.page.options(json!({"created": -1}))).await?;
        let items: Vec<Value> = found.iter().map(|function| function.describe(self.config.instance_concurrency)).collect();
        Ok(json!({"DataList": items, "Paginator": params.page.paginator(total)}))
    }

    /// `DeleteFunction`.
    ///
    /// # Errors
    /// `InvalidFunction.NotFound`, or what the database or the storage answers.
    pub async fn delete_function(&self, space: &str, params: NameParams) -> Result<Value> {
        let name = &params.name;
        self.function(space, name).await?;
        self.invalidate(space, Some(name));
        let deployments = json!({"spaceId": space, "name": name});
        self.deployments.delete(deployments).await?;
        self.keep_path(space, name, "").await?;
        self.forget_timers(space, Some(name)).await?;
        self.storage(storage::DELETE_FOLDER, &package_folder(space, name)).await?;
        self.logs.flush().await?;
        let of = json!({"spaceId": space, "functionName": name});
        Collection::new(self.edge.clone(), SYSTEM_SPACE, logs::COLLECTION).delete(of).await?;
        // The record goes last, so that a deletion that failed halfway can be asked for again.
        self.functions.delete(json!({"_id": Function::id(space, name)})).await?;
        self.invalidate(space, Some(name));
        self.edge.emit(Event::json(events::FUNCTION_DELETED, space, &json!({"name": name}))?).await?;
        Ok(json!({}))
    }
}

/// What `UpdateFunction` changes in a function's record.
fn changes(function: &Function, params: &UpdateParams) -> Result<Value> {
    let mut set = json!({"modified": now()});
    if let Some(desc) = &params.desc {
        spec::check_desc(desc)?;
        set["desc"] = desc.as_str().into();
    }
    if let Some(runtime) = params.runtime.as_deref().filter(|runtime| !runtime.is_empty()) {
        spec::check_runtime(runtime)?;
        set["runtime"] = runtime.into();
    }
    if let Some(memory) = params.memory {
        spec::check_memory(memory)?;
        set["memory"] = memory.into();
    }
    if let Some(timeout) = params.timeout {
        spec::check_timeout(timeout)?;
        set["timeout"] = timeout.into();
    }
    if let Some(concurrency) = params.instance_concurrency {
        spec::check_concurrency(concurrency)?;
        set["concurrency"] = concurrency.into();
    }
    if let Some(path) = &params.http_trigger_path {
        if !path.is_empty() {
            check_path(path)?;
        }
        set["httpPath"] = path.as_str().into();
    }
    if let Some(config) = &params.timing_trigger_config {
        if !config.is_empty() {
            Schedule::parse(config)?;
        }
        set["timerConfig"] = config.as_str().into();
        // What is set again as it was goes on.
        if *config != function.timer_config {
            set["timerSince"] = now().into();
        }
    }
    if let Some(payload) = &params.timing_trigger_user_payload {
        spec::check_payload(payload)?;
        set["timerPayload"] = payload.as_str().into();
    }
    Ok(set)
}
