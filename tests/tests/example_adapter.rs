//! The adapter in `examples/cloudcall-adapter`: its library beside the others and its table in the
//! TOML file are all that it needs.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread;

use e2e::{Server, function};
use ring::hmac::{HMAC_SHA256, Key, sign};
use serde_json::{Value, json};

const APP: &str = "app-1";
const SECRET: &str = "a secret/of Cards";

fn signature(text: &str) -> String {
    hex::encode(sign(&Key::new(HMAC_SHA256, SECRET.as_bytes()), text.as_bytes()))
}

/// Answers one request as Cards does.
fn serve(mut stream: TcpStream) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let field = |name: &str| {
        let fields = lines.iter().filter_map(|line| line.split_once(": "));
        fields.into_iter().find(|(field, _)| field.eq_ignore_ascii_case(name)).map_or("", |(_, value)| value)
    };
    let mut body = vec![0; field("content-length").parse().unwrap_or_default()];
    reader.read_exact(&mut body)?;
    let body = String::from_utf8_lossy(&body).into_owned();
    let path = lines.first().and_then(|line| line.split(' ').nth(1)).unwrap_or_default();
    let signed = signature(&format!("{}\n{path}\n{body}", field("cards-time")));
    let genuine = field("cards-app") == APP && field("cards-sign") == signed;
    let asked: Value = serde_json::from_str(&body).unwrap_or_default();
    let answer = match path {
        "/orders/make" => {
            json!({"done": true, "number": "C1", "state": "open", "cents": asked["cents"], "pay": "https://cards.example/C1"})
        }
        "/transfers/make" => json!({"done": false, "error": "NO_MONEY", "message": "in words"}),
        "/users/look" if asked["code"] == "code-1" => json!({"done": true, "user": "ann", "card": "card-9", "session": "session-secret"}),
        _ => json!({"done": false, "error": "UNKNOWN", "message": "in words"}),
    };
    let answer = answer.to_string();
    let status = if genuine { "200 OK" } else { "401 Unauthorized" };
    let sign = signature(&format!("{signed}\n{answer}"));
    let length = answer.len();
    write!(stream, "HTTP/1.1 {status}\r\nconnection: close\r\ncards-sign: {sign}\r\ncontent-length: {length}\r\n\r\n{answer}")
}

#[test]
fn it_is_found_by_its_manifest_alone() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let gateway = format!("http://{}", listener.local_addr().expect("an address"));
    thread::spawn(move || listener.incoming().flatten().for_each(|stream| drop(thread::spawn(|| serve(stream)))));
    let server = Server::with_config(&format!(
        "[plugins.platforms]\nlibrary = \"cloudcall_platforms\"\n[plugins.cloudcall]\nlibrary = \"cloudcall_calls\"\n\
         [plugins.cards]\nlibrary = \"cloudcall_adapter\"\nconfig = {{ gateway = {gateway:?} }}\n"
    ));
    let space = server.space("cards");
    server.deploy(&function("cloud"), &space, "cloud");
    let save = |settings: Value| {
        let settings = settings.to_string();
        let parameters = [("SpaceId", space.id.as_str()), ("Platform", "cards"), ("AppId", APP), ("Settings", &settings)];
        server.management().act("SavePlatformApp", &parameters)
    };
    let refused = save(json!({"shop": "shop-1", "secret": "k7Qw9-zR"}));
    assert_ne!(refused.status, 200, "the adapter checks settings");
    let told = refused.json().to_string();
    assert!(told.contains("secret") && !told.contains("k7Qw9-zR"), "the setting is named, and not shown: {told}");
    let saved = save(json!({"shop": "shop-1", "secret": SECRET}));
    assert_eq!(saved.status, 200, "{}", saved.json());
    let listed = server.management().act("ListPlatformApps", &[("SpaceId", &space.id)]).json().to_string();
    assert!(listed.contains("shop-1") && !listed.contains(SECRET), "a secret setting is masked: {listed}");

    let client = server.wire(&space).authorized();
    let call = |api: &str, argument: Value| client.invoke("cloud", json!({"api": api, "args": [argument]})).data();
    let made = call("payment.common.create", json!({"subject": "茶", "outTradeNo": "order-1", "totalAmount": 12.3}));
    assert_eq!((&made["ok"]["success"], &made["ok"]["tradeNo"]), (&json!(true), &json!("C1")), "{made}");
    let refused = call("fund.transferCard.transfer", json!({"outBizNo": "transfer-1", "transAmount": "1.00", "card": "card-9"}));
    assert_eq!((&refused["ok"]["success"], &refused["ok"]["subCode"]), (&json!(false), &json!("NO_MONEY")), "{refused}");
    let orders = server.run_json(&["call", "cloudcall.orders", "{}", "--space", &space.id]).to_string();
    assert!(orders.contains("\"12.30\"") && orders.contains("transfer-1"), "the order book has both: {orders}");

    let login = |code: &str| {
        let params = json!({"authProvider": "cards_openapi", "clientIdentifier": APP, "authCode": code});
        server.wire(&space).call("serverless.auth.user.authorize", params)
    };
    let signed_in = login("code-1").json().to_string();
    assert!(signed_in.contains("accessToken") && !signed_in.contains("session-secret"), "{signed_in}");
    let refused = login("code-2").json().to_string();
    assert!(refused.contains("InvalidAuthCode"), "{refused}");
    assert!(!server.log().contains(SECRET), "the log has no secret");
}
