//! net and tls: a client's sockets.

use serde_json::json;

use super::super::tests::Function;
use super::server::{Server, on_loopback, pem};

#[tokio::test]
async fn a_socket_talks_both_ways() {
    let server = Server::echo().await;
    let f = on_loopback(
        "const net = require('net');
         module.exports = ({ args }) => new Promise((resolve, reject) => {
           const seen = [];
           const socket = net.connect({ host: '127.0.0.1', port: args.port }, () => { seen.push('connected', socket.remotePort === args.port, socket.readyState); socket.write('one,'); socket.write('two,'); socket.end('three'); });
           seen.push(socket.connecting, socket.readyState);
           let text = '';
           socket.setEncoding('utf8').on('data', (part) => { text += part; }).on('end', () => seen.push(text)).on('error', reject).on('close', (failed) => resolve([...seen, failed, socket.destroyed, socket.bytesRead, socket.bytesWritten]));
         });",
    );
    assert_eq!(
        f.ok(json!({"port": server.port})).await,
        json!([true, "opening", "connected", true, "open", "one,two,three", false, true, 13, 13])
    );
}

#[tokio::test]
async fn a_socket_outlives_the_call_that_opened_it() {
    let server = Server::echo().await;
    let f = on_loopback(
        "const net = require('net');
         let socket;
         module.exports = ({ args }) => new Promise((resolve, reject) => {
           socket ??= net.connect(args.port, '127.0.0.1');
           socket.once('data', (data) => resolve(String(data))).once('error', reject);
           socket.write(args.text);
         });",
    );
    for text in ["a", "b", "c"] {
        assert_eq!(f.ok(json!({"port": server.port, "text": text})).await, text);
    }
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn sockets_fail_with_nodes_codes() {
    let code = "const net = require('net');
         const fails = (...args) => new Promise((resolve) => { const socket = net.connect(...args, () => resolve('connected')); socket.on('error', (error) => resolve([error.code, error.syscall ?? null])); socket.on('timeout', () => { socket.destroy(); resolve('timeout'); }); });
         const throws = (call) => { try { call(); return 'none' } catch (error) { return error.code } };
         module.exports = async ({ args }) => [await fails(1, '127.0.0.1'), await fails(args.port, 'localhost'),
           throws(() => net.connect({ port: 70000 })), throws(() => net.connect('/run/socket')), throws(() => net.createServer().listen(1)), net.isIP('1.2.3.4'), net.isIP('::1'), net.isIP('1.2.3'), net.isIPv6('::ffff:1.2.3.4'), net.isIPv6('1::2::3')];";
    let server = Server::echo().await;
    let rest = ["ERR_SOCKET_BAD_PORT", "ERR_FEATURE_UNAVAILABLE_ON_PLATFORM", "ERR_FEATURE_UNAVAILABLE_ON_PLATFORM"];
    let result = on_loopback(code).ok(json!({"port": server.port})).await;
    assert_eq!(result, json!([["ECONNREFUSED", "connect"], "connected", rest[0], rest[1], rest[2], 4, 6, 0, true, false]));
    let result = Function::js(code).ok(json!({"port": server.port})).await;
    assert_eq!(result[0][0], "ERR_OUTBOUND_NOT_ALLOWED");
    assert_eq!(result[1][0], "ERR_OUTBOUND_NOT_ALLOWED");
}

#[tokio::test]
async fn tls_begins_on_a_connection_that_is_there() {
    let server = Server::echo().await;
    let f = on_loopback(
        "const net = require('net'); const tls = require('tls');
         module.exports = ({ args }) => new Promise((resolve, reject) => {
           const plain = net.connect(args.port, 'localhost', () => plain.write('STARTTLS\\n'));
           plain.on('error', reject);
           plain.once('data', (answer) => {
             const secure = tls.connect({ socket: plain, ca: args.ca, servername: args.name }, () => secure.write('secret'));
             secure.on('error', (error) => resolve(error.code));
             secure.once('data', (data) => { secure.end(); resolve([String(answer), String(data), secure.authorized, secure.encrypted, secure.getProtocol()]); });
           });
         });",
    );
    let ca = String::from_utf8(pem("ca.pem")).unwrap();
    let result = f.ok(json!({"port": server.port, "ca": ca, "name": "localhost"})).await;
    assert_eq!(result, json!(["go ahead\n", "secret", true, true, "TLSv1.3"]));
    assert_eq!(f.ok(json!({"port": server.port, "ca": ca, "name": "a.example"})).await, "ERR_TLS_CERT_ALTNAME_INVALID");
}

#[tokio::test]
async fn tls_from_the_start() {
    let server = Server::https("server.pem", "server.key", false).await;
    let f = on_loopback(
        "const tls = require('tls');
         module.exports = ({ args }) => new Promise((resolve) => {
           const socket = tls.connect(args.port, 'localhost', { ca: args.ca }, () => socket.write('GET /hello HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n'));
           socket.on('error', (error) => resolve(error.code)).once('data', (data) => { resolve(String(data).split('\\r\\n')[0]); socket.destroy(); });
         });",
    );
    assert_eq!(f.ok(json!({"port": server.port, "ca": String::from_utf8(pem("ca.pem")).unwrap()})).await, "HTTP/1.1 200 Fine");
    assert_eq!(f.ok(json!({"port": server.port})).await, "UNABLE_TO_VERIFY_LEAF_SIGNATURE");
}

#[tokio::test]
async fn what_is_not_available_can_be_required_and_says_so_when_it_is_used() {
    let f = Function::js(
        "const code = (call) => { try { call(); return 'none' } catch (error) { return error.code } };
         module.exports = () => {
           const [net, tls, http, https, http2, dns] = ['net', 'tls', 'http', 'https', 'http2', 'dns'].map((name) => require(name));
           return [
             code(() => http2.connect('https://a.cn')), code(() => http2.createSecureServer()), code(() => tls.createServer()), code(() => net.createServer().listen(0)),
             code(() => http.createServer(() => {}).listen(80)), code(() => https.createServer().listen(443)), code(() => dns.promises.setServers(['1.1.1.1'])), http2.constants.HTTP2_HEADER_PATH,
           ];
         };",
    );
    let code = "ERR_FEATURE_UNAVAILABLE_ON_PLATFORM";
    assert_eq!(f.ok(json!(null)).await, json!([code, code, code, code, code, code, code, ":path"]));
}

#[tokio::test]
async fn what_arrives_between_calls_is_not_lost() {
    let server = Server::echo().await;
    let f = on_loopback(
        "const net = require('net');
         let socket;
         let text = '';
         module.exports = async ({ args }) => {
           if (args.text) {
             socket = net.connect(args.port, '127.0.0.1');
             socket.on('data', (data) => { text += data; });
             await new Promise((resolve) => socket.once('connect', resolve));
             socket.write(args.text);
             return text;
           }
           await new Promise((resolve) => { socket.on('data', resolve); socket.write('!'); });
           while (!text.endsWith('!')) await new Promise((resolve) => setTimeout(resolve, 1));
           return text;
         };",
    );
    f.ok(json!({"port": server.port, "text": "early"})).await;
    // The echo comes while no call runs.
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    assert_eq!(f.ok(json!({"port": server.port})).await, "early!");
}
