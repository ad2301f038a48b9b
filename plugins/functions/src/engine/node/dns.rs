//! dns: addresses of names.

use serde_json::json;

use super::super::tests::Function;
use super::server::on_loopback;

const CODE: &str = "
    const dns = require('dns');
    const code = (promise) => promise.then((value) => value, (error) => error.code);
    module.exports = async () => [
      await code(dns.promises.lookup('127.0.0.1')), await code(require('dns/promises').lookup('localhost', { family: 4, all: true })), await code(dns.promises.lookup('no-such-host.invalid')),
      await new Promise((resolve) => dns.lookup('::1', (error, address, family) => resolve([address, family]))),
      await code(dns.promises.resolveMx('a.cn')), await new Promise((resolve) => dns.resolveTxt('a.cn', (error) => resolve(error.code))), await code(dns.promises.resolve4('localhost')),
    ];
";

#[tokio::test]
async fn names_have_addresses_that_a_function_may_reach() {
    let open = on_loopback(CODE).ok(json!(null)).await;
    assert_eq!(open[0], json!({"address": "127.0.0.1", "family": 4}));
    assert_eq!(open[1], json!([{"address": "127.0.0.1", "family": 4}]));
    assert!(matches!(open[2].as_str(), Some("ENOTFOUND" | "EAI_AGAIN")), "{open}");
    assert_eq!(open[3], json!(["::1", 6]));
    assert_eq!(open[4], "ERR_FEATURE_UNAVAILABLE_ON_PLATFORM");
    assert_eq!(open[5], "ERR_FEATURE_UNAVAILABLE_ON_PLATFORM");
    assert_eq!(open[6], json!(["127.0.0.1"]));
    // Names of the operator's network tell nothing.
    let closed = Function::js(CODE).ok(json!(null)).await;
    assert_eq!(closed[0], json!({"address": "127.0.0.1", "family": 4}));
    assert_eq!((&closed[1], &closed[6]), (&json!("ERR_OUTBOUND_NOT_ALLOWED"), &json!("ERR_OUTBOUND_NOT_ALLOWED")));
}
