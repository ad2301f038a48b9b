//! Metrics in Prometheus' text format, at `/metrics`.

use std::fmt::Write;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

/// Labels of a request: where it came in, and how it ended.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct RequestLabels {
    /// `client`, `server`, `management`, `plugin`, `site` or `other`.
    pub surface: &'static str,
    /// `ok`, or the error's code.
    pub code: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Surface {
    surface: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct PluginLabel {
    plugin: String,
}

/// All metrics of the process.
pub struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    request_seconds: Family<Surface, Histogram>,
    calls: Family<PluginLabel, Counter>,
    call_errors: Family<PluginLabel, Counter>,
    call_seconds: Family<PluginLabel, Histogram>,
    ready: Family<PluginLabel, Gauge>,
    /// Open connections.
    pub connections: Gauge,
    /// Sessions that were begun.
    pub sessions: Counter,
}

/// The metrics of one plugin, looked up once.
#[derive(Clone)]
pub struct PluginMetrics {
    /// Calls that were made.
    pub calls: Counter,
    /// Calls that ended with an error.
    pub errors: Counter,
    /// How long they took.
    pub seconds: Histogram,
    /// 1 while it takes calls.
    pub ready: Gauge,
}

/// From a tenth of a millisecond to ten seconds.
fn latency() -> Histogram {
    Histogram::new([0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0])
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("mpcloud");
        let requests = Family::default();
        registry.register("http_requests", "Requests by surface and result", requests.clone());
        let request_seconds = Family::new_with_constructor(latency as fn() -> Histogram);
        registry.register_with_unit("http_request", "Time to answer a request", Unit::Seconds, request_seconds.clone());
        let calls = Family::default();
        registry.register("plugin_calls", "Calls of a plugin's methods", calls.clone());
        let call_errors = Family::default();
        registry.register("plugin_call_errors", "Calls of a plugin's methods that ended with an error", call_errors.clone());
        let call_seconds = Family::new_with_constructor(latency as fn() -> Histogram);
        registry.register_with_unit("plugin_call", "Time of a plugin's methods", Unit::Seconds, call_seconds.clone());
        let ready = Family::default();
        registry.register("plugin_ready", "1 while the plugin takes calls", ready.clone());
        let connections = Gauge::<i64, std::sync::atomic::AtomicI64>::default();
        registry.register("http_connections", "Open connections", connections.clone());
        let sessions = Counter::<u64, AtomicU64>::default();
        registry.register("sessions", "Sessions that were begun", sessions.clone());
        Self { registry, requests, request_seconds, calls, call_errors, call_seconds, ready, connections, sessions }
    }
}

impl Metrics {
    /// Counts a request that was answered.
    pub fn request(&self, surface: &'static str, code: &str, took: Duration) {
        self.requests.get_or_create(&RequestLabels { surface, code: code.to_owned() }).inc();
        self.request_seconds.get_or_create(&Surface { surface }).observe(took.as_secs_f64());
    }

    /// The metrics of a plugin.
    pub fn plugin(&self, id: &str) -> PluginMetrics {
        let label = PluginLabel { plugin: id.to_owned() };
        PluginMetrics {
            calls: self.calls.get_or_create(&label).clone(),
            errors: self.call_errors.get_or_create(&label).clone(),
            seconds: self.call_seconds.get_or_create(&label).clone(),
            ready: self.ready.get_or_create(&label).clone(),
        }
    }

    /// All of it in the OpenMetrics text format.
    pub fn encode(&self) -> String {
        let mut out = String::new();
        if text::encode(&mut out, &self.registry).is_err() {
            let _ = write!(out, "# EOF");
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_are_encoded_with_their_labels() {
        let metrics = Metrics::default();
        metrics.request("client", "ok", Duration::from_millis(3));
        metrics.plugin("db").calls.inc();
        let text = metrics.encode();
        assert!(text.contains("mpcloud_http_requests_total{surface=\"client\",code=\"ok\"} 1"), "{text}");
        assert!(text.contains("mpcloud_plugin_calls_total{plugin=\"db\"} 1"), "{text}");
    }
}
