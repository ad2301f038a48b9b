//! The plugin's table in the TOML file.

use chrono_tz::Tz;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

/// Limits of the function service. Every key is optional.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The largest zip that can be uploaded, in bytes. 50 MB by default.
    pub max_package_bytes: u64,
    /// The most that a package may hold once it is unpacked, in bytes. 250 MB by default.
    pub max_unpacked_bytes: u64,
    /// The most files in a package. 20,000 by default.
    pub max_package_files: usize,
    /// The longest that a call may run unless a timer makes it, in seconds. 10 by default, as the
    /// manual says in 2.9.
    pub max_timeout_seconds: u64,
    /// The longest that a timer's call may run, in seconds. 600 by default, as the manual says.
    pub max_timer_seconds: u64,
    /// How many functions timers run at once; others wait. 64 by default.
    pub max_timer_calls: usize,
    /// The time zone in which timers are due, such as "Asia/Shanghai". "UTC" by default.
    #[serde(deserialize_with = "zone")]
    pub timer_zone: Tz,
    /// A domain whose subdomains all lead to this server, such as "fn.example.com": HTTP triggers
    /// of a space are at `SPACE.fn.example.com` then. Without it they are at `/trigger/SPACE`.
    #[serde(deserialize_with = "domain")]
    pub trigger_domain: Option<String>,
    /// The largest return value as JSON text, in bytes. 6 MB by default.
    pub max_reply_bytes: usize,
    /// How many calls run at once in one isolate, unless the function's InstanceConcurrency says
    /// otherwise. 100 by default.
    pub instance_concurrency: u32,
    /// How many isolates one function gets because the others are busy computing. The number of
    /// cores by default. A function whose isolates are full, not busy, gets more.
    pub instances_per_function: usize,
    /// How many isolates there are at once. 256 by default; the one idle for longest makes room.
    pub max_instances: usize,
    /// How long an isolate waits for another call before it goes, in seconds. 300 by default.
    pub idle_seconds: u64,
    /// How much memory unpacked packages may take in the cache, in bytes. 256 MB by default.
    pub package_cache_bytes: usize,
    /// How many invocations the log keeps for each function. 1,000 by default.
    pub log_retention: u64,
    /// How many invocations are logged each second at most; more are counted, not kept. Those that
    /// failed or wrote lines go first. 500 by default.
    pub log_rate: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            max_package_bytes: 50 * 1024 * 1024,
            max_unpacked_bytes: 250 * 1024 * 1024,
            max_package_files: 20_000,
            max_timeout_seconds: 10,
            max_timer_seconds: 600,
            max_timer_calls: 64,
            timer_zone: Tz::UTC,
            trigger_domain: None,
            max_reply_bytes: 6 * 1024 * 1024,
            instance_concurrency: 100,
            instances_per_function: std::thread::available_parallelism().map_or(2, |n| n.get()),
            max_instances: 256,
            idle_seconds: 300,
            package_cache_bytes: 256 * 1024 * 1024,
            log_retention: 1000,
            log_rate: 500,
        }
    }
}

fn zone<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Tz, D::Error> {
    let name = String::deserialize(deserializer)?;
    name.parse().map_err(|_| D::Error::custom(format!("timer_zone: `{name}` is no time zone such as \"Asia/Shanghai\"")))
}

fn domain<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let domain = String::deserialize(deserializer)?.to_ascii_lowercase();
    let (host, port) = domain.split_once(':').map_or((domain.as_str(), None), |(host, port)| (host, Some(port)));
    let label = |label: &str| !label.is_empty() && label.len() <= 63 && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let good = host.len() <= 200 && host.split('.').all(label) && port.is_none_or(|port| port.parse::<u16>().is_ok());
    if good {
        Ok(Some(domain))
    } else {
        Err(D::Error::custom(format!("trigger_domain: `{domain}` is no domain such as \"fn.example.com\"")))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn zones_and_domains_are_checked() {
        let read = |table: Value| serde_json::from_value::<Config>(table).map_err(|error| error.to_string());
        let config = read(json!({"timer_zone": "Asia/Shanghai", "trigger_domain": "Fn.Example.com:8443"})).unwrap();
        assert_eq!((config.timer_zone, config.trigger_domain.as_deref()), (Tz::Asia__Shanghai, Some("fn.example.com:8443")));
        assert_eq!(read(json!({})).unwrap().timer_zone, Tz::UTC);
        for (table, says) in [
            (json!({"timer_zone": "Mars/Olympus"}), "Mars/Olympus"),
            (json!({"trigger_domain": ""}), "trigger_domain"),
            (json!({"trigger_domain": "https://fn.example.com"}), "trigger_domain"),
            (json!({"trigger_domain": "fn..example"}), "trigger_domain"),
            (json!({"trigger_domain": "fn.example.com:http"}), "trigger_domain"),
        ] {
            let error = read(table).unwrap_err();
            assert!(error.contains(says), "{error}");
        }
    }
}
