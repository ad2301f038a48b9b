//! Calls of the gateway: one signed request, one checked answer.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use chrono::DateTime;
use http::Request;
use http::header::{ACCEPT, CONTENT_TYPE, USER_AGENT};
use sdk_plugin::{Error, Result};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use url::Url;

use crate::config::Config;
use crate::credentials::{Credentials, Serials};
use crate::protocol::certificate;
use crate::protocol::keys::PublicKey;
use crate::protocol::response::Response;
use crate::protocol::text::{Parameters, signed_text};
use crate::transport::{Missed, Transport};

/// Alipay's clocks are in this zone, whatever ours are in: hours east of UTC.
const ZONE: i64 = 8;

/// The gateway.
pub struct Gateway {
    transport: Transport,
    url: Url,
    patience: Duration,
    /// Keys of certificates that Alipay has changed to, by their serial number, that of the one
    /// before, and those of the roots that vouch for them.
    successors: Mutex<HashMap<(String, String, String), PublicKey>>,
}

/// What the download of a certificate gives.
#[derive(Deserialize)]
struct Downloaded {
    alipay_cert_content: String,
}

/// The method that downloads a certificate of Alipay.
const DOWNLOAD: &str = "alipay.open.app.alipaycert.download";
/// The most certificates that are remembered.
const MAX_SUCCESSORS: usize = 1000;

/// What is asked of the gateway.
#[derive(Default)]
pub struct Ask {
    /// The method, such as `alipay.trade.query`.
    pub method: String,
    /// `biz_content`, for methods that have it.
    pub content: Option<Value>,
    /// Parameters beside it that go in the body, such as `grant_type`.
    pub fields: Vec<(&'static str, String)>,
    /// Parameters beside it that go in the address, such as `notify_url`. Empty ones are left out.
    pub options: Vec<(&'static str, String)>,
}

/// What the gateway answered.
#[derive(Debug)]
pub struct Node {
    /// The fields, as the gateway names them, `code` and `msg` among them.
    pub fields: Map<String, Value>,
    /// Whether Alipay has signed it. What is not signed never tells of a success.
    pub signed: bool,
}

impl Node {
    /// A text field; empty when there is none.
    pub fn text(&self, name: &str) -> &str {
        self.fields.get(name).and_then(Value::as_str).unwrap_or_default()
    }
}

/// Why there is no answer.
#[derive(Debug)]
pub enum Failure {
    /// The request could not be made.
    Request(Error),
    /// The gateway has heard nothing. Reasons are for the log.
    NotSent(String),
    /// The gateway may have done what was asked.
    Unknown(String),
}

impl Gateway {
    /// The gateway that a configuration names.
    ///
    /// # Errors
    /// `InvalidConfiguration` when it cannot be used.
    pub fn new(config: &Config) -> Result<Self> {
        let url = config.checked_gateway()?;
        Ok(Self {
            transport: Transport::new(config)?,
            url,
            patience: Duration::from_secs(config.timeout_seconds),
            successors: Mutex::default(),
        })
    }

    /// Makes a call, which takes no longer than the caller waits.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn call(&self, credentials: &Credentials, ask: &Ask, remaining: Duration) -> Result<Node, Failure> {
        let (address, body) = self.signed(credentials, ask).map_err(Failure::Request)?;
        let request = self.request(&address, &body).map_err(Failure::Request)?;
        let begun = Instant::now();
        // Whoever waits shall hear that the outcome is not known, rather than give up first.
        let patience = self.patience.min(remaining.saturating_sub(MARGIN));
        let text = self.transport.send(request, patience).await.map_err(|missed| match missed {
            Missed::NotSent(why) => Failure::NotSent(why),
            Missed::Unanswered(why) => Failure::Unknown(why),
        })?;
        self.checked(credentials, &ask.method, &text, begun + patience).await.map_err(|why| Failure::Unknown(why.to_owned()))
    }

    /// The node of an answer, once its signature is checked.
    async fn checked(&self, credentials: &Credentials, method: &str, text: &str, until: Instant) -> Result<Node, &'static str> {
        let response = Response::read(text, method).ok_or("the answer is none of this method")?;
        if !response.sign.is_empty() {
            let serials = credentials.certificates.as_ref();
            let other = serials.filter(|serials| !response.certificate.is_empty() && response.certificate != serials.alipay);
            let public = match other {
                None => credentials.public.clone(),
                Some(serials) => self.successor(credentials, serials, &response.certificate, until).await?,
            };
            if !public.verifies(response.node, &response.sign) {
                return Err("the signature of the answer is wrong");
            }
        }
        node(credentials, &response)
    }

    /// The key of a certificate that Alipay has put in the place of the one that we have.
    async fn successor(
        &self,
        credentials: &Credentials,
        serials: &Serials,
        serial: &str,
        until: Instant,
    ) -> Result<PublicKey, &'static str> {
        let app = &credentials.app_id;
        tracing::warn!(app, serial, "Alipay signs with another certificate: replace the setting publicCert");
        let id = (serial.to_owned(), serials.alipay.clone(), serials.roots.clone());
        let known = self.successors.lock().ok().and_then(|known| known.get(&id).cloned());
        if let Some(key) = known {
            return Ok(key);
        }
        let ask = Ask { method: DOWNLOAD.to_owned(), content: Some(json!({"alipay_cert_sn": serial})), ..Ask::default() };
        let (address, body) = self.signed(credentials, &ask).map_err(|_| "the certificate's download cannot be signed")?;
        let request = self.request(&address, &body).map_err(|_| "the certificate's download cannot be asked for")?;
        let patience = until.saturating_duration_since(Instant::now());
        let text = self.transport.send(request, patience).await.map_err(|_| "the new certificate was not given")?;
        // Its signature is by the certificate that it brings: what counts is who vouches for that.
        let response = Response::read(&text, DOWNLOAD).filter(|response| !response.error).ok_or("the new certificate was not given")?;
        let given: Downloaded = serde_json::from_str(response.node).map_err(|_| "the new certificate was not given")?;
        let pem = STANDARD.decode(given.alipay_cert_content).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let pem = pem.ok_or("the new certificate cannot be read")?;
        let known = certificate::successor(&pem, &serials.certificate, &serials.bundle, SystemTime::now());
        let known = known.filter(|known| known.serial == serial).ok_or("nobody vouches for the new certificate")?;
        let key = known.key.ok_or("the new certificate has no RSA key")?;
        if let Ok(mut successors) = self.successors.lock() {
            if successors.len() >= MAX_SUCCESSORS {
                successors.clear();
            }
            successors.insert(id, key.clone());
        }
        Ok(key)
    }

    fn request(&self, address: &Parameters, body: &Parameters) -> Result<Request<Bytes>> {
        let mut url = self.url.clone();
        url.query_pairs_mut().extend_pairs(address);
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(body).finish();
        Request::post(url.as_str())
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded;charset=utf-8")
            .header(ACCEPT, "application/json")
            .header(USER_AGENT, concat!("mpcloud/", env!("CARGO_PKG_VERSION")))
            .body(Bytes::from(body))
            .map_err(Error::internal)
    }

    /// The address that a page opens to make a call.
    ///
    /// # Errors
    /// `InternalError` when it cannot be signed.
    pub fn page(&self, credentials: &Credentials, ask: &Ask) -> Result<String> {
        let (address, body) = self.signed(credentials, ask)?;
        let mut url = self.url.clone();
        url.query_pairs_mut().extend_pairs(&address).extend_pairs(&body);
        Ok(url.into())
    }

    /// The parameters of the address, with the signature, and those of the body.
    fn signed(&self, credentials: &Credentials, ask: &Ask) -> Result<(Parameters, Parameters)> {
        let mut address = Parameters::new();
        let mut put = |name: &str, value: &str| {
            if !value.is_empty() {
                address.insert(name.to_owned(), value.to_owned());
            }
        };
        put("app_id", &credentials.app_id);
        put("method", &ask.method);
        put("format", "json");
        put("charset", "UTF-8");
        put("version", "1.0");
        put("sign_type", "RSA2");
        put("timestamp", &timestamp(SystemTime::now())?);
        if let Some(serials) = &credentials.certificates {
            put("app_cert_sn", &serials.app);
            put("alipay_root_cert_sn", &serials.roots);
        }
        for (name, value) in &ask.options {
            put(name, value);
        }
        let fields = ask.fields.iter().filter(|(_, value)| !value.is_empty());
        let mut body: Parameters = fields.map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        if let Some(content) = &ask.content {
            let content = content.to_string();
            let content = match &credentials.content {
                None => content,
                Some(key) => {
                    put("encrypt_type", "AES");
                    key.encrypt(&content)
                }
            };
            body.insert("biz_content".to_owned(), content);
        }
        let mut all = address.clone();
        all.extend(body.clone());
        let sign = credentials.private.sign(&signed_text(&all, &["sign"])).ok_or_else(|| Error::internal("nothing can be signed"))?;
        address.insert("sign".to_owned(), sign);
        Ok((address, body))
    }
}

/// What is left of the caller's time to tell how a call ended.
const MARGIN: Duration = Duration::from_millis(200);

fn timestamp(time: SystemTime) -> Result<String> {
    let seconds = time.duration_since(UNIX_EPOCH).map_err(Error::internal)?.as_secs();
    let seconds = i64::try_from(seconds).map_err(Error::internal)? + ZONE * 3600;
    let time = DateTime::from_timestamp(seconds, 0).ok_or_else(|| Error::internal("a time out of range"))?;
    Ok(time.format("%Y-%m-%d %H:%M:%S").to_string())
}

/// The node of a response whose signature is right, or that has none: it is decrypted before it is
/// read.
fn node(credentials: &Credentials, response: &Response<'_>) -> Result<Node, &'static str> {
    let signed = !response.sign.is_empty();
    let mut plain = None;
    if response.node.starts_with('"') {
        let key = credentials.content.as_ref().ok_or("the answer is encrypted, and the app has no aesKey")?;
        let encrypted: String = serde_json::from_str(response.node).map_err(|_| "the answer is no JSON")?;
        plain = Some(key.decrypt(&encrypted).ok_or("the answer cannot be decrypted")?);
    }
    let node = plain.as_deref().unwrap_or(response.node);
    let mut fields: Map<String, Value> = serde_json::from_str(node).map_err(|_| "the answer is no object")?;
    if !fields.contains_key("code") {
        // Successes of logins have none.
        if response.error || !signed {
            return Err("the answer has no code");
        }
        fields.insert("code".to_owned(), SUCCESS.into());
        fields.insert("msg".to_owned(), "Success".into());
    }
    let node = Node { fields, signed };
    if node.text("code").starts_with('1') && response.error {
        return Err("the node of errors tells of a success");
    }
    if !node.signed && !node.text("code").starts_with(['2', '4']) {
        return Err("an answer that tells of a success is not signed");
    }
    Ok(node)
}

/// The code of success.
pub const SUCCESS: &str = "10000";
/// Codes with which the gateway refuses a request before it reaches anything. It cannot sign an
/// answer to an app that it does not know.
pub const REFUSALS: [&str; 6] = ["20001", "40001", "40002", "40003", "40005", "40006"];

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_china() {
        assert_eq!(timestamp(UNIX_EPOCH).unwrap(), "1970-01-01 08:00:00");
        assert_eq!(timestamp(UNIX_EPOCH + Duration::from_secs(1_709_222_399)).unwrap(), "2024-02-29 23:59:59");
    }
}
