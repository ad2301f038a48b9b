//! Reports: parameters are read, the state is brought up to date, and the engine computes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use analytics_engine::report::table::Tabular;
use analytics_engine::report::{
    active_users, channel_day, channel_list, channel_top, channel_trend, frequency, launches, new_users, overview, realtime, retention,
    trend, use_time,
};
use analytics_engine::{Result as EngineResult, Snapshot};
use bytes::Bytes;
use sdk_plugin::contract::Calls;
use sdk_plugin::{Call, Error, Reply, Result, codes};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::apps::App;
use crate::errors::engine;
use crate::service::Service;
use crate::state::blocking;

/// How long a report waits for the state of an application.
const PATIENCE: Duration = Duration::from_secs(30);

/// What all reports' methods begin with.
pub const PREFIX: &str = "analytics.report.";

/// The methods of all reports.
pub const METHODS: [&str; 13] = [
    "analytics.report.overview",
    "analytics.report.trend",
    "analytics.report.realtime",
    "analytics.report.newUsers",
    "analytics.report.activeUsers",
    "analytics.report.launches",
    "analytics.report.retention",
    "analytics.report.useTime",
    "analytics.report.frequency",
    "analytics.report.channelTop",
    "analytics.report.channelDay",
    "analytics.report.channelList",
    "analytics.report.channelTrend",
];

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Format {
    #[default]
    Json,
    Csv,
}

/// The parameters of a report that has none.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// The parameters of a report beside those that all have.
struct Asked {
    params: Map<String, Value>,
    format: Format,
}

impl Asked {
    fn params<P: DeserializeOwned>(&mut self, name: &str) -> Result<P> {
        let params = Value::Object(std::mem::take(&mut self.params));
        serde_json::from_value(params).map_err(|error| Error::invalid_params(format!("params of {PREFIX}{name}: {error}")))
    }

    fn answer<R: Serialize + Tabular>(&self, report: EngineResult<R>) -> Result<Bytes> {
        let report = report.map_err(engine)?;
        let json = match self.format {
            Format::Json => serde_json::to_vec(&report),
            Format::Csv => serde_json::to_vec(&json!({"csv": report.table().csv()})),
        };
        json.map(Bytes::from).map_err(Error::internal)
    }

    /// Makes the report of a name.
    fn make(&mut self, name: &str, snapshot: &Snapshot) -> Result<Bytes> {
        macro_rules! report {
            ($report:path) => {{
                let params = self.params(name)?;
                self.answer($report(snapshot, &params))
            }};
        }
        match name {
            "overview" => {
                let Nothing {} = self.params(name)?;
                self.answer(Ok(overview::overview(snapshot)))
            }
            "realtime" => {
                let Nothing {} = self.params(name)?;
                self.answer(Ok(realtime::realtime(snapshot)))
            }
            "trend" => report!(trend::trend),
            "newUsers" => report!(new_users::new_users),
            "activeUsers" => report!(active_users::active_users),
            "launches" => report!(launches::launches),
            "retention" => report!(retention::retention),
            "useTime" => report!(use_time::use_time),
            "frequency" => report!(frequency::frequency),
            "channelTop" => report!(channel_top::top),
            "channelDay" => report!(channel_day::channel_day),
            "channelList" => report!(channel_list::channel_list),
            "channelTrend" => report!(channel_trend::channel_trend),
            _ => Err(Error::new(codes::INVALID_METHOD, format!("there is no method {PREFIX}{name}"))),
        }
    }
}

impl<C: Calls> Service<C> {
    /// Makes the report that a call asks for.
    ///
    /// # Errors
    /// `InvalidParams.Format`, `InvalidAppKey.NotFound`, or what database and storage answer.
    pub async fn report(&self, call: &Call) -> Result<Reply> {
        let name = call.method.strip_prefix(PREFIX).unwrap_or_default().to_owned();
        let mut params: Map<String, Value> = call.decode()?;
        let key = match params.remove("appKey") {
            Some(Value::String(key)) => key,
            _ => return Err(Error::invalid_params(format!("params of {PREFIX}{name}: `appKey` must be the AppKey of an application"))),
        };
        let format = match params.remove("format") {
            None => Format::Json,
            Some(format) => serde_json::from_value(format).map_err(|_| Error::invalid_params("`format` must be \"json\" or \"csv\""))?,
        };
        let app = self.apps.of(&call.space, &key).await?;
        let snapshot = self.snapshot_by(app, call.deadline).await?;
        let mut asked = Asked { params, format };
        blocking(move || asked.make(&name, &snapshot)).await?.map(Reply::raw)
    }

    /// The state of an application now.
    ///
    /// # Errors
    /// What database and storage answer; `ServiceUnavailable` when it is not there in time.
    pub async fn snapshot(&self, app: Arc<App>) -> Result<Snapshot> {
        self.snapshot_by(app, Instant::now() + PATIENCE).await
    }

    /// As [`Service::snapshot`], for whoever waits until `deadline`.
    async fn snapshot_by(&self, app: Arc<App>, deadline: Instant) -> Result<Snapshot> {
        let now = Instant::now();
        // What is left is for the answer.
        let wait = (deadline.saturating_duration_since(now) * 9 / 10).min(PATIENCE);
        let snapshot = self.registry.snapshot(&self.store, app, self.how(), now + wait).await;
        self.registry.evict(self.idle(), self.config.memory());
        snapshot
    }

    /// The names of an application's channels, without that of none.
    ///
    /// # Errors
    /// `InvalidAppKey.NotFound`, or what database and storage answer.
    pub async fn channels(&self, space: &str, key: &str) -> Result<Vec<String>> {
        let snapshot = self.snapshot(self.apps.of(space, key).await?).await?;
        let mut names: Vec<String> = snapshot.channels.names().filter(|name| !name.is_empty()).map(str::to_owned).collect();
        names.sort_unstable();
        Ok(names)
    }
}
