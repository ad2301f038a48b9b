//! A gateway on this machine, which checks what the real one checks, and can fail.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{
    API_V3_KEY, APP_ID, APP_SECRET, MERCHANT, MERCHANT_PUBLIC, MERCHANT_SERIAL, OTHER_KEY, PLATFORM_CERTIFICATE, PLATFORM_KEY,
    PLATFORM_SERIAL, PUBLIC_KEY_ID, seal,
};
use crate::clock::now;
use crate::keys::{PrivateKey, PublicKey};
use crate::signature::{answer_text, request_text};

/// What goes wrong with the next answers.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Fault {
    /// Nothing.
    #[default]
    None,
    /// Signed with another key.
    BadSignature,
    /// As a probe is signed.
    Probe,
    /// Not signed at all.
    NoSignature,
    /// Signed long ago.
    Late,
    /// Signed by a certificate that is not on the list.
    UnknownSerial,
    /// A refusal with a status and a code, signed.
    Refuses(u16, &'static str),
    /// The same, not signed.
    RefusesUnsigned(u16, &'static str),
    /// The request is carried out, and the connection ends.
    HangsUp,
    /// The request is carried out, and no answer comes.
    Silent,
    /// A genuine answer to something else.
    Replays(Value),
    /// An answer that is no JSON, signed.
    Garbage,
}

/// What the gateway knows, and what it has seen.
#[derive(Default)]
pub struct Seen {
    pub fault: Fault,
    /// The certificates' own faults.
    pub certificates_fault: Fault,
    pub public_key: bool,
    pub orders: BTreeMap<String, Value>,
    pub refunds: BTreeMap<String, Value>,
    /// Method and target of each request whose signature was right.
    pub requests: Vec<String>,
    /// The bodies of them.
    pub bodies: Vec<Value>,
    /// Why requests were refused before anything else.
    pub complaints: Vec<String>,
    /// The answer to a login.
    pub login: Value,
    nonces: Vec<String>,
}

/// A running gateway.
#[derive(Clone)]
pub struct Gate {
    pub base: String,
    pub seen: Arc<Mutex<Seen>>,
}

impl Gate {
    /// Starts one. It ends with the test.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let gate = Self { base: format!("http://{}", listener.local_addr().unwrap()), seen: Arc::default() };
        let serving = gate.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let gate = serving.clone();
                tokio::spawn(async move {
                    let service = service_fn(move |request| {
                        let gate = gate.clone();
                        async move { gate.answer(request).await }
                    });
                    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        gate
    }

    pub fn with<T>(&self, what: impl FnOnce(&mut Seen) -> T) -> T {
        what(&mut self.seen.lock().unwrap())
    }

    pub fn fails(&self, fault: Fault) {
        self.with(|seen| seen.fault = fault);
    }

    /// Marks an order as paid.
    pub fn pay(&self, number: &str) {
        self.with(|seen| {
            let order = seen.orders.get_mut(number).unwrap();
            order["trade_state"] = json!("SUCCESS");
            order["transaction_id"] = json!(format!("42000{number}"));
        });
    }

    async fn answer(&self, request: Request<Incoming>) -> std::io::Result<Response<Full<Bytes>>> {
        let (parts, body) = request.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let target = parts.uri.path_and_query().unwrap().as_str().to_owned();
        if parts.uri.path() == "/sns/jscode2session" {
            return Ok(self.login(&target));
        }
        if let Err(complaint) = self.check(&parts, &target, &body) {
            self.with(|seen| seen.complaints.push(complaint.clone()));
            let refusal = json!({"code": "SIGN_ERROR", "message": complaint}).to_string();
            return Ok(Response::builder().status(StatusCode::UNAUTHORIZED).body(refusal.into()).unwrap());
        }
        let certificates = parts.uri.path() == "/v3/certificates";
        let fault = self.with(|seen| {
            seen.requests.push(format!("{} {target}", parts.method));
            if !body.is_empty() {
                seen.bodies.push(serde_json::from_slice(&body).unwrap());
            }
            if certificates { seen.certificates_fault.clone() } else { seen.fault.clone() }
        });
        let (status, answer) = match &fault {
            Fault::Refuses(status, code) | Fault::RefusesUnsigned(status, code) => refusal(*status, code),
            _ => self.with(|seen| carry_out(seen, &parts.method, parts.uri.path(), &body)),
        };
        let text = match &fault {
            Fault::HangsUp => return Err(std::io::Error::other("hangs up")),
            Fault::Silent => std::future::pending::<String>().await,
            Fault::Replays(value) => value.to_string(),
            Fault::Garbage => "<html>".to_owned(),
            _ if answer.is_null() => String::new(),
            _ => answer.to_string(),
        };
        let mut response = Response::builder().status(status).header("Content-Type", "application/json");
        for (name, value) in self.signed(&fault, text.as_bytes()) {
            response = response.header(name, value);
        }
        Ok(response.body(text.into()).unwrap())
    }

    /// The header fields that sign a body.
    pub fn signed(&self, fault: &Fault, body: &[u8]) -> BTreeMap<String, String> {
        let timestamp = if *fault == Fault::Late { now() - 301 } else { now() }.to_string();
        let key = if *fault == Fault::BadSignature { OTHER_KEY } else { PLATFORM_KEY };
        let mut signature = PrivateKey::read(key).unwrap().sign(&answer_text(&timestamp, "nonce", body)).unwrap();
        if *fault == Fault::Probe {
            signature = format!("WECHATPAY/SIGNTEST/{signature}");
        }
        let serial = match fault {
            Fault::UnknownSerial => "0123456789ABCDEF",
            _ if self.with(|seen| seen.public_key) => PUBLIC_KEY_ID,
            _ => PLATFORM_SERIAL,
        };
        let mut fields = vec![
            ("wechatpay-timestamp", timestamp),
            ("wechatpay-nonce", "nonce".to_owned()),
            ("wechatpay-serial", serial.to_owned()),
            ("wechatpay-signature-type", "WECHATPAY2-SHA256-RSA2048".to_owned()),
        ];
        if !matches!(fault, Fault::NoSignature | Fault::RefusesUnsigned(..)) {
            fields.push(("wechatpay-signature", signature));
        }
        fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    fn check(&self, parts: &http::request::Parts, target: &str, body: &[u8]) -> Result<(), String> {
        let field = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if field("accept") != "application/json" || field("user-agent").is_empty() {
            return Err("Accept or User-Agent".into());
        }
        if !body.is_empty() && field("content-type") != "application/json" {
            return Err("Content-Type".into());
        }
        if self.with(|seen| seen.public_key) && field("wechatpay-serial") != PUBLIC_KEY_ID {
            return Err("Wechatpay-Serial".into());
        }
        let values = field("authorization").strip_prefix("WECHATPAY2-SHA256-RSA2048 ").ok_or("scheme")?;
        let mut named = BTreeMap::new();
        for part in values.split(',') {
            let (name, value) = part.split_once('=').ok_or("part")?;
            named.insert(name, value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).ok_or("quotes")?);
        }
        let get = |name: &str| named.get(name).copied().ok_or_else(|| format!("no {name}"));
        if get("mchid")? != MERCHANT || get("serial_no")? != MERCHANT_SERIAL {
            return Err("merchant".into());
        }
        let timestamp: u64 = get("timestamp")?.parse().map_err(|_| "timestamp")?;
        let nonce = get("nonce_str")?.to_owned();
        let text = request_text(parts.method.as_str(), target, timestamp, &nonce, body);
        if timestamp.abs_diff(now()) > 300 || !PublicKey::read(MERCHANT_PUBLIC).unwrap().verifies(&text, get("signature")?) {
            return Err("signature".into());
        }
        self.with(|seen| {
            if seen.nonces.contains(&nonce) {
                return Err("a nonce was used twice".to_owned());
            }
            seen.nonces.push(nonce);
            Ok(())
        })
    }

    fn login(&self, target: &str) -> Response<Full<Bytes>> {
        let secret = APP_SECRET.replace(' ', "%20").replace('/', "%2F").replace('+', "%2B");
        let expected = format!("/sns/jscode2session?appid={APP_ID}&secret={secret}&js_code=code%2F1&grant_type=authorization_code");
        let answer = if target == expected { self.with(|seen| seen.login.clone()) } else { json!({"errcode": 40013, "errmsg": target}) };
        Response::new(answer.to_string().into())
    }
}

fn refusal(status: u16, code: &str) -> (StatusCode, Value) {
    (StatusCode::from_u16(status).unwrap(), json!({"code": code, "message": "in words"}))
}

fn carry_out(seen: &mut Seen, method: &Method, path: &str, body: &[u8]) -> (StatusCode, Value) {
    let asked: Value = serde_json::from_slice(body).unwrap_or_default();
    let order = path.strip_prefix("/v3/pay/transactions/out-trade-no/").map(str::to_owned);
    let refund = path.strip_prefix("/v3/refund/domestic/refunds/").map(str::to_owned);
    match (method.as_str(), path, order, refund) {
        ("GET", "/v3/certificates", ..) => {
            let sealed = seal(API_V3_KEY, "eabb3e044577", "certificate", PLATFORM_CERTIFICATE.as_bytes());
            let encrypted =
                json!({"algorithm": "AEAD_AES_256_GCM", "nonce": "eabb3e044577", "associated_data": "certificate", "ciphertext": sealed});
            let times = ("2018-06-08T10:34:56+08:00", "2118-06-08T10:34:56+08:00");
            let listed =
                json!({"serial_no": PLATFORM_SERIAL, "effective_time": times.0, "expire_time": times.1, "encrypt_certificate": encrypted});
            (StatusCode::OK, json!({"data": [listed]}))
        }
        ("POST", "/v3/pay/transactions/jsapi", ..) => {
            let number = asked["out_trade_no"].as_str().unwrap().to_owned();
            let mut order = asked;
            order["trade_state"] = json!("NOTPAY");
            seen.orders.insert(number, order);
            (StatusCode::OK, json!({"prepay_id": "wx201410272009395522657a690389285100"}))
        }
        ("GET", _, Some(number), _) => match seen.orders.get(&number) {
            Some(order) => (StatusCode::OK, order.clone()),
            None => refusal(404, "ORDER_NOT_EXIST"),
        },
        ("POST", _, Some(number), _) => match seen.orders.get_mut(number.strip_suffix("/close").unwrap()) {
            Some(order) if order["trade_state"] == "SUCCESS" => refusal(400, "ORDERPAID"),
            Some(order) => {
                assert_eq!(asked, json!({"mchid": MERCHANT}));
                order["trade_state"] = json!("CLOSED");
                (StatusCode::NO_CONTENT, Value::Null)
            }
            None => refusal(404, "ORDER_NOT_EXIST"),
        },
        ("POST", "/v3/refund/domestic/refunds", ..) => {
            let Some(order) = seen.orders.get(asked["out_trade_no"].as_str().unwrap()) else { return refusal(404, "RESOURCE_NOT_EXISTS") };
            if order["amount"]["total"] != asked["amount"]["total"] {
                return refusal(400, "INVALID_REQUEST");
            }
            let number = asked["out_refund_no"].as_str().unwrap().to_owned();
            let mut refund = asked.clone();
            refund["refund_id"] = json!(format!("50000{number}"));
            refund["transaction_id"] = order["transaction_id"].clone();
            refund["status"] = json!("PROCESSING");
            (StatusCode::OK, seen.refunds.entry(number).or_insert(refund).clone())
        }
        ("GET", _, _, Some(number)) => match seen.refunds.get(&number) {
            Some(refund) => (StatusCode::OK, refund.clone()),
            None => refusal(404, "RESOURCE_NOT_EXISTS"),
        },
        _ => refusal(404, "NOT_FOUND"),
    }
}
