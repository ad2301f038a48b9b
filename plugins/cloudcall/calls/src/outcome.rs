//! The result of a call, in the shapes that applications read.

use sdk_plugin::contract::cloudcall::Answer;
use serde_json::{Map, Value};

use crate::arguments::snake;

/// The result: an envelope for those who read one, and everything in it for those who do not; with
/// the platform's own names too where arguments had names.
pub fn result(request: &str, answer: &Answer, by_name: bool) -> Value {
    let mut inner = answer.fields.clone();
    for (name, value) in [("code", &answer.code), ("msg", &answer.msg), ("subCode", &answer.sub_code), ("subMsg", &answer.sub_msg)] {
        inner.insert(name.to_owned(), value.as_str().into());
    }
    let mut all = Map::new();
    all.insert("requestId".to_owned(), request.into());
    all.insert("success".to_owned(), answer.sub_code.is_empty().into());
    all.insert("result".to_owned(), Value::Object(inner.clone()));
    for (name, value) in &inner {
        all.entry(name.as_str()).or_insert_with(|| value.clone());
    }
    if by_name {
        for (name, value) in inner {
            all.entry(snake(&name)).or_insert(value);
        }
    }
    Value::Object(all)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_reader_finds_what_it_looks_for() {
        let fields = json!({"tradeNo": "9", "success": "no"}).as_object().unwrap().clone();
        let answer = Answer { code: "10000".into(), msg: "Success".into(), fields, ..Answer::default() };
        let seen = result("r", &answer, true);
        assert_eq!((&seen["requestId"], &seen["success"], &seen["result"]["tradeNo"]), (&json!("r"), &json!(true), &json!("9")));
        assert_eq!(
            (&seen["tradeNo"], &seen["trade_no"], &seen["code"], &seen["sub_code"]),
            (&json!("9"), &json!("9"), &json!("10000"), &json!(""))
        );
        assert_eq!(result("r", &answer, false).get("trade_no"), None);
        let refused = Answer { sub_code: "ACQ.X".into(), ..answer };
        assert_eq!(result("r", &refused, false)["success"], false);
    }
}
