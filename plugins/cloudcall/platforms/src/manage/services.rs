//! Which services and extensions there are. Both are there when their plugins are, so that there is
//! nothing to be opened but a space's website.

use sdk_plugin::contract::Calls;
use sdk_plugin::contract::cloudcall::INVOKE;
use sdk_plugin::contract::db::EXECUTE;
use sdk_plugin::contract::management::{self, INVALID_PARAMETER};
use sdk_plugin::{Call, Error, Result, codes};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::installed::Platform;
use crate::service::{Service, required};

/// Says whether the website of a space is open.
pub const SITE_STATUS: &str = "admin.GetWebHostingStatus";
/// Opens the website of a space.
pub const OPEN_SITE: &str = "admin.OpenWebHostingService";

/// The code for an extension that no plugin is.
pub const NO_EXTENSION: &str = "InvalidExtensionId.NotFound";

const OPENED: &str = "Opened";
const NOT_OPENED: &str = "NotOpened";
/// What the ids of extensions begin with.
const EXTENSION: &str = "cloudcall-";
const DEFAULT_PAGE: usize = 20;
const MAX_PAGE: usize = 100;

/// A service, its other names, and a method that is there when it is.
const SERVICES: [(&str, &[&str], &str); 5] = [
    ("db", &["database", "dataservice"], EXECUTE),
    ("file", &["storage", "filestorage", "cloudstorage"], "serverless.file.resource.put"),
    ("function", &["fc", "cloudfunction"], "serverless.function.runtime.invoke"),
    ("webhosting", &["hosting", "staticweb"], SITE_STATUS),
    ("cloudcall", &["cloud", "openapi"], INVOKE),
];

/// The parameters of `ListExtensions`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct PageParams {
    #[serde(default, deserialize_with = "management::optional")]
    page_number: Option<usize>,
    #[serde(default, deserialize_with = "management::optional")]
    page_size: Option<usize>,
}

/// The parameters of `EnableExtension`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ExtensionParams {
    #[serde(default)]
    extension_id: String,
}

/// The parameters of actions that name a service.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ServiceParams {
    #[serde(default)]
    service_name: String,
}

/// The name of a service and its method.
fn service(params: &ServiceParams) -> Result<(&'static str, &'static str)> {
    let name = required("ServiceName", params.service_name.trim())?.to_ascii_lowercase();
    let found = SERVICES.iter().find(|(service, others, _)| *service == name || others.contains(&name.as_str()));
    let unknown = || {
        let names: Vec<&str> = SERVICES.iter().map(|(service, ..)| *service).collect();
        Error::new(INVALID_PARAMETER, format!("ServiceName must be one of {}", names.join(", ")))
    };
    found.map(|(service, _, method)| (*service, *method)).ok_or_else(unknown)
}

fn extension(platform: &Platform) -> Value {
    json!({
        "ExtensionId": format!("{EXTENSION}{}", platform.name),
        "ExtensionName": format!("Cloud calls: {}", platform.name),
        "ExtensionDesc": format!("{} APIs of {}, for functions and mini programs", platform.apis.len(), platform.name),
        "ExtensionDocumentationLink": "",
        "Enabled": "true",
    })
}

impl<C: Calls> Service<C> {
    /// `ListExtensions`: the platforms with APIs whose plugins are installed. What is installed is
    /// enabled.
    ///
    /// # Errors
    /// `InvalidParameter`, or what the core answers.
    pub async fn list_extensions(&self, params: PageParams) -> Result<Value> {
        let (number, size) = (params.page_number.unwrap_or(1), params.page_size.unwrap_or(DEFAULT_PAGE));
        if number == 0 || !(1..=MAX_PAGE).contains(&size) {
            return Err(Error::new(INVALID_PARAMETER, format!("PageNumber begins with 1, and PageSize is 1 to {MAX_PAGE}")));
        }
        let all = self.installed.all().await?;
        let all: Vec<Value> = all.iter().filter(|platform| !platform.apis.is_empty()).map(extension).collect();
        let page: Vec<&Value> = all.iter().skip((number - 1).saturating_mul(size)).take(size).collect();
        Ok(json!({"Extensions": page, "PageNumber": number, "PageSize": size, "TotalCount": all.len()}))
    }

    /// `EnableExtension`.
    ///
    /// # Errors
    /// `MissingParameter`; `InvalidExtensionId.NotFound` when its plugin is not installed, or what the
    /// core answers.
    pub async fn enable_extension(&self, params: ExtensionParams) -> Result<Value> {
        let id = required("ExtensionId", params.extension_id.trim())?;
        let name = id.strip_prefix(EXTENSION).unwrap_or_default();
        let unknown = |error: Error| Error::new(NO_EXTENSION, format!("there is no such extension: {}", error.message()));
        match self.installed.platform(name).await {
            Err(error) if error.code() == crate::installed::NOT_INSTALLED => Err(unknown(error)),
            other => other.map(|_| json!({})),
        }
    }

    /// `QueryServiceStatus`: `Opened` or `NotOpened`.
    ///
    /// # Errors
    /// `MissingParameter`, `InvalidParameter`, or what the core answers.
    pub async fn service_status(&self, call: &Call, params: ServiceParams) -> Result<Value> {
        let (_, method) = service(&params)?;
        let opened = self.is_there(method).await? && (method != SITE_STATUS || self.site_is_open(call).await?);
        Ok(json!({"ServiceStatus": if opened { OPENED } else { NOT_OPENED }}))
    }

    /// `OpenService`.
    ///
    /// # Errors
    /// `MissingParameter`, `InvalidParameter`; `ServiceUnavailable` when the service's plugin is not
    /// there, or what the core answers.
    pub async fn open_service(&self, call: &Call, params: ServiceParams) -> Result<Value> {
        let (service, method) = service(&params)?;
        if !self.is_there(method).await? {
            let message = format!("no plugin of the service {service} is there: add one to the configuration");
            return Err(Error::new(codes::UNAVAILABLE, message));
        }
        if method == SITE_STATUS {
            self.calls.make(call.follow(OPEN_SITE, "{}")).await?;
        }
        Ok(json!({}))
    }

    async fn is_there(&self, method: &str) -> Result<bool> {
        Ok(self.installed.methods(method).await?.iter().any(|found| found == method))
    }

    async fn site_is_open(&self, call: &Call) -> Result<bool> {
        let status: Value = self.calls.make(call.follow(SITE_STATUS, "{}")).await?.decode()?;
        Ok(status.pointer("/Data/Status").and_then(Value::as_str) == Some(OPENED))
    }
}
