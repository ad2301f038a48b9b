//! The same as other clients of WeChat Pay, byte for byte, on random inputs.

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use serde_json::{Value, json};

use crate::keys::{PrivateKey, PublicKey};
use crate::resource::{ALGORITHM, Resource};
use crate::signature::{ClientParameters, answer_text, authorization, request_text};
use crate::testing::{
    API_V3_KEY, APP_ID, Fault, Gate, MERCHANT, MERCHANT_KEY, MERCHANT_PUBLIC, MERCHANT_SERIAL, PLATFORM_PUBLIC, PUBLIC_KEY_ID, node,
    python, seal,
};

const CASES: usize = 100;

fn text(random: &mut StdRng, letters: &str, length: std::ops::Range<usize>) -> String {
    let letters: Vec<char> = letters.chars().collect();
    let length = random.random_range(length);
    (0..length).map(|_| letters[random.random_range(0..letters.len())]).collect()
}

/// Made-up requests, answers and encrypted parts. `MPCLOUD_SEED` repeats them.
fn cases() -> Vec<Value> {
    let seed = std::env::var("MPCLOUD_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(rand::random::<u64>);
    println!("MPCLOUD_SEED={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let ascii = "abcXYZ0189_-";
    (0..CASES)
        .map(|_| {
            let random = &mut random;
            let (secret, iv) = (text(random, ascii, 32..33), text(random, ascii, 12..13));
            let (aad, body) = (text(random, "abc 证书", 0..12), text(random, "{}\":,ab\n\r\\ \t/ü茶🍵\u{0}", 0..200));
            json!({
                "method": if random.random() { "GET" } else { "POST" },
                "target": format!("/v3/{}?{}", text(random, "abc/%2F", 0..40), text(random, "a=b&%20茶", 0..20)),
                "timestamp": random.random_range(0..4_000_000_000u64), "nonce": text(random, ascii, 1..33),
                "merchant": text(random, "0123456789", 10..11), "serial": text(random, "0123456789ABCDEF", 40..41),
                "app": text(random, ascii, 18..19), "package": format!("prepay_id={}", text(random, ascii, 1..40)),
                "sealed": seal(&secret, &iv, &aad, body.as_bytes()),
                "body": body, "secret": secret, "iv": iv, "aad": aad,
            })
        })
        .collect()
}

fn compare(theirs: impl FnOnce(&Value) -> Value) {
    let cases = cases();
    let theirs = theirs(&json!({"key": MERCHANT_KEY, "cases": cases}));
    assert_eq!(theirs.as_array().unwrap().len(), CASES);
    let (key, public) = (PrivateKey::read(MERCHANT_KEY).unwrap(), PublicKey::read(MERCHANT_PUBLIC).unwrap());
    for (case, theirs) in cases.iter().zip(theirs.as_array().unwrap()) {
        let text = |name: &str| case[name].as_str().unwrap();
        let (timestamp, nonce, body) = (case["timestamp"].as_u64().unwrap(), text("nonce"), text("body"));
        let request = key.sign(&request_text(text("method"), text("target"), timestamp, nonce, body.as_bytes())).unwrap();
        if theirs["authorization"].is_null() {
            assert_eq!(theirs["request"], request, "{case}");
        } else {
            let ours = authorization(text("merchant"), text("serial"), timestamp, nonce, &request);
            assert_eq!(theirs["authorization"], ours, "{case}");
        }
        let signed = answer_text(&timestamp.to_string(), nonce, body.as_bytes());
        assert!(public.verifies(&signed, theirs["answer"].as_str().unwrap()), "{case}");
        let prepaid = text("package").strip_prefix("prepay_id=").unwrap();
        let ours = ClientParameters::sign(&key, text("app"), prepaid, timestamp, nonce.to_owned()).unwrap();
        assert_eq!((&theirs["client"], text("package")), (&json!(ours.signature), ours.package.as_str()), "{case}");
        assert_eq!((&theirs["opened"], &theirs["sealed"]), (&case["body"], &case["sealed"]), "{case}");
        let resource = Resource {
            algorithm: ALGORITHM.into(),
            ciphertext: theirs["sealed"].as_str().unwrap().into(),
            associated_data: Some(text("aad").into()),
            nonce: text("iv").into(),
            original_type: None,
        };
        assert_eq!(resource.open(text("secret")).unwrap(), body.as_bytes(), "{case}");
    }
}

#[test]
fn as_wechatpay_axios_plugin() {
    compare(|input| node("compare.cjs", input));
}

#[test]
fn as_wechatpayv3() {
    compare(|input| python("compare.py", input));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_gateway_of_the_tests_serves_wechatpayv3() {
    for public_key in [false, true] {
        let gate = Gate::start().await;
        gate.with(|seen| seen.public_key = public_key);
        let inside = json!({"out_trade_no": "order_0001", "trade_state": "SUCCESS"});
        let ciphertext = seal(API_V3_KEY, "fdasflkja484", "transaction", inside.to_string().as_bytes());
        let resource = json!({"algorithm": ALGORITHM, "associated_data": "transaction", "nonce": "fdasflkja484", "ciphertext": ciphertext});
        let body = json!({"id": "EV-1", "resource_type": "encrypt-resource", "resource": resource}).to_string();
        let input = json!({
            "gateway": gate.base, "merchant": MERCHANT, "key": MERCHANT_KEY, "serial": MERCHANT_SERIAL, "app": APP_ID,
            "apiV3Key": API_V3_KEY, "publicKey": PLATFORM_PUBLIC, "publicKeyId": if public_key { PUBLIC_KEY_ID } else { "" },
            "order": "order_0001", "headers": gate.signed(&Fault::None, body.as_bytes()), "body": body,
        });
        let told = tokio::task::spawn_blocking(move || python("drive.py", &input)).await.unwrap();
        assert_eq!(told["statuses"], json!([200, 200, 200, 200, 204, 404]));
        assert_eq!((&told["notice"]["resource"], &told["tampered"]), (&inside, &Value::Null));
        assert!(gate.with(|seen| seen.complaints.clone()).is_empty());
    }
}
