//! Log lines on standard error, as text or JSON.

use sdk_plugin::{Error, Result, codes};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::time::SystemTime;

use crate::config::{Log, LogFormat};

/// Checks the level.
///
/// # Errors
/// `InvalidConfiguration` when it is not a filter.
pub fn check(config: &Log) -> Result<()> {
    filter(config).map(drop)
}

fn filter(config: &Log) -> Result<EnvFilter> {
    EnvFilter::try_new(&config.level)
        .map_err(|e| Error::new(codes::CONFIG, format!("log.level: `{}` is not a level or filter: {e}", config.level)))
}

/// Sets the process's log up, once.
///
/// # Errors
/// `InvalidConfiguration` when the level is not a filter.
pub fn init(config: &Log) -> Result<()> {
    let filter = filter(config)?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_timer(SystemTime);
    let done = match config.format {
        LogFormat::Text => builder.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).with_current_span(false).with_span_list(false).try_init(),
    };
    // A second server in one process, as tests have, shares the first one's log.
    let _ = done;
    Ok(())
}

/// The lowest level that any part of a filter lets through, for plugins.
pub fn lowest_level(filter: &str) -> &'static str {
    ["trace", "debug", "info", "warn", "error"].into_iter().find(|level| filter.to_ascii_lowercase().contains(level)).unwrap_or("info")
}

#[cfg(test)]
mod tests {
    #[test]
    fn plugins_get_the_lowest_level_of_a_filter() {
        assert_eq!(super::lowest_level("info,mpcloud=debug"), "debug");
        assert_eq!(super::lowest_level("WARN"), "warn");
    }
}
