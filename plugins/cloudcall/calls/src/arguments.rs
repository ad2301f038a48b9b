//! Arguments in every style in which applications pass them.
//!
//! Old packages pass one object, or one argument after the other; the newest passes an object and
//! options. No API takes an object first, so that one first tells which it is.

use sdk_plugin::contract::cloudcall::codes::{INVALID_JSON_OBJECT, INVALID_PARAM, NOT_FOUND_PARAM};
use sdk_plugin::contract::cloudcall::{Api, Kind, Param};
use sdk_plugin::{Error, Result};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::amount::Amount;

/// The number of a refund. No API lists it, and every refund has one.
pub const REFUND_NUMBER: &str = "outRequestNo";
/// What only the first package passed, and no platform wants.
const IGNORED: &str = "grantType";
/// The longest number of an order, refund or transfer.
const MAX_NUMBER: usize = 64;
/// The most that is passed to one call, in bytes of JSON: no platform takes more, and it is kept.
const MAX_PASSED: usize = 16 << 10;

/// Arguments in the form that adapters take.
#[derive(Debug)]
pub struct Arguments {
    /// By their names.
    pub values: Map<String, Value>,
    /// How the call is made.
    pub options: Options,
    /// Whether they came as an object, so that readers of the answer may expect the platform's own
    /// names.
    pub by_name: bool,
}

/// How a call is made.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Options {
    /// The merchant's authorization that a third party acts with.
    pub app_auth_token: String,
    /// What is told of what becomes of an order.
    pub notify: Notify,
    /// The platform, where the space has apps on several.
    pub platform: String,
    /// The app, where the space has several on the platform.
    pub app_id: String,
}

/// What is told of what becomes of an order.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Notify {
    /// An address that the platform tells instead of this server.
    pub url: String,
    /// A function of the space, instead of the one that is bound.
    pub function: String,
}

impl Arguments {
    /// Reads what was passed to an API.
    ///
    /// # Errors
    /// `NOT_FOUND_PARAM`, `INVALID_PARAM` and `INVALID_JSON_OBJECT`, with the argument's name.
    pub fn read(api: &Api, args: Vec<Value>) -> Result<Self> {
        if args.iter().map(|value| value.to_string().len()).sum::<usize>() > MAX_PASSED {
            return Err(Error::new(INVALID_PARAM, format!("arguments must be of at most {MAX_PASSED} bytes of JSON")));
        }
        let mut args = args.into_iter();
        let (mut values, options, by_name) = match args.next() {
            Some(Value::Object(values)) => (values, args.next(), true),
            first => {
                let mut passed = first.into_iter().chain(args.by_ref());
                let names = api.params.iter().map(|param| param.name.clone());
                let values = names.zip(passed.by_ref()).collect();
                (values, passed.next(), false)
            }
        };
        if args.next().is_some() {
            return Err(Error::new(INVALID_PARAM, format!("{} takes fewer arguments", api.name)));
        }
        let options = options.or_else(|| values.get("options").filter(|options| options.is_object()).cloned());
        let options = match options {
            None | Some(Value::Null) => Options::default(),
            Some(options @ Value::Object(_)) => {
                let shape = "options must be {appAuthToken, notify: {url, function}, platform, appId}, each of them text";
                serde_json::from_value(options).map_err(|_| Error::new(INVALID_PARAM, shape))?
            }
            Some(_) => return Err(Error::new(INVALID_PARAM, "options must be an object")),
        };
        values.retain(|name, value| name != IGNORED && !value.is_null());
        rename(api, &mut values)?;
        for param in &api.params {
            match values.remove(&param.name).map(|value| form(&param.name, param.kind, value)).transpose()? {
                Some(value) if value != "" => drop(values.insert(param.name.clone(), value)),
                _ if param.required => {
                    return Err(Error::new(NOT_FOUND_PARAM, format!("{} needs {}", api.name, param.name)));
                }
                _ => {}
            }
        }
        Ok(Self { values, options, by_name })
    }

    /// Reads how a call is made before it is known which adapter makes it.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn read_options(api: &Api, args: &[Value]) -> Result<Options> {
        let bare = Api { params: api.params.iter().cloned().map(|param| Param { required: false, ..param }).collect(), ..api.clone() };
        Self::read(&bare, args.to_vec()).map(|read| read.options)
    }

    /// An argument that is text; empty when it was not passed.
    pub fn text(&self, name: &str) -> &str {
        self.values.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// Our number of an order, refund or transfer.
    ///
    /// # Errors
    /// `NOT_FOUND_PARAM` when it was not passed, `INVALID_PARAM` when no platform would take it.
    pub fn number(&mut self, name: &str) -> Result<String> {
        let number = match self.values.get(name) {
            None => return Err(Error::new(NOT_FOUND_PARAM, format!("{name} is missing"))),
            Some(value) => form(name, Kind::Text, value.clone())?,
        };
        let text = number.as_str().unwrap_or_default().to_owned();
        let good = |byte: u8| byte.is_ascii_alphanumeric() || b"_-|*@".contains(&byte);
        if text.is_empty() || text.len() > MAX_NUMBER || !text.bytes().all(good) {
            return Err(Error::new(INVALID_PARAM, format!("{name} must be up to {MAX_NUMBER} letters, digits, or one of _-|*@")));
        }
        self.values.insert(name.to_owned(), number);
        Ok(text)
    }
}

/// Gives arguments that came under the platform's own names those of the API.
///
/// # Errors
/// `INVALID_PARAM` for one that came under both: nobody can tell which is meant.
fn rename(api: &Api, values: &mut Map<String, Value>) -> Result<()> {
    for name in api.params.iter().map(|param| param.name.as_str()).chain([REFUND_NUMBER]) {
        let theirs = snake(name);
        if theirs != name
            && let Some(value) = values.remove(&theirs)
        {
            if values.contains_key(name) {
                return Err(Error::new(INVALID_PARAM, format!("{name} and {theirs} are the same argument: pass one of them")));
            }
            values.insert(name.to_owned(), value);
        }
    }
    Ok(())
}

/// Brings an argument into its form.
fn form(name: &str, kind: Kind, value: Value) -> Result<Value> {
    let invalid = |what: &str| Error::new(INVALID_PARAM, format!("{name} must be {what}"));
    let unreadable = || Error::new(INVALID_JSON_OBJECT, format!("{name} is not JSON"));
    Ok(match (kind, value) {
        (Kind::Text, Value::Number(number)) => number.to_string().into(),
        (Kind::Text, value @ Value::String(_)) => value,
        (Kind::Text, _) => return Err(invalid("text")),
        (Kind::Amount, value) => {
            let text = match value {
                Value::Number(number) => number.to_string(),
                Value::String(text) => text,
                _ => return Err(invalid("an amount")),
            };
            let amount = Amount::parse(&text);
            amount.ok_or_else(|| invalid("an amount above zero with at most two places, such as \"12.30\""))?.to_string().into()
        }
        (Kind::Object, value @ Value::Object(_)) => value,
        (Kind::Object, Value::String(text)) if text.is_empty() => text.into(),
        (Kind::Object, Value::String(text)) => {
            let value: Value = serde_json::from_str(&text).map_err(|_| unreadable())?;
            if value.is_object() { value } else { return Err(invalid("an object")) }
        }
        (Kind::Object, _) => return Err(invalid("an object")),
        (Kind::Json, Value::String(text)) if text.is_empty() => text.into(),
        (Kind::Json, Value::String(text)) => {
            serde_json::from_str::<serde::de::IgnoredAny>(&text).map_err(|_| unreadable())?;
            text.into()
        }
        (Kind::Json, value @ (Value::Object(_) | Value::Array(_))) => value.to_string().into(),
        (Kind::Json, _) => return Err(invalid("JSON")),
    })
}

/// A name in camelCase as the platform writes it.
pub fn snake(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use sdk_plugin::contract::cloudcall::Effect;
    use serde_json::json;

    use super::*;

    fn api() -> Api {
        let param = |name: &str, kind, required| Param { name: name.to_owned(), kind, required };
        let params = vec![
            param("outTradeNo", Kind::Text, true),
            param("totalAmount", Kind::Amount, true),
            param("extendParams", Kind::Object, false),
            param("data", Kind::Json, false),
        ];
        Api { name: "x".to_owned(), params, effect: Effect::None }
    }

    fn read(args: Value) -> Result<Arguments> {
        Arguments::read(&api(), serde_json::from_value(args).unwrap())
    }

    #[test]
    fn every_style_gives_the_same_arguments() {
        let expected = json!({"outTradeNo": "7", "totalAmount": "0.10", "extendParams": {"a": 1}, "data": "{\"b\":2}"});
        for (args, by_name) in [
            (json!([7, 0.1, {"a": 1}, {"b": 2}]), false),
            (json!(["7", "0.1", "{\"a\":1}", "{\"b\":2}"]), false),
            (json!([{"outTradeNo": 7, "totalAmount": 0.1, "extendParams": {"a": 1}, "data": {"b": 2}, "grantType": "x"}]), true),
            (json!([{"out_trade_no": "7", "total_amount": "0.10", "extend_params": {"a": 1}, "data": {"b": 2}}, null]), true),
        ] {
            let read = read(args.clone()).unwrap();
            assert_eq!((Value::Object(read.values), read.by_name), (expected.clone(), by_name), "{args}");
        }
        let read =
            read(json!([{"outTradeNo": 1, "totalAmount": 1, "goodsType": "0"}, {"appAuthToken": "t", "notify": {"url": "u"}}])).unwrap();
        assert_eq!((read.text("goodsType"), read.options.app_auth_token.as_str(), read.options.notify.url.as_str()), ("0", "t", "u"));
    }

    #[test]
    fn what_does_not_fit_is_named() {
        for (args, code) in [
            (json!([]), NOT_FOUND_PARAM),
            (json!(["", 1]), NOT_FOUND_PARAM),
            (json!([null, 1]), NOT_FOUND_PARAM),
            (json!([{"outTradeNo": "1"}]), NOT_FOUND_PARAM),
            (json!([true, 1]), INVALID_PARAM),
            (json!(["1", 0.001]), INVALID_PARAM),
            (json!(["1", 1e-7]), INVALID_PARAM),
            (json!(["1", -1]), INVALID_PARAM),
            (json!(["1", "1", "[]"]), INVALID_PARAM),
            (json!(["1", "1", "{"]), INVALID_JSON_OBJECT),
            (json!(["1", "1", {}, "{"]), INVALID_JSON_OBJECT),
            (json!(["1", "1", {}, {}, 5]), INVALID_PARAM),
            (json!(["1", "1", {}, {}, {}, {}]), INVALID_PARAM),
            (json!([{"outTradeNo": "1", "totalAmount": "1"}, {"notify": 1}]), INVALID_PARAM),
            (json!([{"outTradeNo": "1", "totalAmount": "1", "total_amount": "100"}]), INVALID_PARAM),
            (json!([{"outTradeNo": "1", "totalAmount": "1"}, {"appAuthToken": "x".repeat(MAX_PASSED)}]), INVALID_PARAM),
        ] {
            assert_eq!(read(args.clone()).unwrap_err().code(), code, "{args}");
        }
    }

    #[test]
    fn numbers_are_what_platforms_take() {
        let mut read = read(json!([{"outTradeNo": "a_1", "totalAmount": 1, "out_request_no": 12, "bad": "a/b"}])).unwrap();
        assert_eq!(read.number("outTradeNo").unwrap(), "a_1");
        assert_eq!(read.number(REFUND_NUMBER).unwrap(), "12");
        assert_eq!(read.number("bad").unwrap_err().code(), INVALID_PARAM);
        assert_eq!(read.number("none").unwrap_err().code(), NOT_FOUND_PARAM);
    }
}
