//! Refusals for exceeded limits. The client keeps its events, so that whoever runs the server has to
//! hear of it: by the log, once a minute for each limit.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use sdk_plugin::Error;

use crate::errors::throttled;

const EVERY: Duration = Duration::from_secs(60);

/// What is refused since a minute.
#[derive(Debug, Default)]
pub struct Refusals(Mutex<HashMap<&'static str, Instant>>);

/// `Throttling.Api`; `limit` is the key of the configuration.
pub fn refusal(limit: &'static str, why: &str) -> Error {
    throttled(&format!("{why} ({limit}): keep the events and send them again later"))
}

impl Refusals {
    /// A [`refusal`] of what an application sends.
    pub fn refuse(&self, app: &str, limit: &'static str, why: &str) -> Error {
        if self.is_news(limit) {
            tracing::warn!(app, limit, "analytics refuses batches: {why}");
        }
        refusal(limit, why)
    }

    fn is_news(&self, limit: &'static str) -> bool {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let news = told.get(limit).is_none_or(|told| told.elapsed() >= EVERY);
        if news {
            told.insert(limit, Instant::now());
        }
        news
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_limit_is_named_and_told_once_a_minute() {
        let refusals = Refusals::default();
        assert!(refusals.is_news("a") && refusals.is_news("b") && !refusals.is_news("a"));
        let error = refusals.refuse("app", "max_devices", "too many");
        assert_eq!((error.code(), error.is_retryable()), ("Throttling.Api", true));
        assert!(error.message().contains("max_devices"));
    }
}
