use rustls::ServerConfig;
use rustls_pki_types::PrivatePkcs8KeyDer;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::*;

const PATIENCE: Duration = Duration::from_secs(10);

async fn head(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

/// Answers each connection's first request with `answer`, and hangs up.
async fn serve(mut stream: impl AsyncRead + AsyncWrite + Unpin, answer: &[u8]) {
    head(&mut stream).await;
    stream.write_all(answer).await.unwrap();
    stream.shutdown().await.unwrap();
}

fn request(address: &str) -> Request<Bytes> {
    Request::get(address).body(Bytes::new()).unwrap()
}

async fn listen() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

async fn answered(answer: Vec<u8>, patience: Duration) -> Result<Response<Bytes>, Failure> {
    let (listener, port) = listen().await;
    let server = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        serve(stream, &answer).await;
    });
    let response = Outbound::new(None, None).unwrap().send(request(&format!("http://127.0.0.1:{port}/")), patience).await;
    server.await.unwrap();
    response
}

#[tokio::test]
async fn what_was_not_sent_is_told_from_what_was_lost() {
    let (listener, port) = listen().await;
    drop(listener);
    let outbound = Outbound::new(None, None).unwrap();
    let failure = outbound.send(request(&format!("http://127.0.0.1:{port}/")), PATIENCE).await.unwrap_err();
    assert!(matches!(failure, Failure::NotSent(_)), "{failure:?}");
    let failure = answered(Vec::new(), PATIENCE).await.unwrap_err();
    assert!(matches!(failure, Failure::Lost(_)), "it hung up: {failure:?}");

    let (listener, port) = listen().await;
    let failure = outbound.send(request(&format!("http://127.0.0.1:{port}/")), Duration::from_millis(50)).await.unwrap_err();
    assert!(matches!(failure, Failure::Lost(_)), "it was silent: {failure:?}");
    drop(listener);
}

#[tokio::test]
async fn an_answer_is_bounded_and_a_redirect_is_an_answer() {
    let answer = |length: usize| {
        let mut answer = format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n").into_bytes();
        answer.resize(answer.len() + length, b'x');
        answer
    };
    assert_eq!(answered(answer(1000), PATIENCE).await.unwrap().into_body().len(), 1000);
    let moved = b"HTTP/1.1 307 Temporary Redirect\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n".to_vec();
    assert_eq!(answered(moved, PATIENCE).await.unwrap().status(), 307);

    let (listener, port) = listen().await;
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        head(&mut stream).await;
        // The client hangs up in the middle.
        let _ = stream.write_all(&answer(MAX_ANSWER + 1)).await;
    });
    let failure = Outbound::new(None, None).unwrap().send(request(&format!("http://127.0.0.1:{port}/")), PATIENCE).await.unwrap_err();
    assert!(matches!(failure, Failure::Lost(_)));
}

#[tokio::test]
async fn a_proxy_leads_to_a_gateway_whose_root_is_in_the_file() {
    let made = rcgen::generate_simple_self_signed(["gateway.test".to_owned()]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let roots = folder.path().join("roots.pem");
    std::fs::write(&roots, made.cert.pem()).unwrap();
    let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()).into();
    let tls = ServerConfig::builder_with_provider(Arc::new(ring::default_provider())).with_safe_default_protocol_versions().unwrap();
    let acceptor: TlsAcceptor = Arc::new(tls.with_no_client_auth().with_single_cert(vec![made.cert.der().clone()], key).unwrap()).into();
    let (gateway, gateway_port) = listen().await;
    tokio::spawn(async move {
        while let Ok((stream, _)) = gateway.accept().await {
            if let Ok(stream) = acceptor.accept(stream).await {
                serve(stream, b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok").await;
            }
        }
    });
    let (proxy, proxy_port) = listen().await;
    let proxied = tokio::spawn(async move {
        let (mut stream, _) = proxy.accept().await.unwrap();
        let asked = head(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 Connected\r\n\r\n").await.unwrap();
        let mut onward = TcpStream::connect(("127.0.0.1", gateway_port)).await.unwrap();
        let _ = copy_bidirectional(&mut stream, &mut onward).await;
        asked
    });
    let proxy = format!("http://127.0.0.1:{proxy_port}");
    let outbound = Outbound::new(Some(&roots), Some(&proxy)).unwrap();
    let answer = outbound.send(request("https://gateway.test/"), PATIENCE).await.unwrap();
    assert_eq!(answer.into_body(), "ok");
    drop(outbound);
    assert!(proxied.await.unwrap().starts_with("CONNECT gateway.test:443 "));

    let stranger = Outbound::new(None, None).unwrap();
    let failure = stranger.send(request(&format!("https://127.0.0.1:{gateway_port}/")), PATIENCE).await.unwrap_err();
    assert!(matches!(failure, Failure::NotSent(_)), "its root is not trusted: {failure:?}");
}

#[test]
fn what_cannot_be_used_is_said_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("roots.pem");
    assert_eq!(Outbound::new(Some(&file), None).err().unwrap().code(), codes::CONFIG, "there is none");
    std::fs::write(&file, "no certificate").unwrap();
    assert_eq!(Outbound::new(Some(&file), None).err().unwrap().code(), codes::CONFIG);
    for proxy in ["proxy.example.com", "https://proxy.example.com:1", "http://proxy.example.com"] {
        assert_eq!(Outbound::new(None, Some(proxy)).err().unwrap().code(), codes::CONFIG, "{proxy}");
    }
    assert_eq!(base("gateway", "https://api.example.com/").unwrap(), "https://api.example.com");
    assert_eq!(base("gateway", "http://127.0.0.1:8080").unwrap(), "http://127.0.0.1:8080");
    for address in ["http://api.example.com", "api.example.com", "https://api.example.com/?a=b", "https://a:b@example.com", ""] {
        assert!(base("gateway", address).is_err(), "{address}");
    }
}
