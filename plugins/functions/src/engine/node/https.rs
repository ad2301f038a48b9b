//! https: which certificates are trusted and shown.

use serde_json::json;

use super::super::tests::Function;
use super::server::{Server, loopback, on_loopback, pem};

const GET: &str = "
    const https = require('https');
    const get = (port, options, host = 'localhost') => new Promise((resolve) => https.get({ host, port, path: '/hello', ...options }, (response) => {
      const { authorized, authorizationError, encrypted } = response.socket;
      response.on('data', () => {}).on('end', () => resolve([response.statusCode, authorized, authorizationError, encrypted, response.socket.getProtocol()]));
    }).on('error', (error) => resolve([error.code, error.message])));
    module.exports = ({ args }) => {
      const { pfx } = args.options;
      return get(args.port, pfx ? { ...args.options, pfx: Buffer.from(pfx, 'base64') } : args.options, args.host);
    };
";

#[tokio::test]
async fn only_trusted_certificates_are_accepted() {
    let server = Server::https("server.pem", "server.key", false).await;
    let ca = String::from_utf8(pem("ca.pem")).unwrap();
    let f = on_loopback(GET);
    let ask = async |options: serde_json::Value| f.ok(json!({"port": server.port, "options": options})).await;
    assert_eq!(ask(json!({})).await, json!(["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "unable to verify the first certificate"]));
    assert_eq!(ask(json!({"ca": ca})).await, json!([200, true, null, true, "TLSv1.3"]));
    assert_eq!(ask(json!({"ca": [ca]})).await[0], 200);
    assert_eq!(ask(json!({"rejectUnauthorized": false})).await, json!([200, false, "UNABLE_TO_VERIFY_LEAF_SIGNATURE", true, "TLSv1.3"]));
    assert_eq!(ask(json!({"ca": ca, "servername": "other.example"})).await[0], "ERR_TLS_CERT_ALTNAME_INVALID");
    assert_eq!(ask(json!({"ca": "not a certificate"})).await[0], "UNABLE_TO_VERIFY_LEAF_SIGNATURE");
    assert_eq!(f.ok(json!({"port": server.port, "host": "127.0.0.1", "options": {"ca": ca}})).await[0], 200);
    // The operator's `ca_file`.
    let f = Function::js(GET).within(loopback(&pem("ca.pem")));
    assert_eq!(f.ok(json!({"port": server.port, "options": {}})).await[0], 200);
}

#[tokio::test]
async fn why_a_certificate_is_not_trusted_is_told_as_by_node() {
    let ca = String::from_utf8(pem("ca.pem")).unwrap();
    let own = String::from_utf8(pem("self.pem")).unwrap();
    for (certificate, key, options, code) in [
        ("self.pem", "self.key", json!({}), "DEPTH_ZERO_SELF_SIGNED_CERT"),
        ("self.pem", "self.key", json!({"ca": own}), "200"),
        ("self.pem", "self.key", json!({"ca": own, "servername": "a.example"}), "ERR_TLS_CERT_ALTNAME_INVALID"),
        ("expired.pem", "server.key", json!({"ca": ca}), "CERT_HAS_EXPIRED"),
        ("other.pem", "other.key", json!({"ca": ca}), "ERR_TLS_CERT_ALTNAME_INVALID"),
        ("other.pem", "other.key", json!({"ca": ca, "servername": "other.example"}), "200"),
    ] {
        let server = Server::https(certificate, key, false).await;
        let answer = on_loopback(GET).ok(json!({"port": server.port, "options": options})).await;
        assert_eq!(answer[0].to_string().trim_matches('"'), code, "{certificate} {options}: {answer}");
    }
    let plain = Server::echo().await;
    assert!(on_loopback(GET).ok(json!({"port": plain.port, "options": {}})).await[0].is_string());
}

#[tokio::test]
async fn clients_show_a_certificate_of_their_own() {
    let server = Server::https("server.pem", "server.key", true).await;
    let text = |name: &str| String::from_utf8(pem(name)).unwrap();
    let f = on_loopback(GET);
    let ask = async |options: serde_json::Value| f.ok(json!({"port": server.port, "options": options})).await;
    let refused = ask(json!({"ca": text("ca.pem")})).await;
    assert!(refused[0].is_string(), "{refused}");
    assert_eq!(ask(json!({"ca": text("ca.pem"), "cert": text("client.pem"), "key": text("client.key")})).await[0], 200);
    // What `openssl pkcs12 -export` makes, and payment gateways give out.
    let pfx = include_str!("certificates/client.p12.base64").replace('\n', "");
    assert_eq!(ask(json!({"ca": text("ca.pem"), "pfx": pfx, "passphrase": "secret"})).await[0], 200);
    assert_eq!(ask(json!({"pfx": pfx, "passphrase": "wrong"})).await[1], "mac verify failure");
}
