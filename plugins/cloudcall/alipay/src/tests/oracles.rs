//! Byte for byte what npm's alipay-sdk and PyPI's python-alipay-sdk sign, and the gateway of these
//! tests driven by them.

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use serde_json::{Map, Value, json};

use crate::protocol::certificate;
use crate::protocol::content::ContentKey;
use crate::protocol::keys::{PrivateKey, PublicKey};
use crate::protocol::text::{Parameters, signed_text};
use crate::testing::gateway::{Answer as How, Gateway};
use crate::testing::{AES, APP_ID, clients, keys};

const CASES: usize = 200;

/// Text without what SDKs disagree about: empty values, and a `$` or blanks at the ends.
fn text(random: &mut StdRng) -> String {
    let pieces =
        ["a", "Z", "9", "&", "=", "+", "%", "%2B", "/", "\\", "\"", "'", "{", "}", "中文", "é", "😀", "a b", "\n", "?", "#", "<", "_"];
    let inside: String = (0..random.random_range(1..12)).map(|_| pieces[random.random_range(0..pieces.len())]).collect();
    format!("x{inside}x")
}

fn cases(random: &mut StdRng) -> Vec<Value> {
    let content = |random: &mut StdRng| -> Map<String, Value> {
        let mut content: Map<String, Value> = (0..random.random_range(1..5)).map(|n| (format!("key_{n}"), text(random).into())).collect();
        content.insert("nested".to_owned(), json!({"list": [1, true, text(random)]}));
        content
    };
    (0..CASES)
        .map(|n| {
            let options = json!({"notify_url": format!("https://a.b/{}", text(random)), "app_auth_token": text(random)});
            let with_certificate = random.random::<bool>();
            json!({"method": "alipay.trade.create", "content": content(random), "encrypt": n % 3 == 0, "withCertificate": with_certificate && n % 3 != 0,
                   "options": options})
        })
        .collect()
}

/// Forms that Alipay signed, as they are, and with one changed.
fn notifications(random: &mut StdRng) -> (Vec<Value>, Vec<bool>) {
    let key = PrivateKey::read(keys::ALIPAY).unwrap();
    let mut forms = Vec::new();
    let mut genuine = Vec::new();
    for n in 0..50 {
        let mut form: Parameters = (0..random.random_range(2..8)).map(|n| (format!("name_{n}"), text(random))).collect();
        form.insert("sign_type".to_owned(), "RSA2".to_owned());
        let sign = key.sign(&signed_text(&form, &["sign", "sign_type"])).unwrap();
        form.insert("sign".to_owned(), sign);
        if n % 2 == 1 {
            form.insert("name_0".to_owned(), "tampered".to_owned());
        }
        let public = PublicKey::read(keys::ALIPAY_PUBLIC).unwrap();
        assert_eq!(public.verifies(&signed_text(&form, &["sign", "sign_type"]), &form["sign"]), n % 2 == 0);
        genuine.push(n % 2 == 0);
        forms.push(json!(form));
    }
    (forms, genuine)
}

/// The bundle without the certificate that nobody can read, over which both SDKs fail, and with the
/// empty lines that PyPI's looks for.
fn readable_roots() -> String {
    let blocks = keys::ROOTS.split_inclusive("-----END CERTIFICATE-----\n");
    blocks.filter(|block| !block.contains("MIIBAAAA")).map(|block| format!("{}\n\n", block.trim())).collect()
}

async fn compared(ask: fn(&Value) -> Value) -> (Value, Value) {
    let seed: u64 = rand::rng().random();
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let gateway =
        Gateway::start(|_| How::Signed(json!({"code": "10000", "msg": "Success", "url": "https://a/b", "subject": "\"quoted\""}))).await;
    let (notifications, genuine) = notifications(&mut random);
    let key = ContentKey::read(AES).unwrap();
    let plain: Vec<Value> = (0..20).map(|_| json!({"text": text(&mut random)})).collect();
    let encrypted: Vec<String> = plain.iter().map(|plain| key.encrypt(&plain.to_string())).collect();
    let input = json!({
        "appId": APP_ID, "privateKey": keys::APP, "alipayPublicKey": keys::ALIPAY_PUBLIC, "aesKey": AES, "gateway": gateway.url(),
        "appCert": keys::APP_CERTIFICATE, "alipayCert": keys::ALIPAY_CERTIFICATE, "rootCert": readable_roots(),
        "cases": cases(&mut random), "notifications": notifications, "encrypted": encrypted,
    });
    let asked = input.clone();
    let output = tokio::task::spawn_blocking(move || ask(&asked)).await.unwrap();
    assert_eq!(output["verified"], json!(genuine), "both sides tell the same notifications apart");
    let heard = gateway.heard();
    assert_eq!(heard.len(), 2, "the gateway took the signatures of the SDK, with keys and with certificates");
    assert!(heard.iter().all(|heard| heard.content == json!({"out_trade_no": "T1"})));
    assert_eq!(
        (heard[0].text("app_cert_sn"), heard[1].text("app_cert_sn")),
        ("", &*certificate::read(keys::APP_CERTIFICATE).unwrap().serial)
    );
    let key = PrivateKey::read(keys::APP).unwrap();
    let orders = output["orders"].as_array().unwrap();
    assert_eq!(orders.len(), CASES);
    for (order, case) in orders.iter().zip(input["cases"].as_array().unwrap()) {
        let parameters: Parameters = form_urlencoded::parse(order.as_str().unwrap().as_bytes()).into_owned().collect();
        assert_eq!(key.sign(&signed_text(&parameters, &["sign"])).unwrap(), parameters["sign"], "{case}");
        let content = match parameters.get("encrypt_type") {
            Some(_) => ContentKey::read(AES).unwrap().decrypt(&parameters["biz_content"]).unwrap(),
            None => parameters["biz_content"].clone(),
        };
        assert_eq!(serde_json::from_str::<Value>(&content).unwrap(), case["content"]);
        assert_eq!(parameters["notify_url"], case["options"]["notify_url"].as_str().unwrap());
    }
    let serials = [certificate::read(keys::APP_CERTIFICATE).unwrap().serial, certificate::root_serial(keys::ROOTS).unwrap()];
    assert_eq!(output["serials"], json!(serials));
    (output, json!(plain))
}

#[tokio::test(flavor = "multi_thread")]
async fn npm_signs_the_same_bytes_and_understands_the_gateway() {
    let (output, plain) = compared(clients::node).await;
    assert_eq!(output["decrypted"], plain);
    let asked = output["asked"].as_array().unwrap();
    assert!(asked.len() == 2 && asked.iter().all(|answer| answer["code"] == "10000" && answer["url"] == "https://a/b"), "{asked:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn pypi_signs_the_same_bytes_and_understands_the_gateway() {
    let (output, _) = compared(clients::python).await;
    let asked = output["asked"].as_array().unwrap();
    assert!(asked.len() == 2 && asked.iter().all(|answer| answer["code"] == "10000" && answer["url"] == "https://a/b"), "{asked:?}");
}
