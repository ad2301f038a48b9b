//! A space and its credentials.

use serde_json::Value;

/// What `mpcloud space create --json` prints.
#[derive(Clone, Debug)]
pub struct Space {
    /// The space's id.
    pub id: String,
    /// The key of `/client` signatures.
    pub client_secret: String,
    /// The private key of `/server` signatures, as PEM.
    pub server_secret: String,
    /// What the SDKs take as `endpoint`.
    pub endpoint: String,
    /// Where files are uploaded.
    pub file_upload_endpoint: String,
}

impl Space {
    /// Reads the credentials.
    ///
    /// # Panics
    /// When one of them is missing or empty.
    #[track_caller]
    pub fn from_json(json: &Value) -> Self {
        let text = |key: &str| {
            let value = json[key].as_str().filter(|text| !text.is_empty());
            value.unwrap_or_else(|| panic!("no `{key}` in {json}")).to_owned()
        };
        Self {
            id: text("spaceId"),
            client_secret: text("clientSecret"),
            server_secret: text("serverSecret"),
            endpoint: text("endpoint"),
            file_upload_endpoint: text("fileUploadEndpoint"),
        }
    }
}
