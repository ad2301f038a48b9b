//! The reply of `/client` and `/server`, and what holds for every one of them.

use serde_json::Value;

/// A reply of the server.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Headers with names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body as it was sent.
    pub body: Vec<u8>,
}

impl Answer {
    /// A header's value; `name` in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// When it is not JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("not JSON ({e}): {self:?} {}", String::from_utf8_lossy(&self.body)))
    }

    /// The envelope, after a look at what both SDKs rely on: status 200, a JSON object, and a
    /// request id.
    ///
    /// # Panics
    /// When one of these is not so.
    #[track_caller]
    pub fn envelope(&self) -> Value {
        let envelope = self.json();
        assert_eq!(self.status, 200, "platforms lose the body of any other status: {envelope}");
        assert!(self.header("content-type").is_some_and(|kind| kind.starts_with("application/json")), "{self:?}");
        assert!(self.header("request-id").is_some_and(|id| !id.is_empty()), "no request-id: {self:?}");
        assert!(envelope.is_object(), "{envelope}");
        envelope
    }

    /// The data of a success.
    ///
    /// # Panics
    /// When the call failed, or the envelope has a key that makes an SDK lose the data.
    #[track_caller]
    pub fn data(&self) -> Value {
        let mut envelope = self.envelope();
        assert_eq!(envelope["success"], true, "{envelope}");
        assert!(envelope.get("error").is_none(), "a success with the key `error` loses its data: {envelope}");
        envelope["data"].take()
    }

    /// The code of a failure.
    ///
    /// # Panics
    /// When the call succeeded, or the error lacks code or message.
    #[track_caller]
    pub fn code(&self) -> String {
        let envelope = self.envelope();
        assert_eq!(envelope["success"], false, "{envelope}");
        assert!(envelope.get("data").is_none(), "{envelope}");
        assert!(envelope["error"]["message"].as_str().is_some_and(|text| !text.is_empty()), "{envelope}");
        envelope["error"]["code"].as_str().expect("the error's code is a text").to_owned()
    }
}
