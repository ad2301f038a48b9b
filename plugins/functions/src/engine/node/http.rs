//! http: the client.

use std::time::Duration;

use serde_json::json;

use super::super::tests::Function;
use super::server::{Server, on_loopback};
use sdk_plugin::codes;

/// `get(path, options)` gives status, headers and text, or the error.
const CLIENT: &str = "
    const http = require('http');
    const plain = (error) => ({ code: error.code, message: error.message, syscall: error.syscall, errno: error.errno, name: error.name });
    function get(url, options = {}, body) {
      return new Promise((resolve) => {
        const request = http.request(url, options, (response) => {
          const chunks = [];
          response.on('data', (chunk) => chunks.push(chunk));
          response.on('error', (error) => resolve({ status: response.statusCode, broken: plain(error), complete: response.complete }));
          response.on('end', () => resolve({ status: response.statusCode, message: response.statusMessage, headers: response.headers, raw: response.rawHeaders, trailers: response.trailers, text: Buffer.concat(chunks).toString(), reused: request.reusedSocket, port: response.socket.remotePort }));
        });
        request.on('error', (error) => resolve(plain(error)));
        request.on('timeout', () => request.destroy(Object.assign(new Error('late'), { code: 'LATE' })));
        request.end(body);
      });
    }
";

fn client(code: &str) -> Function {
    on_loopback(&format!("{CLIENT} module.exports = async ({{ args }}) => {{ const base = `http://127.0.0.1:${{args.port}}`; {code} }}"))
}

#[tokio::test]
async fn responses_have_what_node_gives_them() {
    let server = Server::http().await;
    let f = client("return [await get(base + '/hello'), await get(base + '/trailers'), await get(base + '/early')]");
    let result = f.ok(json!({"port": server.port})).await;
    assert_eq!(result[0]["status"], 200);
    assert_eq!(result[0]["message"], "Fine");
    assert_eq!(result[0]["headers"]["x-two"], "1, 2");
    assert_eq!(result[0]["headers"]["set-cookie"], json!(["a=1", "b=2"]));
    // Headers are bytes, each a character: UTF-8 comes as Latin-1, as in Node.js.
    assert_eq!(result[0]["headers"]["x-latin"], "caf\u{c3}\u{a9}");
    assert_eq!(result[0]["text"], "hello");
    assert_eq!(result[0]["port"], server.port);
    assert_eq!(result[1]["text"], "onetwo");
    assert_eq!(result[1]["trailers"], json!({"x-sum": "7"}));
    assert_eq!(result[2]["text"], "late");
}

#[tokio::test]
async fn requests_are_framed_as_node_frames_them() {
    let server = Server::http().await;
    let f = client(
        "const lines = (answer) => answer.text.toLowerCase().split('\\r\\n').filter(Boolean).sort();
         const streamed = await new Promise((resolve) => {
           const request = http.request(base + '/body', { method: 'POST' }, (response) => { let text = ''; response.on('data', (c) => text += c).on('end', () => resolve(text)); });
           request.write('one'); request.write(Buffer.from('two')); setTimeout(() => request.end('three'), 5);
         });
         return [
           lines(await get(base + '/head', { headers: { 'X-A': ['1', '2'] }, auth: 'u:p' })),
           lines(await get(base + '/head', { method: 'POST' }, 'body')),
           lines(await get(base + '/head', { method: 'POST' })),
           lines(await get(base + '/head', { method: 'DELETE', agent: false })),
           streamed, (await get(base + '/body', { method: 'PUT', headers: { 'Content-Length': 3 } }, 'abc')).text,
           (await get(base, { hostname: '127.0.0.1', port: args.port, path: '/hello', method: 'HEAD' })).text,
         ];",
    );
    let port = server.port;
    let result = f.ok(json!({"port": port})).await;
    let host = format!("host: 127.0.0.1:{port}");
    assert_eq!(result[0], json!(["authorization: basic dtpw", "connection: keep-alive", "get /head http/1.1", host, "x-a: 1", "x-a: 2"]));
    assert_eq!(result[1], json!(["connection: keep-alive", "content-length: 4", host, "post /head http/1.1"]));
    assert_eq!(result[2], json!(["connection: keep-alive", "content-length: 0", host, "post /head http/1.1"]));
    assert_eq!(result[3], json!(["connection: close", "delete /head http/1.1", host]));
    // How writes become chunks depends on how fast they go out.
    let chunks = result[4].as_str().unwrap();
    assert_eq!(chunks.split("\r\n").skip(1).step_by(2).collect::<String>(), "onetwothree", "{chunks}");
    assert_eq!(result[5], "abc");
    assert_eq!(result[6], "");
}

#[tokio::test]
async fn connections_are_kept_and_those_of_agents_are_apart() {
    let server = Server::http().await;
    let f = client(
        "const first = await get(base + '/hello'); const second = await get(base + '/hello');
         const own = new http.Agent({ keepAlive: true }); const third = await get(base + '/hello', { agent: own });
         const fourth = await get(base + '/hello', { agent: own });
         own.destroy(); const fifth = await get(base + '/hello', { agent: own });
         return [first, second, third, fourth, fifth].map((answer) => answer.reused);",
    );
    let args = json!({"port": server.port});
    assert_eq!(f.ok(args.clone()).await, json!([false, true, false, true, false]));
    assert_eq!(server.connections(), 3);
    // The same instance of the function uses its connections again; another function never does.
    assert_eq!(f.ok(args.clone()).await[0], true);
    assert_eq!(client("return (await get(base + '/hello')).reused").ok(args).await, false);
}

#[tokio::test]
async fn an_agent_limits_its_sockets() {
    let server = Server::http().await;
    let f = client(
        "const agent = new http.Agent({ keepAlive: true, maxSockets: 2 });
         const all = Promise.all(Array.from({ length: 8 }, () => get(base + '/hello', { agent })));
         const waiting = Object.values(agent.requests).flat().length;
         return [waiting, (await all).filter((answer) => answer.text === 'hello').length, Object.keys(agent.requests).length];",
    );
    assert_eq!(f.ok(json!({"port": server.port})).await, json!([6, 8, 0]));
    assert!(server.connections() <= 2, "{}", server.connections());
}

#[tokio::test]
async fn more_requests_than_sockets_wait_for_their_turn() {
    let server = Server::http().await;
    let f = client(
        "return (await Promise.all(Array.from({ length: 150 }, () => get(base + '/hello')))).filter((answer) => answer.text === 'hello').length",
    );
    assert_eq!(f.ok(json!({"port": server.port})).await, 150);
}

#[tokio::test]
async fn errors_have_nodes_codes() {
    let server = Server::http().await;
    let f = client(
        "const show = ({ code, message, syscall, errno, broken, complete }) => broken ? [broken.code, broken.message, complete] : [code, message, syscall ?? null, errno ?? null];
         const closed = 'http://127.0.0.1:1';
         return [await get(closed), await get(base + '/nothing'), await get(base + '/broken'), await get(base + '/slow', { timeout: 20 }),
           await get('http://no-such-host.invalid/'), await get(base + '/garbage'), await get(base + '/wide')].map(show);",
    );
    let result = f.ok(json!({"port": server.port})).await;
    assert_eq!(result[0], json!(["ECONNREFUSED", "connect ECONNREFUSED 127.0.0.1:1", "connect", -111]));
    assert_eq!(result[1], json!(["ECONNRESET", "socket hang up", null, null]));
    assert_eq!(result[2], json!(["ECONNRESET", "aborted", false]));
    assert_eq!(result[3], json!(["LATE", "late", null, null]));
    assert!(matches!(result[4][0].as_str(), Some("ENOTFOUND" | "EAI_AGAIN")), "{}", result[4]);
    assert_eq!(result[4][2], "getaddrinfo");
    assert!(result[5][0].as_str().is_some_and(|code| code.starts_with("HPE_")), "{}", result[5]);
    assert_eq!(result[6][0], "HPE_HEADER_OVERFLOW");
}

#[tokio::test]
async fn wrong_options_are_told() {
    let f = client(
        "const codes = [];
         for (const options of [{ protocol: 'https:', host: 'a' }, { path: '/a b' }, { method: 'A B' }, { headers: { 'a b': '1' } }, { headers: { a: 'x\\r\\ny' } }, { headers: { a: undefined } },
           { agent: 1 }, { hostname: 5 }, { socketPath: '/run/x' }]) {
           try { http.request(options).on('error', () => {}); codes.push('none'); } catch (error) { codes.push(error.code); }
         }
         codes.push(await new Promise((resolve) => http.request({ port: 99999 }).on('error', (error) => resolve(error.code)).end()));
         try { http.createServer(() => {}).listen(80) } catch (error) { codes.push(error.code) }
         return codes;",
    );
    assert_eq!(
        f.ok(json!({"port": 1})).await,
        json!([
            "ERR_INVALID_PROTOCOL",
            "ERR_UNESCAPED_CHARACTERS",
            "ERR_INVALID_HTTP_TOKEN",
            "ERR_INVALID_HTTP_TOKEN",
            "ERR_INVALID_CHAR",
            "ERR_HTTP_INVALID_HEADER_VALUE",
            "ERR_INVALID_ARG_TYPE",
            "ERR_INVALID_ARG_TYPE",
            "ERR_FEATURE_UNAVAILABLE_ON_PLATFORM",
            "ERR_SOCKET_BAD_PORT",
            "ERR_FEATURE_UNAVAILABLE_ON_PLATFORM"
        ])
    );
}

#[tokio::test]
async fn events_come_in_nodes_order() {
    let server = Server::http().await;
    let f = client(
        "const seen = [];
         const request = http.request(base + '/body', { method: 'POST', agent: new http.Agent() });
         for (const name of ['socket', 'finish', 'response', 'close']) request.on(name, () => seen.push(name));
         request.on('socket', (socket) => { seen.push(socket.connecting); socket.on('connect', () => seen.push('connect')); });
         request.on('response', (response) => { for (const name of ['end', 'close']) response.on(name, () => seen.push('response ' + name)); response.resume(); });
         request.end('x');
         await new Promise((resolve) => request.on('close', () => setTimeout(resolve, 1)));
         return seen;",
    );
    let seen = f.ok(json!({"port": server.port})).await;
    let names: Vec<&str> = seen.as_array().unwrap().iter().filter_map(|name| name.as_str()).collect();
    assert_eq!(seen[1], true, "{seen}");
    for (first, then) in
        [("socket", "connect"), ("connect", "response"), ("finish", "response"), ("response", "response end"), ("response end", "close")]
    {
        let at = |name: &str| names.iter().position(|seen| *seen == name).unwrap_or_else(|| panic!("no {name} in {names:?}"));
        assert!(at(first) < at(then), "{first} before {then}: {names:?}");
    }
}

#[tokio::test]
async fn what_is_given_up_is_closed() {
    let server = Server::http().await;
    let f = client(
        "return new Promise((resolve) => {
           const request = http.get(base + args.path);
           const seen = [];
           request.on('abort', () => seen.push('abort')).on('error', (error) => seen.push(error.code)).on('close', () => { seen.push('close'); setTimeout(() => resolve(seen), 1); });
           request.on('response', (response) => { response.on('aborted', () => seen.push('aborted')); response.on('error', () => {}); response.once('data', () => request.destroy()); });
           if (args.path === '/slow') setTimeout(() => request.abort(), 10);
         })",
    );
    assert_eq!(f.ok(json!({"port": server.port, "path": "/slow"})).await, json!(["abort", "ECONNRESET", "close"]));
    server.client_went_away().await;
    assert_eq!(f.ok(json!({"port": server.port, "path": "/endless"})).await, json!(["aborted", "close"]));
    server.client_went_away().await;
}

#[tokio::test]
async fn a_call_that_ends_leaves_no_request_behind() {
    let server = Server::http().await;
    let f = client(
        "if (!args.wait) return (await get(base + '/hello')).status; http.get(base + '/slow').on('error', () => {}); await new Promise(() => {})",
    );
    // What the first request loads may take longer than the second may.
    assert_eq!(f.ok(json!({"port": server.port})).await, 200);
    let (outcome, _) = f.invoke(json!({"port": server.port, "wait": true}), Duration::from_secs(1)).await;
    assert_eq!(outcome.result.unwrap_err().code(), codes::FUNCTION_RESOURCE);
    server.client_went_away().await;
}

#[tokio::test]
async fn a_reader_that_waits_holds_the_sender_back() {
    let server = Server::http().await;
    let f = client(
        "return new Promise((resolve) => http.get(base + '/endless', (response) => {
           response.once('readable', () => setTimeout(() => { const held = response.readableLength; response.on('error', () => {}); response.destroy(); resolve(held); }, 100));
         }))",
    );
    let held = f.ok(json!({"port": server.port})).await.as_u64().unwrap();
    assert!(held < 1 << 20, "{held}");
}

#[tokio::test]
async fn a_response_that_does_not_fit_ends_its_function_only() {
    let server = Server::http().await;
    let f = client("return (await get(base + '/megabytes?' + args.count)).text.length");
    assert_eq!(f.ok(json!({"port": server.port, "count": 8})).await, 8 << 20);
    let (outcome, _) = f.invoke(json!({"port": server.port, "count": 1000}), Duration::from_secs(60)).await;
    assert!(outcome.result.is_err());
    assert_eq!(f.ok(json!({"port": server.port, "count": 1})).await, 1 << 20);
}

#[tokio::test]
async fn large_bodies_go_out_whole() {
    let server = Server::http().await;
    let f = client(
        "const data = Buffer.alloc(3 << 20, 'abc');
         const whole = await get(base + '/body', { method: 'POST' }, data);
         const sent = await fetch(base + '/body', { method: 'POST', body: data });
         return [whole.text === data.toString(), (await sent.text()) === data.toString()];",
    );
    assert_eq!(f.ok(json!({"port": server.port})).await, json!([true, true]));
}

#[tokio::test]
async fn private_addresses_are_out_of_reach() {
    let server = Server::http().await;
    let f = Function::js(&format!(
        "{CLIENT} module.exports = async ({{ args }}) => {{ const answers = []; for (const host of args.hosts) answers.push(await get('http://' + host + ':' + args.port + '/hello')); return answers }}"
    ));
    let hosts = [
        "127.0.0.1",
        "localhost",
        "localhost.",
        "LOCALHOST",
        "127.1",
        "0x7f.1",
        "2130706433",
        "0177.1",
        "0",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::]",
        "169.254.169.254",
        "100.100.100.200",
        "10.0.0.1",
        "[fd00:ec2::254]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
    ];
    let answers = f.ok(json!({"port": server.port, "hosts": hosts})).await;
    for (host, answer) in hosts.iter().zip(answers.as_array().unwrap()) {
        // Not every resolver knows it with the dot.
        if *host == "localhost." && answer["code"] == "ENOTFOUND" {
            continue;
        }
        assert_eq!(answer["code"], "ERR_OUTBOUND_NOT_ALLOWED", "{host}: {answer}");
        assert!(answer["message"].as_str().is_some_and(|message| message.contains("allow_outbound")), "{answer}");
    }
    assert_eq!(server.connections(), 0);
    // The function's own resolver is not believed either.
    let f = Function::js(&format!(
        "{CLIENT} module.exports = ({{ args }}) => get('http://example.com:' + args.port + '/hello', {{ lookup: (host, options, callback) => callback(null, options.all ? [{{ address: '127.0.0.1', family: 4 }}] : '127.0.0.1', 4) }})"
    ));
    assert_eq!(f.ok(json!({"port": server.port})).await["code"], "ERR_OUTBOUND_NOT_ALLOWED");
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn an_agent_gets_back_what_calls_left_behind() {
    let server = Server::http().await;
    let f = on_loopback(
        "const http = require('http');
         const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
         module.exports = ({ args }) => new Promise((resolve) => {
           http.get({ host: '127.0.0.1', port: args.port, path: args.path, agent }, (response) => response.resume().on('end', () => resolve(response.statusCode))).on('error', () => {});
         });",
    );
    // What the first request loads may take longer than the second may.
    assert_eq!(f.ok(json!({"port": server.port, "path": "/hello"})).await, 200);
    let (outcome, _) = f.invoke(json!({"port": server.port, "path": "/slow"}), Duration::from_millis(100)).await;
    assert!(outcome.result.is_err());
    server.client_went_away().await;
    assert_eq!(f.ok(json!({"port": server.port, "path": "/hello"})).await, 200);
}
