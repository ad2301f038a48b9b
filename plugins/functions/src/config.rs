//! The plugin's table in the TOML file.

use std::path::PathBuf;

use chrono_tz::Tz;
use sdk_plugin::{Error, Result, codes};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use crate::native::{Network, Policy};

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
    /// The longest that the JavaScript of a call may run, in seconds; what it waits for does not count.
    /// 60 by default, which only timers can reach.
    pub max_cpu_seconds: u64,
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
    /// How much memory the whole server may take before idle isolates end, in bytes. Three quarters of
    /// the machine's, or of its control group's, by default.
    pub memory_limit_bytes: Option<u64>,
    /// How many functions of one space run at once; 0 for no limit. 1,000 by default.
    pub space_concurrency: usize,
    /// How many calls of functions one space makes each second; 0 for no limit, which is the default.
    pub space_rate: u32,
    /// How long an isolate waits for another call before it goes, in seconds. 300 by default.
    pub idle_seconds: u64,
    /// How much memory unpacked packages may take in the cache, in bytes. 256 MB by default.
    pub package_cache_bytes: usize,
    /// How many invocations the log keeps for each function. 1,000 by default.
    pub log_retention: u64,
    /// How many invocations are logged each second at most; more are counted, not kept. Those that
    /// failed or wrote lines go first. 500 by default.
    pub log_rate: usize,
    /// Where functions may connect to although it is not on the public internet: addresses, networks
    /// or host names, each with a port or without, such as `10.0.0.0/8`, `127.0.0.1:8080`,
    /// `[fd00::/8]:443` or `redis.internal:6379`. None by default.
    pub allow_outbound: Vec<String>,
    /// Where functions may not connect to, in the same form; also if it is allowed. None by default.
    pub deny_outbound: Vec<String>,
    /// A file of certificates (PEM) of authorities that functions trust besides the public ones.
    pub ca_file: Option<PathBuf>,
}

impl Config {
    /// The network that functions see. Reads `ca_file`.
    ///
    /// # Errors
    /// `ParamInvalid` with what is wrong with an entry or with the file.
    pub fn network(&self) -> Result<Network> {
        let invalid = |message: String| Error::new(codes::PARAM_INVALID, message);
        let policy = Policy::new(&self.allow_outbound, &self.deny_outbound).map_err(invalid)?;
        let certificates = match &self.ca_file {
            Some(path) => std::fs::read(path).map_err(|error| invalid(format!("ca_file: {}: {error}", path.display())))?,
            None => Vec::new(),
        };
        Network::new(policy, &certificates).map_err(|error| invalid(format!("ca_file: {error}")))
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            max_package_bytes: 50 * 1024 * 1024,
            max_unpacked_bytes: 250 * 1024 * 1024,
            max_package_files: 20_000,
            max_timeout_seconds: 10,
            max_timer_seconds: 600,
            max_cpu_seconds: 60,
            max_timer_calls: 64,
            timer_zone: Tz::UTC,
            trigger_domain: None,
            max_reply_bytes: 6 * 1024 * 1024,
            instance_concurrency: 100,
            instances_per_function: std::thread::available_parallelism().map_or(2, |n| n.get()),
            max_instances: 256,
            memory_limit_bytes: None,
            space_concurrency: 1000,
            space_rate: 0,
            idle_seconds: 300,
            package_cache_bytes: 256 * 1024 * 1024,
            log_retention: 1000,
            log_rate: 500,
            allow_outbound: Vec::new(),
            deny_outbound: Vec::new(),
            ca_file: None,
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
