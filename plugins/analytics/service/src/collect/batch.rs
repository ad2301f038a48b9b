//! What a client sends, and which of it is taken.

use std::borrow::Cow;

use analytics_engine::DeviceKey;
use analytics_engine::channels::LONGEST_NAME;
use analytics_engine::observation::LONGEST;
use sdk_plugin::{Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::clock::{DAY, MINUTE};
use crate::store::pending::{self, Batch, Told};

/// The largest batch, in bytes of JSON.
pub const MOST_BYTES: usize = 64 * 1024;
/// The most events of a batch.
pub const MOST_EVENTS: usize = 500;
/// How far a client's clock may be off, in milliseconds.
const DRIFT: i64 = 5 * MINUTE;
/// How far ahead the start of a session may be, in milliseconds.
const AHEAD: i64 = 10 * MINUTE;
const LONGEST_ID: usize = 64;
const LONGEST_LABEL: usize = 32;

/// The parameters of `analytics.collect`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Params<'a> {
    /// The application.
    #[serde(borrow)]
    pub app_key: Cow<'a, str>,
    #[serde(borrow)]
    batch: Cow<'a, str>,
    /// The device, as the client names it.
    #[serde(borrow)]
    pub device: Cow<'a, str>,
    #[serde(borrow, default)]
    platform: Cow<'a, str>,
    #[serde(borrow, default)]
    sdk: Cow<'a, str>,
    /// The client's time, in milliseconds since 1970.
    sent_at: i64,
    /// Each is checked by itself: one that is wrong keeps none of the others back.
    #[serde(borrow)]
    events: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Event<'a> {
    start: i64,
    #[serde(default)]
    duration: Option<u64>,
    #[serde(borrow, default)]
    channel: Option<Cow<'a, str>>,
}

/// Why an event is not taken, and is not to be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Reason {
    /// Its session began longer ago than is taken.
    TooOld,
    /// Its session has not begun yet.
    InFuture,
    /// It has another form.
    Invalid,
}

/// An event that is not taken.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Rejected {
    /// Its place in the batch, from 0.
    pub index: usize,
    /// Why.
    pub reason: Reason,
}

impl<'a> Params<'a> {
    /// Reads and checks the parameters, all but the events.
    ///
    /// # Errors
    /// `InvalidParams.Format`.
    pub fn read(json: &'a [u8]) -> Result<Self> {
        let refuse = |why: String| Err(Error::invalid_params(format!("params of analytics.collect: {why}")));
        if json.len() > MOST_BYTES {
            return refuse(format!("a batch has at most {MOST_BYTES} bytes; send fewer events at once"));
        }
        let params: Self = match serde_json::from_slice(json) {
            Ok(params) => params,
            Err(error) => return refuse(error.to_string()),
        };
        if params.events.len() > MOST_EVENTS {
            return refuse(format!("a batch has at most {MOST_EVENTS} events; send fewer at once"));
        }
        if !is_name(&params.batch, LONGEST_ID, b"-") || params.batch.is_empty() {
            return refuse(format!("`batch` must be an id such as a UUID: 1 to {LONGEST_ID} of A-Z a-z 0-9 -"));
        }
        if !is_name(&params.device, LONGEST_ID, b"-_") || params.device.is_empty() {
            return refuse(format!("`device` must have 1 to {LONGEST_ID} of A-Z a-z 0-9 - _"));
        }
        for (name, value) in [("platform", &params.platform), ("sdk", &params.sdk)] {
            if !is_name(value, LONGEST_LABEL, b"-_.+") {
                return refuse(format!("`{name}` must have at most {LONGEST_LABEL} of A-Z a-z 0-9 - _ . +"));
            }
        }
        Ok(params)
    }

    /// How many events there are.
    pub fn count(&self) -> usize {
        self.events.len()
    }

    /// What names the batch within its application: batches of two devices may have the same id.
    fn id(&self) -> String {
        format!("{:032x}", DeviceKey::of(&format!("{} {}", self.device, self.batch)).0)
    }

    /// Whether the client's clock is so far off that its events would be at wrong times.
    pub fn clock_is_off(&self, now: i64) -> bool {
        self.sent_at.abs_diff(now) > DRIFT.unsigned_abs()
    }

    /// What is taken of it, and what is not.
    pub fn check(&self, now: i64, late_days: u64) -> (Batch, Vec<Rejected>) {
        let oldest = now - i64::try_from(late_days).unwrap_or(i64::MAX / DAY).saturating_mul(DAY);
        let (mut events, mut rejected) = (Vec::with_capacity(self.events.len()), Vec::new());
        for (index, event) in self.events.iter().enumerate() {
            match told(event.get(), oldest, now) {
                Ok(event) => events.push(event),
                Err(reason) => rejected.push(Rejected { index, reason }),
            }
        }
        let batch = Batch {
            id: pending::id(&self.app_key, &self.id()),
            received: now,
            device: self.device.clone().into_owned(),
            platform: self.platform.clone().into_owned(),
            sdk: self.sdk.clone().into_owned(),
            events,
        };
        (batch, rejected)
    }
}

fn told(json: &str, oldest: i64, now: i64) -> Result<Told, Reason> {
    let event: Event<'_> = serde_json::from_str(json).map_err(|_| Reason::Invalid)?;
    let channel = event.channel.unwrap_or_default();
    if channel.len() > LONGEST_NAME || channel.chars().any(char::is_control) {
        return Err(Reason::Invalid);
    }
    if event.start < 0 {
        return Err(Reason::Invalid);
    }
    if event.start < oldest {
        return Err(Reason::TooOld);
    }
    if event.start > now.saturating_add(AHEAD) {
        return Err(Reason::InFuture);
    }
    // No session has been in front for longer than since it began.
    let since = now.saturating_add(AHEAD).saturating_sub(event.start);
    let duration = event.duration.unwrap_or_default().min(u64::from(LONGEST)).min(since.unsigned_abs());
    Ok(Told(event.start, u32::try_from(duration).unwrap_or(LONGEST), channel.into_owned()))
}

fn is_name(text: &str, most: usize, others: &[u8]) -> bool {
    text.len() <= most && text.bytes().all(|b| b.is_ascii_alphanumeric() || others.contains(&b))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const NOW: i64 = 1_800_000_000_000;

    fn sent(events: Value) -> Value {
        json!({"appKey": "k", "batch": "b-1", "device": "d_1", "platform": "alipay", "sdk": "0.1.0", "sentAt": NOW, "events": events})
    }

    #[test]
    fn each_event_is_checked_by_itself() {
        let late = NOW - 30 * DAY;
        let json = sent(json!([
            {"start": NOW, "duration": 5, "channel": "a"},
            {"start": late},
            {"start": late - 1},
            {"start": NOW + AHEAD},
            {"start": NOW + AHEAD + 1},
            {"start": "x"},
            {"start": NOW, "duration": -1},
            {"start": NOW, "channel": "x".repeat(65)},
            {"start": NOW, "channel": "a\u{0}b"},
            {"start": NOW, "duration": 1_000_000_000_000_u64, "channel": null},
            {"start": NOW, "stop": 1},
            7,
            {"start": late, "duration": 1_000_000_000_000_u64},
        ]))
        .to_string();
        let (batch, rejected) = Params::read(json.as_bytes()).unwrap().check(NOW, 30);
        let told = |start, duration, channel: &str| Told(start, duration, channel.to_owned());
        // No time in front is longer than a day, nor than the time since the session began.
        let longest = [told(NOW, AHEAD as u32, ""), told(late, LONGEST, "")];
        assert_eq!(batch.events[..3], [told(NOW, 5, "a"), told(late, 0, ""), told(NOW + AHEAD, 0, "")]);
        assert_eq!(batch.events[3..], longest);
        let reasons: Vec<(usize, Reason)> = rejected.iter().map(|rejected| (rejected.index, rejected.reason)).collect();
        let invalid = [5, 6, 7, 8, 10, 11].map(|index| (index, Reason::Invalid));
        assert_eq!(reasons[..2], [(2, Reason::TooOld), (4, Reason::InFuture)]);
        assert_eq!(reasons[2..], invalid);
        assert!(batch.id.starts_with("k:") && batch.id.len() == 34);
    }

    #[test]
    fn batches_of_two_devices_with_the_same_id_are_two() {
        let id = |device: &str, batch: &str| {
            let mut sent = sent(json!([]));
            sent["device"] = device.into();
            sent["batch"] = batch.into();
            Params::read(sent.to_string().as_bytes()).unwrap().check(NOW, 30).0.id
        };
        assert_eq!(id("a", "b"), id("a", "b"));
        assert_ne!(id("a", "b"), id("c", "b"));
        assert_ne!(id("a", "b"), id("a", "c"));
    }

    #[test]
    fn forms_and_sizes_are_bounded() {
        for (field, value) in [
            ("batch", json!("")),
            ("batch", json!("a".repeat(65))),
            ("batch", json!("a:b")),
            ("device", json!("")),
            ("device", json!("a b")),
            ("platform", json!("a/b")),
            ("sdk", json!("1".repeat(33))),
            ("sentAt", json!("now")),
            ("events", json!(null)),
            ("events", json!(vec![json!({"start": NOW}); 501])),
            ("more", json!(1)),
        ] {
            let mut wrong = sent(json!([]));
            wrong[field] = value;
            let wrong = wrong.to_string();
            assert_eq!(Params::read(wrong.as_bytes()).unwrap_err().code(), "InvalidParams.Format", "{wrong}");
        }
        let large = sent(json!([{"start": NOW, "channel": "x".repeat(MOST_BYTES)}])).to_string();
        assert!(Params::read(large.as_bytes()).unwrap_err().message().contains("65536"));
        assert!(Params::read(b"[]").is_err());
    }

    #[test]
    fn a_clock_may_be_off_by_five_minutes() {
        let json = sent(json!([])).to_string();
        let params = Params::read(json.as_bytes()).unwrap();
        assert!(!params.clock_is_off(NOW + DRIFT) && !params.clock_is_off(NOW - DRIFT));
        assert!(params.clock_is_off(NOW + DRIFT + 1) && params.clock_is_off(NOW - DRIFT - 1));
    }
}
