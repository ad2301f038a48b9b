//! The adapters that are installed, and what is asked of them.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use sdk_plugin::contract::Calls;
use sdk_plugin::contract::cloudcall::codes::{FEATURE_NOT_SUPPORT, INVALID_JSON_OBJECT, INVALID_PARAM, NOT_FOUND_PARAM};
use sdk_plugin::contract::cloudcall::{
    ADAPTER, Answer, Api, CALL, DESCRIBE, Delivery, Description, FIND, Find, Finding, METHODS, Names, OUTCOME_UNKNOWN, Prefix, RECEIVE,
    Received, Request,
};
use sdk_plugin::contract::platforms::{APP, APP_NOT_FOUND, App, Which};
use sdk_plugin::{Call, Error, Result, codes};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// How long a list of adapters is good.
const FRESH: Duration = Duration::from_secs(10);
/// How long an adapter may take. Shorter than the lease of what it works on.
const PATIENCE: Duration = Duration::from_secs(30);

/// An adapter that is installed.
#[derive(Clone, Debug)]
pub struct Adapter {
    /// What it is called in names of methods.
    pub name: String,
    /// What it says of itself.
    pub description: Description,
}

impl Adapter {
    /// The API of a name.
    pub fn api(&self, name: &str) -> Option<&Api> {
        // The manual has the first, the packages the second.
        let corrected = name.replace("templateMessge", "templateMessage");
        let apis = &self.description.apis;
        apis.iter().find(|api| api.name == name).or_else(|| apis.iter().find(|api| api.name == corrected))
    }
}

type Listed = (Instant, Arc<[Adapter]>);

/// All adapters.
pub struct Adapters<C> {
    calls: C,
    listed: Mutex<Option<Listed>>,
}

impl<C: Calls> Adapters<C> {
    /// The adapters that calls reach.
    pub fn new(calls: C) -> Self {
        Self { calls, listed: Mutex::new(None) }
    }

    /// The adapters that are installed now.
    ///
    /// # Errors
    /// What the core answers.
    pub async fn all(&self) -> Result<Arc<[Adapter]>> {
        if let Some((listed, adapters)) = self.listed.lock().ok().and_then(|listed| listed.clone())
            && listed.elapsed() < FRESH
        {
            return Ok(adapters);
        }
        let names: Names = self.ask("", METHODS, &Prefix { prefix: ADAPTER.to_owned() }).await?;
        let mut adapters = Vec::new();
        for method in names.methods {
            let Some(name) = method.strip_prefix(ADAPTER).and_then(|rest| rest.strip_suffix(DESCRIBE)?.strip_suffix('.')) else {
                continue;
            };
            // One that is broken takes no other with it.
            match self.ask::<Description>("", &method, &serde_json::json!({})).await {
                Ok(description) => adapters.push(Adapter { name: name.to_owned(), description }),
                Err(error) => tracing::warn!(adapter = name, ?error, "an adapter does not describe itself"),
            }
        }
        let adapters: Arc<[Adapter]> = adapters.into();
        if let Ok(mut listed) = self.listed.lock() {
            *listed = Some((Instant::now(), adapters.clone()));
        }
        Ok(adapters)
    }

    /// The adapter for an API, and the app that it acts for: the first of `apps` that is there. A
    /// platform may be named.
    ///
    /// # Errors
    /// `FEATURE_NOT_SUPPORT` when no adapter has the API, `AppNotFound` when there is no app or
    /// several fit.
    pub async fn choose(&self, space: &str, api: &str, platform: &str, apps: &[&str]) -> Result<(Adapter, App)> {
        let adapters = self.all().await?;
        let fits = |adapter: &&Adapter| adapter.api(api).is_some() && (platform.is_empty() || adapter.description.platform == platform);
        let fitting: Vec<&Adapter> = adapters.iter().filter(fits).collect();
        if fitting.is_empty() {
            return Err(Error::new(FEATURE_NOT_SUPPORT, format!("no adapter has cloud.{api}")));
        }
        let mut missing: Vec<String> = Vec::new();
        for app in apps {
            let mut found: Vec<(Adapter, App)> = Vec::new();
            for adapter in &fitting {
                match self.app(space, &adapter.description.platform, app).await {
                    Ok(app) => found.push(((*adapter).clone(), app)),
                    Err(error) if error.code() == APP_NOT_FOUND => missing.push(error.message().to_owned()),
                    Err(error) => return Err(error),
                }
            }
            if found.len() > 1 {
                return Err(Error::new(APP_NOT_FOUND, "several platforms have the API: name one in options.platform"));
            }
            if let Some(found) = found.pop() {
                return Ok(found);
            }
        }
        missing.dedup();
        Err(Error::new(APP_NOT_FOUND, missing.join("; ")))
    }

    /// An app of a space, with its keys.
    ///
    /// # Errors
    /// `AppNotFound`, or what the plugin of apps answers.
    pub async fn app(&self, space: &str, platform: &str, app: &str) -> Result<App> {
        self.ask(space, APP, &Which { platform: platform.to_owned(), app_id: app.to_owned() }).await
    }

    /// Makes a call with an adapter.
    ///
    /// # Errors
    /// What the adapter answers.
    pub async fn call(&self, adapter: &str, space: &str, request: &Request) -> Result<Answer> {
        self.ask(space, &method(adapter, CALL), request).await
    }

    /// Asks what became of something.
    ///
    /// # Errors
    /// What the adapter answers.
    pub async fn find(&self, adapter: &str, space: &str, find: &Find) -> Result<Finding> {
        self.ask(space, &method(adapter, FIND), find).await
    }

    /// Has a notification checked.
    ///
    /// # Errors
    /// What the adapter answers.
    pub async fn receive(&self, adapter: &str, space: &str, delivery: &Delivery) -> Result<Received> {
        self.ask(space, &method(adapter, RECEIVE), delivery).await
    }

    async fn ask<T: DeserializeOwned>(&self, space: &str, method: &str, params: &impl Serialize) -> Result<T> {
        let mut call = Call::json(space, method, params)?;
        call.deadline = Instant::now() + PATIENCE;
        self.calls.make(call).await?.decode()
    }
}

/// Of a call that changes something: an error that says for sure that nothing was done stays, and
/// any other becomes `OUTCOME_UNKNOWN`.
pub fn doubted(error: Error) -> Error {
    match error.code() {
        OUTCOME_UNKNOWN | codes::INVALID_METHOD | codes::INVALID_PARAMS | codes::THROTTLED_CONCURRENCY | codes::CONFIG => error,
        INVALID_PARAM | INVALID_JSON_OBJECT | NOT_FOUND_PARAM | FEATURE_NOT_SUPPORT => error,
        _ => Error::new(OUTCOME_UNKNOWN, "the platform's answer did not come").retryable().with_source(error),
    }
}

fn method(adapter: &str, end: &str) -> String {
    format!("{ADAPTER}{adapter}.{end}")
}
