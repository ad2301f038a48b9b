//! Forwards `tracing` events of a plugin to the host's log.
//!
//! A plugin has its own copy of `tracing`, whose dispatcher knows nothing of the host's.

use std::fmt::Write as _;
use std::sync::{Arc, OnceLock, RwLock};

use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata, Subscriber, span};

use crate::abi::host::HostHandle;

/// Where log lines go: the instance that was made last, as libraries outlive their instances.
static TARGET: RwLock<Option<Arc<HostHandle>>> = RwLock::new(None);
static INSTALLED: OnceLock<()> = OnceLock::new();

/// Forwards events from `level` on. What the plugin's dependencies say is forwarded from `warn` on,
/// unless everything from `debug` on is wanted.
pub(crate) fn install(host: Arc<HostHandle>, level: &str, plugin_crate: &'static str) {
    if let Ok(mut target) = TARGET.write() {
        *target = Some(host);
    }
    let level = level.parse().unwrap_or(Level::INFO);
    INSTALLED.get_or_init(|| {
        let _ = tracing::subscriber::set_global_default(Forward { level, plugin_crate });
    });
}

struct Forward {
    level: Level,
    plugin_crate: &'static str,
}

impl Forward {
    fn wants(&self, level: Level, target: &str) -> bool {
        let own = target.split("::").next() == Some(self.plugin_crate);
        level <= self.level && (own || level <= Level::WARN || self.level >= Level::DEBUG)
    }
}

impl Subscriber for Forward {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && self.wants(*metadata.level(), metadata.target())
    }

    fn max_level_hint(&self) -> Option<tracing::level_filters::LevelFilter> {
        Some(self.level.into())
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        let host = TARGET.read().ok().and_then(|target| target.clone());
        let Some(host) = host else { return };
        let mut line = Line::default();
        event.record(&mut line);
        let metadata = event.metadata();
        host.log(*metadata.level(), metadata.target(), &line.message, &Value::Object(line.fields));
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

#[derive(Default)]
struct Line {
    message: String,
    fields: Map<String, Value>,
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        if field.name() == "message" {
            let _ = write!(self.message, "{value:?}");
        } else {
            self.fields.insert(field.name().to_owned(), Value::String(format!("{value:?}")));
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.fields.insert(field.name().to_owned(), Value::from(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.fields.insert(field.name().to_owned(), Value::from(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.fields.insert(field.name().to_owned(), Value::from(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.fields.insert(field.name().to_owned(), Value::from(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dependencies_are_heard_when_they_warn() {
        let info = Forward { level: Level::INFO, plugin_crate: "my_plugin" };
        assert!(info.wants(Level::INFO, "my_plugin::store"));
        assert!(!info.wants(Level::DEBUG, "my_plugin::store"));
        assert!(!info.wants(Level::INFO, "surrealdb::core"));
        assert!(info.wants(Level::WARN, "surrealdb::core"));
        assert!(Forward { level: Level::DEBUG, ..info }.wants(Level::DEBUG, "surrealdb::core"));
    }
}
