//! Amounts: decimal text here, whole cents with Cards.

use sdk_plugin::contract::cloudcall::codes::{INVALID_PARAM, NOT_FOUND_PARAM};
use sdk_plugin::{Error, Result};
use serde_json::{Map, Value};

/// An argument of a call, as text.
///
/// # Errors
/// `NOT_FOUND_PARAM` when it is absent.
pub fn text<'a>(arguments: &'a Map<String, Value>, name: &str) -> Result<&'a str> {
    let text = arguments.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    text.ok_or_else(|| Error::new(NOT_FOUND_PARAM, format!("{name} is missing")))
}

/// An argument of a call that is an amount such as `"12.30"`, in cents.
///
/// # Errors
/// `NOT_FOUND_PARAM`, and `INVALID_PARAM` for what is no amount.
pub fn cents(arguments: &Map<String, Value>, name: &str) -> Result<u64> {
    let text = text(arguments, name)?;
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let cents = text.split_once('.').filter(|(whole, rest)| digits(whole) && digits(rest) && rest.len() == 2 && whole.len() <= 12);
    let cents = cents.and_then(|(whole, rest)| format!("{whole}{rest}").parse().ok()).filter(|cents| *cents > 0);
    cents.ok_or_else(|| Error::new(INVALID_PARAM, format!("{name} must be an amount such as \"12.30\"")))
}

/// Cents of an answer as decimal text; empty when there are none.
pub fn decimal(cents: &Value) -> String {
    cents.as_u64().map(|cents| format!("{}.{:02}", cents / 100, cents % 100)).unwrap_or_default()
}
