//! A gateway on loopback: it checks our signature, and signs its answers.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::{AES, keys};
use crate::adapter::Adapter;
use crate::config::Config;
use crate::protocol::certificate;
use crate::protocol::content::ContentKey;
use crate::protocol::keys::{PrivateKey, PublicKey};
use crate::protocol::text::Parameters;

/// What the gateway was asked.
#[derive(Clone, Debug)]
pub struct Heard {
    /// All parameters.
    pub parameters: Parameters,
    /// Those of them that were in the address.
    pub address: Vec<String>,
    /// `biz_content`, decrypted.
    pub content: Value,
}

impl Heard {
    /// A parameter; empty when there is none.
    pub fn text(&self, name: &str) -> &str {
        self.parameters.get(name).map(String::as_str).unwrap_or_default()
    }
}

/// How it answers.
#[derive(Clone, Debug)]
pub enum Answer {
    /// As it should.
    Signed(Value),
    /// With the signature of another answer.
    WrongSignature(Value),
    /// With a signature, and other than what was signed.
    Tampered(Value),
    /// Without a signature.
    Unsigned(Value),
    /// With `error_response`, signed.
    Error(Value),
    /// With `error_response`, not signed.
    UnsignedError(Value),
    /// Encrypted and signed.
    Encrypted(Value),
    /// With the node twice, the first of which is signed.
    Twice(Value, Value),
    /// Signed by Alipay's second certificate.
    SecondCertificate(Value),
    /// It has done what was asked, and does not say so.
    Silence,
    /// It hangs up.
    HangUp,
    /// A status of HTTP.
    Status(u16),
    /// As text.
    Text(String),
}

type Script = dyn Fn(&Heard) -> Answer + Send + Sync;

/// The gateway.
pub struct Gateway {
    address: SocketAddr,
    heard: Arc<Mutex<Vec<Heard>>>,
    task: JoinHandle<()>,
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Gateway {
    /// Starts one that answers as a script says.
    pub async fn start(script: impl Fn(&Heard) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let (script, all): (Arc<Script>, _) = (Arc::new(script), heard.clone());
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (script, all) = (script.clone(), all.clone());
                tokio::spawn(async move {
                    let service = service_fn(move |request| answer(request, script.clone(), all.clone()));
                    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        Self { address, heard, task }
    }

    /// The gateway's URL.
    pub fn url(&self) -> String {
        format!("http://{}/gateway.do", self.address)
    }

    /// An adapter that talks to it, and waits a second.
    pub fn adapter(&self) -> Adapter {
        Adapter::new(&Config { gateway: self.url(), timeout_seconds: 1, ..Config::default() }).unwrap()
    }

    /// All that was asked.
    pub fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap().clone()
    }

    /// The only thing that was asked.
    pub fn only(&self) -> Heard {
        let heard = self.heard();
        assert_eq!(heard.len(), 1, "{heard:?}");
        heard.into_iter().next().unwrap()
    }
}

async fn answer(request: Request<Incoming>, script: Arc<Script>, all: Arc<Mutex<Vec<Heard>>>) -> Result<Response<Full<Bytes>>, Infallible> {
    let query = request.uri().query().unwrap_or_default().to_owned();
    let body = request.into_body().collect().await.unwrap().to_bytes();
    let pairs = |bytes: &[u8]| form_urlencoded::parse(bytes).into_owned().collect::<Vec<(String, String)>>();
    let address: Vec<String> = pairs(query.as_bytes()).into_iter().map(|(name, _)| name).collect();
    let parameters: Parameters = pairs(query.as_bytes()).into_iter().chain(pairs(&body)).collect();
    let method = parameters.get("method").cloned().unwrap_or_default();
    if !genuine(&parameters) {
        let node = json!({"code": "40002", "msg": "Invalid Arguments", "sub_code": "isv.invalid-signature", "sub_msg": "wrong signature"});
        return Ok(Response::new(Full::from(json!({"error_response": node}).to_string())));
    }
    let mut content = parameters.get("biz_content").cloned().unwrap_or_else(|| "null".to_owned());
    if parameters.get("encrypt_type").is_some_and(|kind| kind == "AES") {
        content = ContentKey::read(AES).unwrap().decrypt(&content).unwrap();
    }
    let heard = Heard { content: serde_json::from_str(&content).unwrap(), parameters, address };
    let how = script(&heard);
    let certified = !heard.text("app_cert_sn").is_empty();
    all.lock().unwrap().push(heard);
    let body = match how {
        Answer::Silence => std::future::pending().await,
        // A panic ends the connection.
        Answer::HangUp => panic!("the gateway hangs up, as the test wants"),
        Answer::Status(status) => {
            let mut response = Response::new(Full::default());
            *response.status_mut() = StatusCode::from_u16(status).unwrap();
            return Ok(response);
        }
        how => text(&method, how, certified),
    };
    Ok(Response::new(Full::from(body)))
}

/// Whether the request has our signature. Written apart from the adapter's own code.
fn genuine(parameters: &Parameters) -> bool {
    let mut pairs: Vec<String> =
        parameters.iter().filter(|(name, _)| *name != "sign").map(|(name, value)| format!("{name}={value}")).collect();
    pairs.sort();
    assert!(parameters.values().all(|value| !value.is_empty()), "nothing empty is sent");
    PublicKey::read(keys::APP_PUBLIC).unwrap().verifies(&pairs.join("&"), &parameters["sign"])
}

/// A node as the gateway writes it: slashes are escaped, and there is space where nobody expects it.
fn written(node: &Value) -> String {
    node.to_string().replace('/', "\\/").replacen(':', " : ", 1)
}

fn signature(text: &str) -> String {
    PrivateKey::read(keys::ALIPAY).unwrap().sign(text).unwrap()
}

fn text(method: &str, how: Answer, certified: bool) -> String {
    let name = format!("{}_response", method.replace('.', "_"));
    let serial = certificate::read(keys::ALIPAY_CERTIFICATE).unwrap().serial;
    let serial = if certified { format!(r#","alipay_cert_sn":"{serial}""#) } else { String::new() };
    let whole = |name: &str, node: &str, sign: &str| format!(r#"{{"{name}":{node}{serial},"sign":"{sign}"}}"#);
    match how {
        Answer::Signed(node) => whole(&name, &written(&node), &signature(&written(&node))),
        Answer::WrongSignature(node) => whole(&name, &written(&node), &signature("other")),
        Answer::Tampered(node) => whole(&name, &written(&node).replace('1', "2"), &signature(&written(&node))),
        Answer::Unsigned(node) => format!(r#"{{"{name}":{}}}"#, written(&node)),
        Answer::Error(node) => whole("error_response", &written(&node), &signature(&written(&node))),
        Answer::UnsignedError(node) => format!(r#"{{"error_response":{}}}"#, written(&node)),
        Answer::Encrypted(node) => {
            let encrypted = format!(r#""{}""#, ContentKey::read(AES).unwrap().encrypt(&node.to_string()).replace('/', "\\/"));
            whole(&name, &encrypted, &signature(&encrypted))
        }
        Answer::Twice(first, second) => {
            let twice = format!(r#"{},"{name}":{}"#, written(&first), written(&second));
            whole(&name, &twice, &signature(&written(&first)))
        }
        Answer::SecondCertificate(node) => {
            let serial = certificate::read(keys::ALIPAY_SECOND_CERTIFICATE).unwrap().serial;
            let sign = PrivateKey::read(keys::ALIPAY_SECOND).unwrap().sign(&written(&node)).unwrap();
            format!(r#"{{"{name}":{},"alipay_cert_sn":"{serial}","sign":"{sign}"}}"#, written(&node))
        }
        Answer::Text(text) => text,
        Answer::Silence | Answer::HangUp | Answer::Status(_) => unreachable!("answered before"),
    }
}
