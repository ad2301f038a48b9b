//! The envelope around every reply (wire protocol, section 3).

use bytes::{BufMut, Bytes, BytesMut};
use sdk_plugin::{Error, Reply, Result};
use serde_json::json;
use serde_json::value::RawValue;

/// `{"success":true,"data":…}` around a reply that is only checked, not read and written again.
/// There is no `error` key: the client SDK would lose the data.
///
/// # Errors
/// `InternalError` when a plugin's reply is not JSON.
pub fn success(reply: &Reply) -> Result<Bytes> {
    if reply.data.is_empty() {
        return Ok(Bytes::from_static(br#"{"success":true}"#));
    }
    serde_json::from_slice::<&RawValue>(&reply.data).map_err(|e| Error::internal(e).with_operation("read a plugin's reply"))?;
    let mut body = BytesMut::with_capacity(reply.data.len() + 24);
    body.put_slice(br#"{"success":true,"data":"#);
    body.put_slice(&reply.data);
    body.put_u8(b'}');
    Ok(body.freeze())
}

/// `{"success":false,"error":{"code","message","requestId"}}`, without causes.
pub fn failure(error: &Error, request_id: &str) -> Bytes {
    let error = json!({"code": error.code(), "message": error.message(), "requestId": request_id});
    json!({"success": false, "error": error}).to_string().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_goes_through_as_it_is_and_garbage_does_not() {
        assert_eq!(success(&Reply::raw(r#"{"a": 1}"#)).expect("JSON"), r#"{"success":true,"data":{"a": 1}}"#);
        assert_eq!(success(&Reply::default()).expect("no data"), r#"{"success":true}"#);
        for garbage in ["{", "<html>", "1,\"error\":{}", "\"\u{0}", "{}}"] {
            assert_eq!(success(&Reply::raw(garbage)).expect_err(garbage).code(), "InternalError");
        }
        assert!(success(&Reply::raw(vec![b'"', 0xff, b'"'])).is_err());
    }

    #[test]
    fn causes_stay_inside() {
        let error = Error::internal("password is hunter2");
        let body = failure(&error, "id-1");
        assert_eq!(body, r#"{"error":{"code":"InternalError","message":"internal error","requestId":"id-1"},"success":false}"#);
    }
}
