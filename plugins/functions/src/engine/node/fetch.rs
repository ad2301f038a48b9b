//! fetch and what belongs to it.

use std::time::Duration;

use serde_json::json;

use super::super::tests::Function;
use super::server::{Server, on_loopback};

#[tokio::test]
async fn fetch_is_that_of_the_standard() {
    let server = Server::http().await;
    let f = on_loopback(
        "module.exports = async ({ args }) => {
           const base = `http://127.0.0.1:${args.port}`;
           const failed = (promise) => promise.then(() => 'none', (error) => [error.name, error.cause?.code ?? null]);
           const hello = await fetch(base + '/hello');
           const form = new FormData();
           form.append('field', '值'); form.append('file', new Blob(['content'], { type: 'text/plain' }), 'a.txt');
           const chunks = [];
           for await (const chunk of (await fetch(base + '/trailers')).body) chunks.push(Buffer.from(chunk).toString());
           const clone = hello.clone();
           const controller = new AbortController();
           setTimeout(() => controller.abort(), 20);
           return {
             hello: [hello.ok, hello.status, hello.statusText, hello.headers.get('x-two'), hello.headers.getSetCookie(), hello.url === base + '/hello', await hello.text(), (await clone.arrayBuffer()).byteLength, hello.bodyUsed],
             gzip: await (await fetch(base + '/gzip')).json(), chunks: chunks.join(''),
             post: await (await fetch(base + '/body', { method: 'POST', body: JSON.stringify({ a: 1 }) })).json(),
             params: await (await fetch(base + '/body', { method: 'POST', body: new URLSearchParams({ a: '1 2' }) })).text(),
             form: (await (await fetch(base + '/body', { method: 'POST', body: form })).text()).includes('content'),
             streamed: await (await fetch(base + '/body', { method: 'POST', duplex: 'half', body: new ReadableStream({ start(c) { c.enqueue(new TextEncoder().encode('part')); c.close(); } }) })).text(),
             redirect: [(await fetch(base + '/redirect?/hello')).redirected, (await fetch(base + '/redirect?/hello', { redirect: 'manual' })).status, await failed(fetch(base + '/redirect?/hello', { redirect: 'error' }))],
             errors: [await failed(fetch(`http://127.0.0.1:${args.closed}/`)), await failed(fetch(base + '/nothing')), await failed(fetch(base + '/slow', { signal: controller.signal })), await failed(fetch('not a url')), await failed(fetch(base + '/broken').then((r) => r.text()))],
             own: [await Response.json({ b: 2 }).json(), new Request('http://a.cn/', { method: 'PUT' }).method, [...new Headers({ B: '1', a: '2' })]],
           };
         };",
    );
    // A port that nobody listens on, and that the standard does not block as it does the low ones.
    let closed = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).unwrap().port();
    let result = f.ok(json!({"port": server.port, "closed": closed})).await;
    assert_eq!(result["hello"], json!([true, 200, "Fine", "1, 2", ["a=1", "b=2"], true, "hello", 5, true]));
    assert_eq!(result["gzip"], json!({"packed": true}));
    assert_eq!(result["chunks"], "onetwo");
    assert_eq!(result["post"], json!({"a": 1}));
    assert_eq!(result["params"], "a=1+2");
    assert_eq!(result["form"], true);
    assert_eq!(result["streamed"], "4\r\npart\r\n0\r\n\r\n");
    assert_eq!(result["redirect"], json!([true, 302, ["TypeError", null]]));
    assert_eq!(result["errors"][0], json!(["TypeError", "ECONNREFUSED"]));
    assert_eq!(result["errors"][1][0], "TypeError");
    assert_eq!(result["errors"][2][0], "AbortError");
    assert_eq!(result["errors"][3][0], "TypeError");
    assert_eq!(result["errors"][4][0], "TypeError");
    assert_eq!(result["own"], json!([{"b": 2}, "PUT", [["a", "2"], ["b", "1"]]]));
}

#[tokio::test]
async fn redirects_of_fetch_are_checked_too() {
    let (open, private) = (Server::http().await, Server::http().await);
    let policy = crate::native::Policy::new(&[format!("127.0.0.1:{}", open.port)], &[]).unwrap();
    let f = Function::js("module.exports = ({ args }) => fetch(args).then((response) => response.text(), (error) => error.cause.code)")
        .within(crate::native::Network::new(policy, &[]).unwrap());
    assert_eq!(f.ok(json!(format!("http://127.0.0.1:{}/hello", open.port))).await, "hello");
    let hop = format!("http://127.0.0.1:{}/redirect?http://127.0.0.1:{}/hello", open.port, private.port);
    assert_eq!(f.ok(json!(hop)).await, "ERR_OUTBOUND_NOT_ALLOWED");
    assert_eq!(private.connections(), 0);
}

#[tokio::test]
async fn a_body_that_nobody_reads_is_not_fetched() {
    let server = Server::http().await;
    let f = on_loopback(
        "module.exports = async ({ args }) => { const response = await fetch(args); await new Promise((done) => setTimeout(done, 50)); await response.body.cancel(); return response.status }",
    );
    let (outcome, _) = f.invoke(json!(format!("http://127.0.0.1:{}/endless", server.port)), Duration::from_secs(10)).await;
    assert_eq!(outcome.result.unwrap(), "200");
    server.client_went_away().await;
}
