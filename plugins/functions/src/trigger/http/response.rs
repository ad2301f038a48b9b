//! A function's return value as an HTTP response (manual, 2.8).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use sdk_plugin::Error;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::request::MAX_BODY;

/// The code for a return value that is no HTTP response.
pub const INVALID: &str = "InvalidFunctionResponse";
/// The code for a response that is too large.
pub const TOO_LARGE: &str = "ResponseBodyTooLarge";

/// The most headers of a response.
const MAX_HEADERS: usize = 100;
/// The most bytes of all headers of a response.
const MAX_HEADER_BYTES: usize = 32 * 1024;

/// Headers of one connection, which are the server's to say (RFC 9110, 7.6.1).
const OF_THE_CONNECTION: [&str; 8] =
    ["connection", "keep-alive", "proxy-connection", "proxy-authenticate", "te", "trailer", "transfer-encoding", "upgrade"];
/// Headers that the server sets whatever a function says.
const OF_THE_SERVER: [&str; 4] = ["content-length", "content-disposition", "date", "request-id"];

/// A response before it is sent.
#[derive(Debug, PartialEq, Eq)]
pub struct Response {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// How a function says that it returns a whole response. Other fields are passed over, however
/// deep they are.
#[derive(Deserialize)]
struct Mark<'a> {
    #[serde(borrow, default, rename = "mpserverlessComposedResponse")]
    composed: Option<&'a RawValue>,
}

/// A whole response, as a function returns it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Composed<'a> {
    #[serde(default)]
    is_base64_encoded: bool,
    #[serde(default)]
    status_code: Option<Value>,
    #[serde(default)]
    headers: Option<Map<String, Value>>,
    #[serde(borrow, default)]
    body: Option<&'a RawValue>,
}

/// The response for a return value, which is JSON text.
///
/// # Errors
/// One of the codes above, with the reason.
pub fn of(result: &str) -> Result<Response, Error> {
    let response = match result.trim_start().as_bytes().first() {
        Some(b'"') => plain("text/plain", text(result)?.into()),
        Some(b'{') if is_composed(result) => composed(result)?,
        _ => plain("application/json; charset=utf-8", Bytes::copy_from_slice(result.as_bytes())),
    };
    if response.body.len() > MAX_BODY {
        let message = format!("the response has {} bytes, but at most {MAX_BODY} can be sent", response.body.len());
        return Err(Error::new(TOO_LARGE, message));
    }
    Ok(response)
}

fn text(json: &str) -> Result<String, Error> {
    serde_json::from_str(json).map_err(|e| invalid(format!("the return value cannot be read: {e}")))
}

fn is_composed(result: &str) -> bool {
    serde_json::from_str::<Mark>(result).is_ok_and(|mark| mark.composed.is_some_and(|value| value.get() == "true"))
}

fn plain(content_type: &'static str, body: Bytes) -> Response {
    let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static(content_type))]);
    Response { status: StatusCode::OK, headers, body }
}

fn composed(result: &str) -> Result<Response, Error> {
    let composed: Composed = serde_json::from_str(result).map_err(|e| invalid(format!("the composed response is not valid: {e}")))?;
    let status = status(composed.status_code.as_ref())?;
    let mut headers = headers(composed.headers.unwrap_or_default())?;
    let (body, default_type) = body(composed.body, composed.is_base64_encoded)?;
    match headers.get(header::CONTENT_TYPE).map(with_charset) {
        Some(Some(complete)) if !composed.is_base64_encoded => drop(headers.insert(header::CONTENT_TYPE, complete)),
        Some(_) => {}
        None if body.is_empty() => {}
        None => drop(headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(default_type))),
    }
    // These have no body (RFC 9110, 15.3.5 and 15.4.5).
    let none = matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    Ok(Response { status, headers, body: if none { Bytes::new() } else { body } })
}

fn status(value: Option<&Value>) -> Result<StatusCode, Error> {
    let number = match value {
        None | Some(Value::Null) => Some(200),
        Some(Value::Number(number)) => number.as_u64().or_else(|| number.as_f64().filter(|n| n.fract() == 0.0).map(|n| n as u64)),
        Some(Value::String(text)) => text.parse().ok(),
        Some(_) => None,
    };
    let final_one = number.filter(|number| (200..600).contains(number)).and_then(|number| u16::try_from(number).ok());
    final_one.and_then(|number| StatusCode::from_u16(number).ok()).ok_or_else(|| invalid("statusCode must be an integer from 200 to 599"))
}

fn headers(fields: Map<String, Value>) -> Result<HeaderMap, Error> {
    let mut headers = HeaderMap::new();
    let mut bytes = 0;
    for (name, value) in fields {
        let key = HeaderName::from_bytes(name.as_bytes()).map_err(|_| invalid(format!("{name:?} is not the name of a header")))?;
        if OF_THE_CONNECTION.contains(&key.as_str()) {
            return Err(invalid(format!("the header {key} is the server's to set")));
        }
        if OF_THE_SERVER.contains(&key.as_str()) {
            continue;
        }
        let values = match value {
            Value::Array(values) => values,
            other => vec![other],
        };
        for value in values {
            let text = match value {
                Value::String(text) => text,
                Value::Number(number) => number.to_string(),
                Value::Bool(flag) => flag.to_string(),
                Value::Null => continue,
                _ => return Err(invalid(format!("the value of the header {key} must be a text"))),
            };
            bytes += name.len() + text.len();
            if headers.len() >= MAX_HEADERS || bytes > MAX_HEADER_BYTES {
                return Err(invalid(format!("a response has at most {MAX_HEADERS} headers of {MAX_HEADER_BYTES} bytes together")));
            }
            let value = HeaderValue::from_bytes(text.as_bytes())
                .map_err(|_| invalid(format!("the value of the header {key} has a line break or another control character")))?;
            headers.append(key.clone(), value);
        }
    }
    Ok(headers)
}

/// The bytes of a body, and their type where the function names none.
fn body(value: Option<&RawValue>, encoded: bool) -> Result<(Bytes, &'static str), Error> {
    let json = value.map_or("null", RawValue::get);
    match (json, json.starts_with('"'), encoded) {
        ("null", _, _) => Ok((Bytes::new(), "text/plain; charset=utf-8")),
        (_, true, false) => Ok((text(json)?.into(), "text/plain; charset=utf-8")),
        (_, true, true) => {
            let bytes = STANDARD.decode(text(json)?).map_err(|_| invalid("isBase64Encoded is true, but the body is not Base64"))?;
            Ok((bytes.into(), "application/octet-stream"))
        }
        (_, false, true) => Err(invalid("isBase64Encoded is true, but the body is not a text")),
        (_, false, false) => Ok((Bytes::copy_from_slice(json.as_bytes()), "application/json; charset=utf-8")),
    }
}

/// A type of text with its charset, where it names none; the texts of functions are UTF-8.
fn with_charset(value: &HeaderValue) -> Option<HeaderValue> {
    let text = value.to_str().ok()?.trim().to_ascii_lowercase();
    let of_text = text.starts_with("text/") || text == "application/json";
    if !of_text || text.contains("charset") {
        return None;
    }
    HeaderValue::from_str(&format!("{}; charset=utf-8", value.to_str().ok()?.trim().trim_end_matches(';'))).ok()
}

fn invalid(why: impl Into<String>) -> Error {
    Error::new(INVALID, why)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    fn given(value: Value) -> Response {
        of(&value.to_string()).unwrap()
    }

    fn header<'a>(response: &'a Response, name: &str) -> Vec<&'a str> {
        response.headers.get_all(name).iter().map(|value| value.to_str().unwrap()).collect()
    }

    fn refused(value: Value) -> String {
        let error = of(&value.to_string()).unwrap_err();
        assert_eq!(error.code(), INVALID, "{error}");
        error.message().to_owned()
    }

    #[test]
    fn values_have_the_manuals_types() {
        let text = given(json!("hello world!"));
        assert_eq!(
            (text.status, header(&text, "content-type"), &text.body[..]),
            (StatusCode::OK, vec!["text/plain"], &b"hello world!"[..])
        );
        for value in [json!({"keyString": "value1", "keyNumber": 1234}), json!(1.5), json!(true), json!(null), json!([1, "a"])] {
            let response = given(value.clone());
            assert_eq!(header(&response, "content-type"), ["application/json; charset=utf-8"]);
            assert_eq!(response.body, value.to_string());
        }
        assert_eq!(of(r#"{"b":1,"a":2}"#).unwrap().body, r#"{"b":1,"a":2}"#, "as the function wrote it");
        for deep in ["[".repeat(500) + &"]".repeat(500), format!("{}1{}", r#"{"a":"#.repeat(500), "}".repeat(500))] {
            assert_eq!(of(&deep).unwrap().body, deep);
            let composed = format!(r#"{{"mpserverlessComposedResponse":true,"body":{deep}}}"#);
            assert_eq!(of(&composed).unwrap().body, deep);
        }
    }

    #[test]
    fn a_composed_response_says_everything() {
        let html = given(json!({
            "mpserverlessComposedResponse": true,
            "isBase64Encoded": false,
            "statusCode": 201,
            "headers": {"content-type": "text/html", "X-N": 7, "set-cookie": ["a=1", "b=2"], "content-length": "3", "x-none": null},
            "body": "<h1>Hello World</h1>",
        }));
        assert_eq!((html.status.as_u16(), html.body.len()), (201, 20));
        assert_eq!(header(&html, "content-type"), ["text/html; charset=utf-8"]);
        assert_eq!((header(&html, "x-n"), header(&html, "set-cookie")), (vec!["7"], vec!["a=1", "b=2"]));
        assert!(!html.headers.contains_key("content-length") && !html.headers.contains_key("x-none"));

        let picture = given(json!({"mpserverlessComposedResponse": true, "isBase64Encoded": true, "body": "/2Fi"}));
        assert_eq!((picture.status, &picture.body[..]), (StatusCode::OK, &b"\xffab"[..]));
        assert_eq!(header(&picture, "content-type"), ["application/octet-stream"]);
        let object = given(json!({"mpserverlessComposedResponse": true, "statusCode": "404", "body": {"a": 1}}));
        assert_eq!((object.status.as_u16(), &object.body[..]), (404, &br#"{"a":1}"#[..]));
        let empty = given(json!({"mpserverlessComposedResponse": true, "statusCode": 204, "body": "x"}));
        assert_eq!((empty.status.as_u16(), empty.body.len()), (204, 0));
        assert_eq!(header(&given(json!({"mpserverlessComposedResponse": 1})), "content-type"), ["application/json; charset=utf-8"]);
    }

    #[test]
    fn a_charset_that_is_named_stays_and_other_types_get_none() {
        for (named, sent) in [
            ("text/html; charset=gbk", "text/html; charset=gbk"),
            ("TEXT/CSS", "TEXT/CSS; charset=utf-8"),
            ("application/json", "application/json; charset=utf-8"),
            ("image/svg+xml", "image/svg+xml"),
        ] {
            let response = given(json!({"mpserverlessComposedResponse": true, "headers": {"Content-Type": named}, "body": "x"}));
            assert_eq!(header(&response, "content-type"), [sent]);
        }
    }

    #[test]
    fn the_servers_headers_are_the_servers() {
        let response = given(json!({
            "mpserverlessComposedResponse": true,
            "headers": {"Content-Disposition": "inline", "Request-Id": "forged", "Date": "never", "location": "/x"},
        }));
        assert_eq!(response.headers.keys().map(HeaderName::as_str).collect::<Vec<_>>(), ["location"]);
    }

    #[test]
    fn what_cannot_be_sent_is_an_error() {
        let composed = |name: &str, value: Value| {
            let mut composed = json!({"mpserverlessComposedResponse": true});
            composed[name] = value;
            refused(composed)
        };
        for status in [json!(99), json!(100), json!(101), json!(600), json!(-1), json!(200.5), json!("x"), json!([]), json!(1e300)] {
            assert!(composed("statusCode", status.clone()).contains("from 200 to 599"), "{status}");
        }
        for name in OF_THE_CONNECTION {
            assert!(composed("headers", json!({name: "x"})).contains("the server's to set"), "{name}");
        }
        assert!(composed("headers", json!({"a": "b\r\nset-cookie: c"})).contains("line break"));
        assert!(composed("headers", json!({"a\r\nb": "c"})).contains("not the name of a header"));
        assert!(composed("headers", json!({"": "c"})).contains("not the name of a header"));
        assert!(composed("headers", json!({"a": {"b": 1}})).contains("must be a text"));
        assert!(composed("headers", json!("a: b")).contains("not valid"));
        assert!(composed("headers", json!({"a": "x".repeat(40_000)})).contains("at most"));
        assert!(composed("headers", json!({"a": vec!["x"; 101]})).contains("at most"));
        assert!(composed("isBase64Encoded", json!("yes")).contains("not valid"));
        let bad = json!({"mpserverlessComposedResponse": true, "isBase64Encoded": true, "body": "%"});
        assert!(refused(bad).contains("not Base64"));
    }

    #[test]
    fn sizes_are_those_of_what_is_sent() {
        assert!(of(&json!("x".repeat(MAX_BODY)).to_string()).is_ok());
        assert_eq!(of(&json!("x".repeat(MAX_BODY + 1)).to_string()).unwrap_err().code(), TOO_LARGE);
        assert!(of(&json!(["x".repeat(MAX_BODY)]).to_string()).is_err());
    }
}
