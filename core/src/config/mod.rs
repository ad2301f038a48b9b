//! The TOML file: what every key means, its default, and strict reading.

mod units;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::num::NonZeroU16;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sdk_plugin::config::with_hint;
use sdk_plugin::{Error, Result, codes};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::domains::host;

/// A commented configuration with every key at its default.
pub const TEMPLATE: &str = include_str!("template.toml");

/// The whole configuration. Every key has a default, so that no file is a working cloud.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where mpcloud keeps its files; `./data` by default.
    pub data: Option<PathBuf>,
    /// How requests come in.
    pub server: Server,
    /// What a request may cost.
    pub limits: Limits,
    /// Sessions of mini-program users.
    pub auth: Auth,
    /// What mini programs may do with collections that have no rules of their own.
    pub policy: Policy,
    /// The log.
    pub log: Log,
    /// The plugins by their ids. Those of a fresh installation are there unless they are disabled.
    pub plugins: BTreeMap<String, Plugin>,
}

/// `[server]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Server {
    /// Address and port; port 0 picks a free one.
    pub listen: SocketAddr,
    /// Address and port of a second listener, with TLS and the certificates of domains; none by
    /// default. Port 0 picks a free one.
    pub https: Option<SocketAddr>,
    /// `SPACE.` and this is the default domain of a space's website.
    pub base_domain: String,
    /// The URL that clients reach the server by; `http(s)://` and the listen address by default.
    pub public_url: Option<String>,
    /// The port that clients reach `https`, or the proxy's HTTPS, by, where a mapping makes it
    /// another one; that of an `https:` [`public_url`](Self::public_url) by default.
    pub public_https_port: Option<NonZeroU16>,
    /// Certificate chain and key, both PEM files, for hosts that have no certificate of their own.
    /// They are used by `https`; where there is none, `listen` takes HTTPS with them.
    pub tls: Option<Tls>,
    /// Whether the last address of `X-Forwarded-For`, and the last scheme of `X-Forwarded-Proto`,
    /// are believed. Only behind a proxy that sets both, or removes what clients send.
    pub trust_forwarded_for: bool,
    /// How long requests in flight have when the server stops.
    #[serde(with = "units::duration")]
    pub shutdown_timeout: Duration,
}

/// `[server.tls]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// The certificate chain, leaf first.
    pub cert: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

/// `[limits]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// All headers of a request together.
    #[serde(with = "units::size")]
    pub headers: usize,
    /// A body on `/client`, `/server` and the management API, after decompression.
    #[serde(with = "units::size")]
    pub body: usize,
    /// Connections at once; more wait to be accepted.
    pub connections: usize,
    /// The time to send all headers of a request.
    #[serde(with = "units::duration")]
    pub header_timeout: Duration,
    /// The time to send a body on `/client`, `/server` and the management API.
    #[serde(with = "units::duration")]
    pub body_timeout: Duration,
    /// The deadline of a call that comes in by `/client`, `/server` or the management API.
    #[serde(with = "units::duration")]
    pub call_timeout: Duration,
}

/// `[auth]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Auth {
    /// How long a new session lasts without a call.
    #[serde(with = "units::duration")]
    pub session_initial: Duration,
    /// How long a session lasts after each call.
    #[serde(with = "units::duration")]
    pub session_extended: Duration,
}

/// `[policy]`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// Whether mini programs may read collections.
    pub data_read: bool,
    /// Whether mini programs may write to collections.
    pub data_write: bool,
}

/// `[log]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// `error`, `warn`, `info`, `debug`, `trace`, or a filter as the environment variable `RUST_LOG` takes.
    pub level: String,
    /// How lines look.
    pub format: LogFormat,
    /// Whether every request is a line; failed ones always are.
    pub requests: bool,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// `[plugins.ID]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Plugin {
    /// The library's name without prefix and suffix: `db_surreal` is `libdb_surreal.so`.
    pub library: Option<String>,
    /// The library's file, where it is not beside the others.
    pub path: Option<PathBuf>,
    /// False leaves a plugin out.
    pub enabled: Option<bool>,
    /// False lets the server start without it; the failure is a state that `plugin list` shows.
    pub required: Option<bool>,
    /// The plugin's own keys.
    pub config: Map<String, Value>,
}

/// The plugins of a fresh installation: id and library.
const DEFAULT_PLUGINS: [(&str, &str); 13] = [
    ("db", "db_surreal"),
    ("db_tasks", "db_tasks"),
    ("storage", "storage_opendal"),
    ("files", "storage_files"),
    ("sites", "hosting_sites"),
    ("domains", "hosting_domains"),
    ("functions", "functions"),
    ("platforms", "cloudcall_platforms"),
    ("cloudcall", "cloudcall_calls"),
    ("alipay", "cloudcall_alipay"),
    ("wechat", "cloudcall_wechatpay"),
    ("dingtalk", "login_dingtalk"),
    ("analytics", "analytics"),
];

impl Default for Server {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8520)),
            https: None,
            base_domain: "localhost".into(),
            public_url: None,
            public_https_port: None,
            tls: None,
            trust_forwarded_for: false,
            shutdown_timeout: Duration::from_secs(30),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            headers: 32 << 10,
            body: 4 << 20,
            connections: 10_000,
            header_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(30),
            call_timeout: Duration::from_secs(60),
        }
    }
}

impl Default for Auth {
    fn default() -> Self {
        Self { session_initial: Duration::from_secs(600), session_extended: Duration::from_secs(1800) }
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self { data_read: true, data_write: false }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self { level: "info".into(), format: LogFormat::default(), requests: false }
    }
}

impl Config {
    /// Reads a file, or the defaults where none is named.
    ///
    /// # Errors
    /// `InvalidConfiguration` with file, line and what is wrong; an unknown key names the nearest.
    pub fn load(file: Option<&Path>) -> Result<Self> {
        let Some(file) = file else { return Self::parse("") };
        let text = std::fs::read_to_string(file).map_err(|e| Error::new(codes::CONFIG, format!("cannot read {}: {e}", file.display())))?;
        Self::parse(&text).map_err(|e| Error::new(codes::CONFIG, format!("{}: {}", file.display(), e.message())))
    }

    /// Reads TOML text.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn parse(text: &str) -> Result<Self> {
        let mut config: Self = toml::from_str(text).map_err(|e| {
            let before = e.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            let line = before.matches('\n').count() + 1;
            Error::new(codes::CONFIG, format!("line {line}: {}", with_hint(e.message())))
        })?;
        for (id, library) in DEFAULT_PLUGINS {
            let plugin = config.plugins.entry(id.into()).or_default();
            if plugin.library.is_none() && plugin.path.is_none() {
                plugin.library = Some(library.into());
            }
        }
        if !(1..=MAX_CONNECTIONS).contains(&config.limits.connections) {
            return Err(Error::new(codes::CONFIG, format!("limits.connections must be between 1 and {MAX_CONNECTIONS}")));
        }
        if let Some(url) = &config.server.public_url {
            let parsed = url.parse::<http::Uri>().ok();
            if !parsed
                .is_some_and(|uri| matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some_and(|host| !host.is_empty()))
            {
                let message = format!("server.public_url: `{url}` is no URL such as \"https://cloud.example.com\"");
                return Err(Error::new(codes::CONFIG, message));
            }
        }
        if let Err(what) = host::check(&config.server.base_domain) {
            return Err(Error::new(codes::CONFIG, format!("server.base_domain: `{}` {what}", config.server.base_domain)));
        }
        crate::telemetry::log::check(&config.log)?;
        for (id, plugin) in &config.plugins {
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
            if id.is_empty() || !id.chars().all(plain) {
                return Err(Error::new(codes::CONFIG, format!("plugins.{id}: an id has only lower-case letters, digits, `-` and `_`")));
            }
            if plugin.library.is_none() && plugin.path.is_none() {
                return Err(Error::new(codes::CONFIG, format!("plugins.{id}: needs `library = \"NAME\"`, or `path` to a library file")));
            }
        }
        Ok(config)
    }

    /// The folder that everything is kept in.
    pub fn data_dir(&self) -> PathBuf {
        self.data.clone().unwrap_or_else(|| PathBuf::from("data"))
    }
}

/// The most connections that may be allowed at once.
const MAX_CONNECTIONS: usize = 1_000_000;

impl Plugin {
    /// Whether it is to be loaded.
    pub fn is_enabled(&self) -> bool {
        self.enabled.unwrap_or(true)
    }

    /// Whether the server must not start without it.
    pub fn is_required(&self) -> bool {
        self.required.unwrap_or(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_cannot_work_are_refused() {
        for (text, named) in [
            ("[limits]\nconnections = 0", "limits.connections"),
            ("[limits]\nconnections = 9223372036854775807", "limits.connections"),
            ("[server]\npublic_url = \"not a url\"", "server.public_url"),
            ("[server]\npublic_url = \"ftp://a\"", "server.public_url"),
            ("[server]\nbase_domain = \"Example.com\"", "server.base_domain"),
            ("[server]\nbase_domain = \"127.0.0.1\"", "server.base_domain"),
            ("[server]\nbase_domain = \"\"", "server.base_domain"),
            ("[server]\nhttps = \"443\"", "line 2"),
            ("[server]\npublic_https_port = 0", "line 2"),
            ("[log]\nlevel = \"nonsense=[[\"", "log.level"),
        ] {
            let error = Config::parse(text).expect_err(text);
            assert!(error.message().contains(named), "{text}: {}", error.message());
        }
        Config::parse("[server]\npublic_url = \"https://cloud.example.com:8443\"").expect("a URL");
    }

    #[test]
    fn no_file_is_a_working_cloud_and_the_template_says_the_same() {
        let defaults = Config::parse("").expect("defaults");
        let template = Config::parse(TEMPLATE).expect("the template is valid");
        assert_eq!(format!("{defaults:?}"), format!("{template:?}"));
        assert_eq!(
            defaults.plugins.keys().collect::<Vec<_>>(),
            [
                "alipay",
                "analytics",
                "cloudcall",
                "db",
                "db_tasks",
                "dingtalk",
                "domains",
                "files",
                "functions",
                "platforms",
                "sites",
                "storage",
                "wechat"
            ]
        );
    }

    #[test]
    fn every_key_of_the_template_is_known_when_it_is_set() {
        let set: String = TEMPLATE.lines().map(|line| line.strip_prefix("#= ").unwrap_or(line)).collect::<Vec<_>>().join("\n");
        let config = Config::parse(&set).expect("the template with all keys set is valid");
        assert_eq!(config.limits.connections, 10_000);
    }

    #[test]
    fn an_unknown_key_is_named_with_its_line_and_the_nearest() {
        let error = Config::parse("[server]\nlisten = \"127.0.0.1:1\"\nlissten = 1\n").expect_err("unknown key");
        assert!(error.message().contains("line 3"), "{}", error.message());
        assert!(error.message().contains("did you mean `listen`?"), "{}", error.message());
    }

    #[test]
    fn units_are_checked() {
        assert_eq!(Config::parse("[auth]\nsession_initial = \"250ms\"").expect("valid").auth.session_initial, Duration::from_millis(250));
        assert_eq!(Config::parse("[limits]\nbody = \"1MiB\"").expect("valid").limits.body, 1 << 20);
        assert!(Config::parse("[limits]\nbody = \"1 furlong\"").expect_err("no such unit").message().contains("MiB"));
        assert!(Config::parse("[plugins.x]\n").expect_err("no library").message().contains("library"));
    }
}
