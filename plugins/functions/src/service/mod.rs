//! The service: its records, its packages, its runtime, and the way of a call.

mod quota;

use std::borrow::Cow;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use sdk_plugin::contract::db::Collection;
use sdk_plugin::contract::{Calls, SYSTEM_SPACE, storage};
use sdk_plugin::{Call, CallerKind, Error, Event, Host, Reply, Result, codes};
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

use self::quota::Quota;
use crate::cache::{Functions, Packages, Ready};
use crate::config::Config;
use crate::engine::Engine;
use crate::logs::{Entry, Sink};
use crate::native::Network;
use crate::package::{self, Package};
use crate::record::{Function, package_key};
use crate::runtime::{self, Invocation, Lines, Outcome, Packed, PoolLimits, Runtime, Target, Through, now};
use crate::trigger::Triggers;

/// What the service needs of mpcloud.
pub trait Edge: Calls {
    /// Tells of an event.
    fn emit(&self, event: Event) -> impl Future<Output = Result<()>> + Send;
}

impl Edge for Host {
    async fn emit(&self, event: Event) -> Result<()> {
        Host::emit(self, event).await
    }
}

/// The function service.
pub struct Service<E> {
    pub(crate) edge: E,
    pub(crate) config: Config,
    /// The key of signed addresses.
    pub(crate) secret: Vec<u8>,
    pub(crate) functions: Collection<E>,
    pub(crate) deployments: Collection<E>,
    pub(crate) known: Functions,
    pub(crate) packages: Packages,
    pub(crate) engine: Engine,
    pub(crate) logs: Arc<Sink<E>>,
    quota: Quota,
    pub(crate) triggers: Triggers<E>,
}

/// What a finished invocation took.
pub struct Finished {
    /// The result.
    pub outcome: Outcome,
    /// How long the function ran.
    pub duration: Duration,
}

/// The parameters of `serverless.function.runtime.invoke`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Invoke<'a> {
    #[serde(borrow)]
    function_target: Cow<'a, str>,
    #[serde(borrow, default)]
    function_args: Option<&'a RawValue>,
}

/// A package in storage, or in the cache.
struct Stored<'a, E> {
    service: &'a Service<E>,
    key: &'a str,
}

impl<E: Edge> Packed for Stored<'_, E> {
    fn read(&self) -> Pin<Box<dyn Future<Output = Result<Arc<Package>>> + Send + '_>> {
        Box::pin(self.service.package(self.key))
    }
}

impl<E: Edge> Service<E> {
    /// A service whose functions see a network. Must be called inside a tokio runtime.
    pub fn new(config: Config, edge: E, secret: Vec<u8>, network: Arc<Network>) -> Self {
        let limits = PoolLimits {
            per_function: config.instances_per_function.max(1),
            total: config.max_instances.max(1),
            idle: Duration::from_secs(config.idle_seconds.max(1)),
            memory: runtime::memory_limit(config.memory_limit_bytes),
        };
        Self {
            engine: Engine::new(limits, config.max_reply_bytes, Arc::new(Through(edge.clone())), network),
            functions: Collection::new(edge.clone(), SYSTEM_SPACE, "functions"),
            deployments: Collection::new(edge.clone(), SYSTEM_SPACE, "function_deployments"),
            known: Functions::default(),
            packages: Packages::new(config.package_cache_bytes),
            logs: Sink::start(edge.clone(), config.log_retention, config.log_rate),
            quota: Quota::new(config.space_concurrency, config.space_rate),
            triggers: Triggers::new(&edge, config.max_timer_calls),
            edge,
            config,
            secret,
        }
    }

    /// `serverless.function.runtime.invoke`: the return value as JSON text.
    ///
    /// # Errors
    /// `FunctionBizError` when the function throws, `FunctionResourceExhausted` when it runs out of
    /// time or memory, `FunctionServerError` when there is no such function or it cannot run.
    pub async fn invoke(&self, call: Call) -> Result<Reply> {
        let params = call.params.clone();
        let Invoke { function_target, function_args } =
            serde_json::from_slice(&params).map_err(|e| Error::invalid_params(format!("params of {}: {e}", call.method)))?;
        let args = function_args.map_or("{}", RawValue::get).to_owned();
        let finished = self.run(call, &function_target, args).await?;
        finished.outcome.result.map(|text| Reply::raw(Bytes::from(text)))
    }

    /// Runs a function and logs it.
    ///
    /// # Errors
    /// `FunctionServerError` when it could not be begun.
    pub async fn run(&self, mut call: Call, name: &str, args: String) -> Result<Finished> {
        let permit = self.quota.enter(&call.space)?;
        let ready = match self.known.get(&call.space, name) {
            Some(ready) => ready,
            None => self.look_up(&call.space, name).await?,
        };
        let most = if call.caller.kind == CallerKind::Timer { self.config.max_timer_seconds } else { self.config.max_timeout_seconds };
        call.deadline = runtime::within(call.deadline, ready.timeout.min(most));
        let cpu = Duration::from_secs(self.config.max_cpu_seconds.max(1));
        call.params = Bytes::new();
        let lines = Arc::new(Lines::default());
        let (time, began, request_id) = (now(), Instant::now(), call.request_id.clone());
        let invocation = Invocation { call, args, cpu, lines: lines.clone() };
        let package = Stored { service: self, key: &ready.package };
        let outcome = runtime::run(&self.engine, &ready.target, &package, invocation, Box::new(permit)).await?;
        let duration = began.elapsed();
        self.log(&ready.target, request_id, time, duration, &outcome, &lines);
        Ok(Finished { outcome, duration })
    }

    fn log(&self, target: &Arc<Target>, request_id: String, time: u64, duration: Duration, outcome: &Outcome, lines: &Lines) {
        let succeeded = outcome.result.is_ok();
        if !self.logs.has_room(!succeeded || !lines.is_empty()) {
            return;
        }
        if let Err(error) = &outcome.result
            && error.code() != codes::FUNCTION
        {
            lines.push("error", error.message().to_owned());
        }
        let (lines, dropped) = lines.take();
        self.logs.push(Entry { target: target.clone(), request_id, succeeded, time, duration, memory: outcome.memory, lines, dropped });
    }

    /// Puts a line into a function's log that no run of it wrote.
    pub(crate) fn note(&self, space: &str, name: &str, request_id: String, text: String) {
        if !self.logs.has_room(true) {
            return;
        }
        let lines = Lines::default();
        lines.push("error", text);
        let (lines, dropped) = lines.take();
        let target = Target { key: "".into(), space: space.to_owned(), name: name.to_owned(), memory: 0, concurrency: 1 };
        let (target, time, duration) = (Arc::new(target), now(), Duration::ZERO);
        self.logs.push(Entry { target, request_id, succeeded: false, time, duration, memory: 0, lines, dropped });
    }

    async fn look_up(&self, space: &str, name: &str) -> Result<Arc<Ready>> {
        let missing = |what: &str| Error::new(codes::FUNCTION_SERVER, format!("the function `{name}` {what}"));
        let function: Function = self.functions.get(&Function::id(space, name)).await?.ok_or_else(|| missing("does not exist"))?;
        let deployment = function.deployment.as_ref().ok_or_else(|| missing("has not been deployed"))?;
        let concurrency = function.concurrency(self.config.instance_concurrency);
        let package = function.package.as_ref().ok_or_else(|| missing("has no package"))?;
        let package = package_key(space, name, package);
        let ready = Arc::new(Ready {
            target: Arc::new(Target {
                key: format!("{deployment}:{}:{concurrency}", function.memory).into(),
                space: space.to_owned(),
                name: name.to_owned(),
                memory: function.memory as usize * 1024 * 1024,
                concurrency: concurrency as usize,
            }),
            package,
            timeout: u64::from(function.timeout),
        });
        self.known.put(ready.clone());
        Ok(ready)
    }

    async fn package(&self, key: &str) -> Result<Arc<Package>> {
        self.packages.get(key, || self.read_package(key)).await
    }

    /// Reads and checks a package from storage.
    pub(crate) async fn read_package(&self, key: &str) -> Result<Package> {
        let limit = usize::try_from(self.config.max_package_bytes).unwrap_or(usize::MAX);
        let mut call = Call::json(SYSTEM_SPACE, storage::GET, &json!({"key": key}))?;
        call.deadline = Instant::now() + Duration::from_secs(60);
        let reply = self.edge.make(call).await?;
        let body = reply.body.ok_or_else(|| Error::internal("storage answered without a body").with_operation(storage::GET))?;
        let zip = body.collect(limit).await?;
        let limits = package::Limits::from(&self.config);
        tokio::task::spawn_blocking(move || package::read(&zip, limits)).await.map_err(Error::internal)?
    }

    /// Forgets what is cached of a function, and lets its instances end; of a space, without a name.
    pub(crate) fn invalidate(&self, space: &str, name: Option<&str>) {
        self.known.forget(space, name);
        self.triggers.routes.forget(space);
        self.engine.retire(space, name);
    }

    /// Removes everything of a space. Doing it twice does no harm.
    ///
    /// # Errors
    /// What the database or the storage answers; then it must be done again.
    pub async fn remove_space(&self, space: &str) -> Result<()> {
        self.invalidate(space, None);
        let of = json!({"spaceId": space});
        self.functions.delete(of.clone()).await?;
        self.deployments.delete(of.clone()).await?;
        self.remove_triggers(space).await?;
        self.logs.flush().await?;
        Collection::new(self.edge.clone(), SYSTEM_SPACE, crate::logs::COLLECTION).delete(of).await?;
        self.storage(storage::DELETE_FOLDER, &crate::record::space_folder(space)).await
    }

    pub(crate) async fn storage(&self, method: &str, key: &str) -> Result<()> {
        self.edge.make(Call::json(SYSTEM_SPACE, method, &json!({"key": key}))?).await.map(drop)
    }
}

#[cfg(test)]
pub mod testing;
#[cfg(test)]
mod tests;
