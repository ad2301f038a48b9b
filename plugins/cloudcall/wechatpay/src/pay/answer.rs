//! Answers in the form that all platforms share.

use sdk_plugin::contract::cloudcall::{Answer, Known};
use serde_json::{Map, Value};

use crate::gateway::Refusal;
use crate::names::camel;

/// It was done.
pub fn done(fields: Map<String, Value>, known: Known) -> Answer {
    Answer { code: "10000".into(), msg: "Success".into(), fields, known: Some(known), ..Answer::default() }
}

/// It was not done.
pub fn refused(refusal: Refusal, known: Option<Known>) -> Answer {
    let (code, msg) = match refusal.code.as_str() {
        "PARAM_ERROR" | "SIGN_ERROR" | "APPID_MCHID_NOT_MATCH" | "MCH_NOT_EXISTS" => ("40002", "Invalid Arguments"),
        "NO_AUTH" => ("40006", "Insufficient Permissions"),
        _ => ("40004", "Business Failed"),
    };
    Answer { code: code.into(), msg: msg.into(), sub_code: refusal.code, sub_msg: refusal.message, known, ..Answer::default() }
}

/// The fields of an object, with keys in camelCase.
pub fn fields(value: Value) -> Map<String, Value> {
    match camel(value) {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}
