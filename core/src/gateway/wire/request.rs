//! The signed request body (wire protocol, sections 1 and 2).

use std::borrow::Cow;

use sdk_plugin::{Error, Result, codes};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::Surface;

/// A request as it was sent. Nothing in it is to be trusted before its signature is checked.
pub struct SignedRequest<'a> {
    pub space_id: Cow<'a, str>,
    pub method: Cow<'a, str>,
    /// JSON inside JSON: the text that was signed.
    pub params: Option<Cow<'a, str>>,
    pub token: Option<Cow<'a, str>>,
    pub user_id: Option<Cow<'a, str>>,
    timestamp: Cow<'a, str>,
}

/// The most bytes of a space's id or a method's name.
const MAX_NAME: usize = 256;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Fields<'a> {
    #[serde(borrow, default)]
    space_id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    method: Option<&'a RawValue>,
    #[serde(borrow, default)]
    params: Option<&'a RawValue>,
    #[serde(borrow, default)]
    timestamp: Option<&'a RawValue>,
    #[serde(borrow, default)]
    token: Option<&'a RawValue>,
    #[serde(borrow, default)]
    user_id: Option<&'a RawValue>,
}

impl<'a> SignedRequest<'a> {
    /// Reads a body.
    ///
    /// # Errors
    /// `InvalidBody.Format` for what is not such an object; `InvalidParams.Format` for params that
    /// are not a string of JSON.
    pub fn parse(raw: &'a [u8]) -> Result<Self> {
        let wrong = |why: &dyn std::fmt::Display| {
            Error::new(
                codes::INVALID_BODY,
                format!("the body must be a JSON object such as {{\"spaceId\", \"method\", \"params\"}}: {why}"),
            )
        };
        // serde would take an array of the fields' values as well.
        if raw.trim_ascii_start().first() != Some(&b'{') {
            return Err(wrong(&"it does not begin as one"));
        }
        let fields: Fields<'a> = serde_json::from_slice(raw).map_err(|e| wrong(&e))?;
        let params = text(fields.params).map_err(|_| Error::invalid_params("params must be a string that holds JSON"))?;
        if let Some(params) = &params {
            let object: std::result::Result<&RawValue, _> = serde_json::from_str(params);
            if !object.is_ok_and(|value| value.get().starts_with('{')) {
                return Err(Error::invalid_params("params must be the JSON text of an object"));
            }
        }
        let plain = |name: &str, value| text(value).map_err(|_| Error::new(codes::INVALID_BODY, format!("{name} must be a string")));
        // Both go into the log before anybody has signed for them.
        let name = |name: &str, value| match plain(name, value)?.unwrap_or_default() {
            long if long.len() > MAX_NAME => Err(Error::new(codes::INVALID_BODY, format!("{name} has more than {MAX_NAME} bytes"))),
            name => Ok(name),
        };
        Ok(Self {
            space_id: name("spaceId", fields.space_id)?,
            method: name("method", fields.method)?,
            token: plain("token", fields.token)?,
            user_id: plain("userId", fields.user_id)?,
            timestamp: match fields.timestamp {
                Some(raw) => text(Some(raw)).ok().flatten().unwrap_or(Cow::Borrowed(raw.get())),
                None => Cow::Borrowed(""),
            },
            params,
        })
    }

    /// What the signature is made over: the fields that are there, sorted by name, as they came.
    pub fn string_to_sign(&self) -> String {
        let mut signed = String::with_capacity(256 + self.params.as_ref().map_or(0, |params| params.len()));
        let fields = [
            ("method", Some(&self.method)),
            ("params", self.params.as_ref()),
            ("spaceId", Some(&self.space_id)),
            ("timestamp", Some(&self.timestamp)),
            ("token", self.token.as_ref()),
            ("userId", self.user_id.as_ref()),
        ];
        for (name, value) in fields {
            let Some(value) = value.filter(|value| !value.is_empty()) else { continue };
            if !signed.is_empty() {
                signed.push('&');
            }
            signed.push_str(name);
            signed.push('=');
            signed.push_str(value);
        }
        signed
    }

    /// The method to route by. The PHP SDK's names are other words for the same methods.
    pub fn route(&self, surface: Surface) -> String {
        let isv = match &*self.method {
            "serverless.db.isv.execute" => Some("serverless.db.default.execute"),
            "serverless.function.isv.runtime.invoke" => Some("serverless.function.runtime.invoke"),
            _ => None,
        };
        match (surface, isv) {
            (Surface::Server, Some(method)) => method.to_owned(),
            (Surface::Server, None) => self.method.replace("serverless.file.resource.isv.", "serverless.file.resource."),
            (Surface::Client, _) => self.method.to_string(),
        }
    }
}

/// The text of a JSON string; none for what is absent or null.
fn text(raw: Option<&RawValue>) -> serde_json::Result<Option<Cow<'_, str>>> {
    #[derive(Deserialize)]
    struct Text<'a>(#[serde(borrow)] Cow<'a, str>);
    match raw {
        None => Ok(None),
        Some(raw) => Ok(serde_json::from_str::<Option<Text<'_>>>(raw.get())?.map(|text| text.0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_official_vectors() {
        let body = br#"{"spaceId":"11111111-2222-3333-4444-555555555555","method":"serverless.function.runtime.invoke","params":"{\"functionTarget\":\"hello\",\"functionArgs\":{\"name\":\"\u5c0f\u660e\",\"n\":1}}","token":"tok-123","timestamp":1700000000000}"#;
        let request = SignedRequest::parse(body).expect("valid");
        assert_eq!(
            request.string_to_sign(),
            "method=serverless.function.runtime.invoke&params={\"functionTarget\":\"hello\",\"functionArgs\":{\"name\":\"小明\",\"n\":1}}&spaceId=11111111-2222-3333-4444-555555555555&timestamp=1700000000000&token=tok-123"
        );
    }

    #[test]
    fn empty_fields_are_left_out_and_user_ids_are_signed() {
        let request = SignedRequest::parse(br#"{"spaceId":"s","method":"m","token":"","userId":"u","timestamp":"12"}"#).expect("valid");
        assert_eq!(request.string_to_sign(), "method=m&spaceId=s&timestamp=12&userId=u");
    }

    #[test]
    fn each_fault_has_its_code() {
        let code = |body: &str| SignedRequest::parse(body.as_bytes()).err().map(|e| e.code().to_owned());
        assert_eq!(code("<html>"), Some(codes::INVALID_BODY.into()));
        assert_eq!(code("[]"), Some(codes::INVALID_BODY.into()));
        assert_eq!(code(r#"{"spaceId":5}"#), Some(codes::INVALID_BODY.into()));
        assert_eq!(code(r#"{"params":{"a":1}}"#), Some(codes::INVALID_PARAMS.into()));
        assert_eq!(code(r#"{"params":"{\"a\":"}"#), Some(codes::INVALID_PARAMS.into()));
        assert_eq!(code(r#"{"params":"\"{}\""}"#), Some(codes::INVALID_PARAMS.into()));
        assert_eq!(code(r#"{"params":null,"method":"m"}"#), None);
    }

    #[test]
    fn the_php_sdks_names_work_on_the_server_surface_only() {
        let request = SignedRequest::parse(br#"{"method":"serverless.db.isv.execute"}"#).expect("valid");
        assert_eq!(request.route(Surface::Server), "serverless.db.default.execute");
        assert_eq!(request.route(Surface::Client), "serverless.db.isv.execute");
    }
}
