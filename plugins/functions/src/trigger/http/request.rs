//! A request as the function finds it in `ctx.args` (manual, 2.8).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, Method, header};
use sdk_plugin::Error;
use serde_json::{Map, Value, json};

/// The largest body of a request and of a response, in bytes.
pub const MAX_BODY: usize = 1024 * 1024;

/// The code for a method that no trigger takes.
pub const METHOD: &str = "InvalidHttpMethod";
/// The code for a body of a type that no trigger takes.
pub const CONTENT_TYPE: &str = "InvalidContentType";
/// The code for a body that is too large.
pub const TOO_LARGE: &str = "RequestBodyTooLarge";

/// The methods that triggers take.
pub const METHODS: [Method; 4] = [Method::GET, Method::POST, Method::PUT, Method::DELETE];

/// Checks what can be checked before the body is read.
///
/// # Errors
/// One of the codes above.
pub fn check(method: &Method, headers: &HeaderMap, length: Option<u64>) -> Result<(), Error> {
    if !METHODS.contains(method) {
        return Err(Error::new(METHOD, "a function is triggered by GET, POST, PUT and DELETE only"));
    }
    let mut types = headers.get_all(header::CONTENT_TYPE).iter();
    let taken = match (types.next(), types.next()) {
        (None, _) => true,
        (Some(one), None) => one.to_str().is_ok_and(is_taken),
        (Some(_), Some(_)) => false,
    };
    if !taken {
        let message = "the Content-Type of a body must be application/json, application/x-www-form-urlencoded or text/*";
        return Err(Error::new(CONTENT_TYPE, message));
    }
    if length.is_some_and(|length| length > MAX_BODY as u64) {
        return Err(too_large());
    }
    Ok(())
}

/// The error for a body that is too large.
pub fn too_large() -> Error {
    Error::new(TOO_LARGE, format!("the body is larger than {MAX_BODY} bytes"))
}

fn is_taken(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match essence.split_once('/') {
        Some(("text", subtype)) => !subtype.is_empty(),
        Some(("application", subtype)) => matches!(subtype, "json" | "x-www-form-urlencoded"),
        _ => false,
    }
}

/// `ctx.args` of a request.
///
/// Names of headers are in lower case. A header that comes more than once has its values joined by
/// `, ` (RFC 9110, 5.3), cookies by `; ` (RFC 6265, 5.4); of a query key that comes more than once
/// the last value counts, as at the API gateways that have this form. A body that is not UTF-8 is
/// in Base64, and `isBase64Encoded` is true then only.
pub fn args(path: &str, method: &Method, headers: &HeaderMap, query: &str, body: &[u8]) -> Value {
    let query: Map<String, Value> =
        form_urlencoded::parse(query.as_bytes()).map(|(key, value)| (key.into_owned(), value.into_owned().into())).collect();
    let (body, encoded) = match std::str::from_utf8(body) {
        Ok(text) => (text.to_owned(), false),
        Err(_) => (STANDARD.encode(body), true),
    };
    json!({
        "path": path,
        "httpMethod": method.as_str(),
        "headers": joined(headers),
        "queryStringParameters": query,
        "body": body,
        "isBase64Encoded": encoded,
    })
}

fn joined(headers: &HeaderMap) -> Map<String, Value> {
    let value = |name: &http::HeaderName| {
        let values: Vec<String> =
            headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).collect();
        values.join(if name == header::COOKIE { "; " } else { ", " })
    };
    headers.keys().map(|name| (name.as_str().to_owned(), value(name).into())).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
        let pair = |(name, value): &(&str, &str)| (name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap());
        pairs.iter().map(pair).collect()
    }

    #[test]
    fn args_have_the_manuals_form() {
        let headers = headers(&[("X-One", "1"), ("accept", "a"), ("accept", "b"), ("cookie", "a=1"), ("cookie", "b=2")]);
        let args = args("/http/hello", &Method::POST, &headers, "a=1&b=%E5%B0%8F+x&a=2&c&%ff=%ff", "名".as_bytes());
        assert_eq!(
            args,
            json!({
                "path": "/http/hello",
                "httpMethod": "POST",
                "headers": {"x-one": "1", "accept": "a, b", "cookie": "a=1; b=2"},
                "queryStringParameters": {"a": "2", "b": "小 x", "c": "", "\u{fffd}": "\u{fffd}"},
                "body": "名",
                "isBase64Encoded": false,
            })
        );
    }

    #[test]
    fn a_body_that_is_not_utf_8_is_in_base64() {
        let args = args("/http", &Method::PUT, &HeaderMap::new(), "", b"\xffab");
        assert_eq!((args["body"].as_str(), args["isBase64Encoded"].as_bool()), (Some("/2Fi"), Some(true)));
        assert_eq!(args["queryStringParameters"], json!({}));
    }

    #[test]
    fn methods_types_and_sizes_are_checked() {
        let code = |method: Method, content_type: &[(&str, &str)], length| {
            check(&method, &headers(content_type), length).err().map(|error| error.code().to_owned())
        };
        for method in METHODS {
            assert_eq!(code(method, &[], Some(MAX_BODY as u64)), None);
        }
        for method in ["HEAD", "OPTIONS", "PATCH", "get", "BREW"] {
            assert_eq!(code(method.parse().unwrap(), &[], None).as_deref(), Some(METHOD), "{method}");
        }
        for good in
            ["application/json", "APPLICATION/JSON; charset=utf-8", "application/x-www-form-urlencoded", "text/xml", "text/plain ;a=b"]
        {
            assert_eq!(code(Method::POST, &[("content-type", good)], None), None, "{good}");
        }
        for bad in ["", "json", "application/xml", "application/json-seq", "multipart/form-data; boundary=x", "text", "text/", "x/json"] {
            assert_eq!(code(Method::POST, &[("content-type", bad)], None).as_deref(), Some(CONTENT_TYPE), "{bad}");
        }
        let two = [("content-type", "text/plain"), ("content-type", "text/plain")];
        assert_eq!(code(Method::POST, &two, None).as_deref(), Some(CONTENT_TYPE));
        assert_eq!(code(Method::POST, &[], Some(MAX_BODY as u64 + 1)).as_deref(), Some(TOO_LARGE));
    }
}
