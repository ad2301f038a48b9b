//! A raw client of `/client` that signs as the SDK does, and can be told to send what no SDK would.

use std::time::{SystemTime, UNIX_EPOCH};

use hmac::{Hmac, Mac};
use md5::Md5;
use serde_json::{Map, Value, json};

use crate::{Answer, Space};

/// The method that the database answers.
const DB: &str = "serverless.db.default.execute";

/// What is signed of a request body: the fields that are there, by name, without escaping.
pub fn string_to_sign(body: &Value) -> String {
    let mut fields = Vec::new();
    for name in ["method", "params", "spaceId", "timestamp", "token", "userId"] {
        let text = match &body[name] {
            Value::Null => continue,
            Value::String(text) if text.is_empty() => continue,
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        fields.push(format!("{name}={text}"));
    }
    fields.join("&")
}

/// The client's signature: HMAC-MD5 in lower-case hex.
///
/// # Panics
/// Never: HMAC takes keys of any length.
pub fn signature(secret: &str, string_to_sign: &str) -> String {
    let mut mac = Hmac::<Md5>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(string_to_sign.as_bytes());
    hex::encode(mac.finalize().into_bytes())
}

/// Sends a body with some headers, and takes whatever comes back.
///
/// # Panics
/// When there is no HTTP reply.
#[track_caller]
pub fn post(agent: &ureq::Agent, url: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    try_post(agent, url, headers, body).unwrap_or_else(|e| panic!("{url}: {e}"))
}

fn try_post(agent: &ureq::Agent, url: &str, headers: &[(&str, &str)], body: &[u8]) -> Result<Answer, ureq::Error> {
    let mut request = agent.post(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut response = request.send(body)?;
    let headers = response.headers().iter().map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
    Ok(Answer { status: response.status().as_u16(), headers: headers.collect(), body: response.body_mut().read_to_vec()? })
}

pub(crate) fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .proxy(None)
        .timeout_global(Some(std::time::Duration::from_secs(60)))
        .max_idle_connections_per_host(1)
        .build()
        .into()
}

/// A request that is ready to be sent, or to be spoilt first.
#[derive(Clone, Debug)]
pub struct Signed {
    /// The body; changes to it do not change the signature.
    pub body: Value,
    /// The value of `x-serverless-sign`.
    pub signature: String,
}

/// A client of one space.
#[derive(Clone)]
pub struct Wire {
    agent: ureq::Agent,
    http: String,
    space: String,
    secret: String,
    token: Option<String>,
}

impl Wire {
    /// A client that has no token yet. Each has a connection of its own.
    pub fn new(http: &str, space: &Space) -> Self {
        Self { agent: agent(), http: http.to_owned(), space: space.id.clone(), secret: space.client_secret.clone(), token: None }
    }

    /// Signs in anonymously and keeps the token.
    ///
    /// # Panics
    /// When it is refused.
    #[track_caller]
    pub fn authorized(mut self) -> Self {
        self.token = None;
        let data = self.call("serverless.auth.user.anonymousAuthorize", json!({"clientIdentifier": "test-app"})).data();
        self.token = Some(data["accessToken"].as_str().filter(|token| !token.is_empty()).expect("an access token").to_owned());
        self
    }

    /// The same client with this token.
    #[must_use]
    pub fn with_token(&self, token: Option<&str>) -> Self {
        Self { token: token.map(str::to_owned), ..self.clone() }
    }

    /// The token, after [`authorized`](Self::authorized).
    pub fn token(&self) -> &str {
        self.token.as_deref().unwrap_or_default()
    }

    /// Its connections.
    pub fn agent(&self) -> &ureq::Agent {
        &self.agent
    }

    /// Where it sends to.
    pub fn url(&self) -> String {
        format!("{}/client", self.http)
    }

    /// Makes a request as the SDK would.
    pub fn request(&self, method: &str, params: &Value) -> Signed {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map(|since| since.as_millis() as u64).unwrap_or_default();
        let mut body = Map::from_iter([
            ("spaceId".to_owned(), json!(self.space)),
            ("method".to_owned(), json!(method)),
            ("params".to_owned(), json!(params.to_string())),
            ("timestamp".to_owned(), json!(now)),
        ]);
        if let Some(token) = &self.token {
            body.insert("token".to_owned(), json!(token));
        }
        self.sign(Value::Object(body))
    }

    /// Signs a body, whatever it is.
    pub fn sign(&self, body: Value) -> Signed {
        let signature = signature(&self.secret, &string_to_sign(&body));
        Signed { body, signature }
    }

    /// Sends a request.
    ///
    /// # Panics
    /// When there is no HTTP reply.
    #[track_caller]
    pub fn send(&self, request: &Signed) -> Answer {
        self.try_send(request).unwrap_or_else(|e| panic!("{}: {e}", self.url()))
    }

    /// Sends a request to a server that may be gone.
    ///
    /// # Errors
    /// When there is no HTTP reply.
    pub fn try_send(&self, request: &Signed) -> Result<Answer, ureq::Error> {
        let mut headers = vec![("content-type", "application/json"), ("x-serverless-sign", request.signature.as_str())];
        if let Some(token) = &self.token {
            headers.push(("x-basement-token", token));
        }
        try_post(&self.agent, &self.url(), &headers, request.body.to_string().as_bytes())
    }

    /// Calls a method.
    ///
    /// # Panics
    /// When there is no HTTP reply.
    #[track_caller]
    pub fn call(&self, method: &str, params: Value) -> Answer {
        self.send(&self.request(method, &params))
    }

    /// Runs a command of the database; `params` has what goes with the command.
    ///
    /// # Panics
    /// When there is no HTTP reply.
    #[track_caller]
    pub fn db(&self, collection: &str, command: &str, params: Value) -> Answer {
        self.call(DB, db_params(collection, command, params))
    }

    /// Invokes a function.
    ///
    /// # Panics
    /// When there is no HTTP reply.
    #[track_caller]
    pub fn invoke(&self, function: &str, arguments: Value) -> Answer {
        self.call("serverless.function.runtime.invoke", json!({"functionTarget": function, "functionArgs": arguments}))
    }
}

pub(crate) fn db_params(collection: &str, command: &str, mut params: Value) -> Value {
    params["collection"] = collection.into();
    params["command"] = command.into();
    if params["options"].is_null() {
        params["options"] = json!({});
    }
    params
}
