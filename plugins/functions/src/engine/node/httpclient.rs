//! ctx.httpclient: urllib.

use serde_json::json;

use super::super::tests::Function;
use super::server::{Server, on_loopback};

#[tokio::test]
async fn requests_are_urllibs() {
    let server = Server::http().await;
    let f = on_loopback(
        "module.exports = async ({ args, httpclient }) => {
           const base = `http://127.0.0.1:${args.port}`;
           const failed = (promise) => promise.then(() => 'none', (error) => [error.name, error.code ?? null]);
           const hello = await httpclient.request(base + '/hello', { dataType: 'text' });
           const bytes = await httpclient.curl(base + '/hello');
           return {
             hello: [hello.status, hello.data, hello.headers['set-cookie'], hello.res.status, hello.res.requestUrls.length],
             bytes: Buffer.isBuffer(bytes.data), json: (await httpclient.request(base + '/gzip', { dataType: 'json', gzip: true })).data,
             post: (await httpclient.request(base + '/body', { method: 'POST', contentType: 'json', data: { a: 1 }, dataType: 'json' })).data,
             redirect: (await httpclient.request(base + '/redirect?/hello', { followRedirect: true, dataType: 'text' })).data,
             callback: await new Promise((resolve) => httpclient.request(base + '/status?404', (error, data, res) => resolve([error, String(data), res.statusCode]))),
             slow: await failed(httpclient.request(base + '/slow', { timeout: 50 })), refused: await failed(httpclient.request('http://127.0.0.1:1/')),
           };
         };",
    );
    assert_eq!(
        f.ok(json!({"port": server.port})).await,
        json!({
            "hello": [200, "hello", ["a=1", "b=2"], 200, 1], "bytes": true, "json": {"packed": true}, "post": {"a": 1}, "redirect": "hello", "callback": [null, "", 404],
            "slow": ["ResponseTimeoutError", null], "refused": ["RequestError", "ECONNREFUSED"]
        })
    );
}

#[tokio::test]
async fn redirects_to_private_addresses_are_refused() {
    let server = Server::http().await;
    let private = Server::http().await;
    // Only the first server is allowed.
    let network =
        crate::native::Network::new(crate::native::Policy::new(&[format!("127.0.0.1:{}", server.port)], &[]).unwrap(), &[]).unwrap();
    let f = Function::js(
        "module.exports = ({ args, httpclient }) => httpclient.request(args.url, { followRedirect: true, dataType: 'text' }).then((answer) => answer.data, (error) => error.code)",
    )
    .within(network);
    let url = |port: u16, path: &str| json!({"url": format!("http://127.0.0.1:{port}{path}")});
    assert_eq!(f.ok(url(server.port, "/hello")).await, "hello");
    assert_eq!(f.ok(url(server.port, &format!("/redirect?http://127.0.0.1:{}/hello", private.port))).await, "ERR_OUTBOUND_NOT_ALLOWED");
    assert_eq!(f.ok(url(private.port, "/hello")).await, "ERR_OUTBOUND_NOT_ALLOWED");
    assert_eq!(private.connections(), 0);
}
