#![allow(clippy::unwrap_used)]

use std::io::Read;

use super::*;
use crate::manage::SettingsParams;
use crate::testing::{Answer, SPACE, TestService, deploy, get, opened, request};
use serde_json::json;

async fn site() -> TestService {
    let (service, _) = opened(json!({})).await;
    let css = "body { color: red }\n".repeat(100);
    let files = [
        ("index.html", "<h1>hello</h1>"),
        ("error.html", "<h1>lost</h1>"),
        ("docs/index.html", "docs"),
        ("docs/a b.html", "blank"),
        ("图片.txt", "图"),
        ("app.css", css.as_str()),
        ("app.js", "console.log(1)"),
        ("app.js.br", "brotli of app.js"),
        ("app.js.gz", "gzip of app.js"),
        ("img/logo.png", "0123456789"),
        ("js/app.3f8a9c21.js", "hashed"),
        ("plain/file.txt", "no index here"),
    ];
    deploy(&service, &files).await;
    service
}

async fn modify(service: &TestService, params: serde_json::Value) {
    service.modify_settings(SPACE, serde_json::from_value::<SettingsParams>(params).unwrap()).await.unwrap();
}

#[tokio::test]
async fn paths_lead_to_files_and_folders_to_their_index() {
    let service = site().await;
    for (uri, status, text) in [
        ("/", 200, "<h1>hello</h1>"),
        ("/?x=1", 200, "<h1>hello</h1>"),
        ("/index.html", 200, "<h1>hello</h1>"),
        ("/docs/", 200, "docs"),
        ("/docs/a%20b.html", 200, "blank"),
        ("/%E5%9B%BE%E7%89%87.txt", 200, "图"),
        ("/plain/", 404, "<h1>lost</h1>"),
        ("/plain", 404, "<h1>lost</h1>"),
        ("/none", 404, "<h1>lost</h1>"),
        ("/Index.html", 404, "<h1>lost</h1>"),
    ] {
        let answer = get(&service, uri, &[]).await;
        assert_eq!((answer.status, answer.text()), (status, text), "{uri}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
    }
    let moved = get(&service, "/docs?a=%20b", &[]).await;
    assert_eq!((moved.status, moved.header("location"), moved.header("cache-control")), (301, "/docs/?a=%20b", "no-cache"));
    for uri in ["//evil.test/", "/docs/../index.html", "/%2e%2e/x", "/docs%5cindex.html", "/%00", "/%ff", "/docs//"] {
        let answer = get(&service, uri, &[]).await;
        assert_eq!(answer.status, 400, "{uri}");
        assert_eq!(answer.header("location"), "");
    }
}

#[tokio::test]
async fn headers_say_what_it_is() {
    let service = site().await;
    let page = get(&service, "/", &[]).await;
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    assert_eq!(page.header("cache-control"), "no-cache");
    assert_eq!(page.header("content-length"), "14");
    assert_eq!(page.header("accept-ranges"), "bytes");
    assert!(httpdate::parse_http_date(page.header("last-modified")).is_ok());
    assert_eq!(get(&service, "/js/app.3f8a9c21.js", &[]).await.header("cache-control"), "public, max-age=31536000, immutable");
    assert_eq!(get(&service, "/img/logo.png", &[]).await.header("vary"), "");

    let head = Answer::of(service.serve(&request(Method::HEAD, "/", &[], "")).await).await;
    assert_eq!((head.status, head.text()), (200, ""));
    let mut expected = page.headers.clone();
    let mut found = head.headers.clone();
    expected.remove("date");
    found.remove("date");
    assert_eq!(found, expected);
    let lost = Answer::of(service.serve(&request(Method::HEAD, "/none", &[], "")).await).await;
    assert_eq!((lost.status, lost.header("content-length"), lost.text()), (404, "13", ""));

    for method in [Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS] {
        let answer = Answer::of(service.serve(&request(method, "/", &[], "")).await).await;
        assert_eq!((answer.status, answer.header("allow")), (405, "GET, HEAD"));
    }
}

#[tokio::test]
async fn what_a_visitor_has_is_not_sent_again() {
    let service = site().await;
    let first = get(&service, "/app.css", &[]).await;
    let packed = get(&service, "/app.css", &[("accept-encoding", "br")]).await;
    let (tag, packed_tag) = (first.header("etag").to_owned(), packed.header("etag").to_owned());
    assert_ne!(tag, packed_tag);
    let modified = first.header("last-modified").to_owned();
    for (headers, status) in [
        (vec![("if-none-match", tag.as_str())], 304),
        (vec![("if-none-match", "\"other\"")], 200),
        (vec![("if-none-match", packed_tag.as_str())], 200),
        (vec![("if-none-match", packed_tag.as_str()), ("accept-encoding", "br")], 304),
        (vec![("if-modified-since", modified.as_str())], 304),
        (vec![("if-match", "\"other\"")], 412),
    ] {
        let answer = get(&service, "/app.css", &headers).await;
        assert_eq!(answer.status, status, "{headers:?}");
        if status == 304 {
            assert_eq!(answer.text(), "");
            assert_eq!(answer.header("cache-control"), "no-cache");
        }
    }
    assert_eq!(get(&service, "/none", &[("if-none-match", "*")]).await.status, 404);
}

#[tokio::test]
async fn parts_are_sent() {
    let service = site().await;
    let whole = get(&service, "/img/logo.png", &[]).await;
    let tag = whole.header("etag").to_owned();
    for (headers, status, text, range) in [
        (vec![("range", "bytes=2-4")], 206, "234", "bytes 2-4/10"),
        (vec![("range", "bytes=-1")], 206, "9", "bytes 9-9/10"),
        (vec![("range", "bytes=2-4"), ("if-range", tag.as_str())], 206, "234", "bytes 2-4/10"),
        (vec![("range", "bytes=2-4"), ("if-range", "\"old\"")], 200, "0123456789", ""),
        (vec![("range", "bytes=0-1,4-5")], 200, "0123456789", ""),
    ] {
        let answer = get(&service, "/img/logo.png", &headers).await;
        assert_eq!((answer.status, answer.text(), answer.header("content-range")), (status, text, range), "{headers:?}");
        assert_eq!(answer.header("content-length"), text.len().to_string());
    }
    let head = request(Method::HEAD, "/img/logo.png", &[("range", "bytes=2-4")], "");
    let head = Answer::of(service.serve(&head).await).await;
    assert_eq!((head.status, head.header("content-length")), (200, "10"));
    let mut several = request(Method::GET, "/img/logo.png", &[("range", "bytes=2-4")], "");
    several.headers.append(RANGE, HeaderValue::from_static("bytes=5-6"));
    assert_eq!(Answer::of(service.serve(&several).await).await.status, 200);
    let behind = get(&service, "/img/logo.png", &[("range", "bytes=10-")]).await;
    assert_eq!((behind.status, behind.header("content-range")), (416, "bytes */10"));
    let part = get(&service, "/app.css", &[("range", "bytes=0-3"), ("accept-encoding", "br, gzip")]).await;
    assert_eq!((part.status, part.text(), part.header("content-encoding")), (206, "body", ""));
}

#[tokio::test]
async fn texts_are_sent_compressed() {
    let service = site().await;
    let whole = get(&service, "/app.css", &[]).await;
    assert_eq!((whole.header("vary"), whole.header("content-encoding")), ("accept-encoding", ""));
    let gzip = get(&service, "/app.css", &[("accept-encoding", "gzip")]).await;
    assert_eq!((gzip.header("content-encoding"), gzip.header("vary")), ("gzip", "accept-encoding"));
    assert_eq!(gzip.header("content-length"), gzip.body.len().to_string());
    let mut text = String::new();
    flate2::read::GzDecoder::new(&*gzip.body).read_to_string(&mut text).unwrap();
    assert_eq!(text, whole.text());
    let brotli = get(&service, "/app.css", &[("accept-encoding", "gzip, br")]).await;
    assert_eq!(brotli.header("content-encoding"), "br");
    let tags = [&whole, &gzip, &brotli].map(|answer| answer.header("etag"));
    assert!(tags[0] != tags[1] && tags[1] != tags[2] && tags[0] != tags[2], "{tags:?}");

    for (encoding, found, text) in
        [("br", "br", "brotli of app.js"), ("gzip", "gzip", "gzip of app.js"), ("identity", "", "console.log(1)")]
    {
        let answer = get(&service, "/app.js", &[("accept-encoding", encoding)]).await;
        assert_eq!((answer.header("content-encoding"), answer.text(), answer.header("vary")), (found, text, "accept-encoding"));
        assert_eq!(answer.header("content-type"), "text/javascript; charset=utf-8");
    }
    assert_eq!(get(&service, "/img/logo.png", &[("accept-encoding", "br")]).await.header("content-encoding"), "");
    assert_eq!(get(&service, "/img/logo.png", &[("accept-encoding", "identity;q=0")]).await.status, 406);
    assert_eq!(get(&service, "/app.css", &[("accept-encoding", "br;q=0, gzip;q=0")]).await.header("content-encoding"), "");
}

#[tokio::test]
async fn settings_decide_what_visitors_get() {
    let service = site().await;
    modify(&service, json!({"IndexPath": "docs/index.html", "ErrorHttpStatus": "200", "ErrorPath": "app.js"})).await;
    assert_eq!(get(&service, "/", &[]).await.text(), "docs");
    assert_eq!(get(&service, "/docs/", &[]).await.text(), "console.log(1)");
    let lost = get(&service, "/none", &[]).await;
    assert_eq!((lost.status, lost.header("cache-control")), (200, "no-cache"));
    modify(&service, json!({"ErrorPath": "", "AllowedIps": "10.1.0.0/16"})).await;
    let lost = get(&service, "/none", &[]).await;
    assert_eq!((lost.status, lost.text().contains("nothing at this address")), (404, true));
    for path in ["/js/app.3f8a9c21.js", "/app.css", "/docs/index.html"] {
        assert_eq!(get(&service, path, &[]).await.header("cache-control"), "private, no-cache", "{path}");
    }
    modify(&service, json!({"AllowedIps": "10.2.0.0/16,::1"})).await;
    assert_eq!(get(&service, "/", &[]).await.status, 403);
    modify(&service, json!({"AllowedIps": ""})).await;
    assert_eq!(get(&service, "/", &[]).await.status, 200);
}

#[tokio::test]
async fn a_space_without_a_site_says_what_to_do() {
    let service = site().await;
    let mut asked = request(Method::GET, "/", &[], "");
    asked.space = "other".to_owned();
    let answer = Answer::of(service.serve(&asked).await).await;
    assert_eq!(answer.status, 404);
    assert!(answer.text().contains("mpcloud hosting enable --space other"));
    asked.space = "<script>".to_owned();
    assert!(!Answer::of(service.serve(&asked).await).await.text().contains("script"));
}

#[tokio::test]
async fn hot_files_need_no_database_and_no_storage() {
    let (service, memory) = opened(json!({})).await;
    deploy(&service, &[("a.css", &"a {}\n".repeat(1000))]).await;
    for encoding in ["identity", "br", "gzip"] {
        get(&service, "/a.css", &[("accept-encoding", encoding)]).await;
    }
    memory.calls();
    for _ in 0..100 {
        for encoding in ["identity", "br", "gzip"] {
            assert_eq!(get(&service, "/a.css", &[("accept-encoding", encoding)]).await.status, 200);
        }
    }
    // Looks at the record, which are due now and then, are two calls each.
    let calls = memory.calls();
    assert!(calls.len() < 50 && !calls.iter().any(|method| method.starts_with("storage.")), "{calls:?}");
}

#[tokio::test]
async fn large_files_are_streamed_from_the_storage() {
    let (service, memory) = opened(json!({"max_cached_file_bytes": 5})).await;
    deploy(&service, &[("a.bin", "0123456789")]).await;
    memory.calls();
    assert_eq!(get(&service, "/a.bin", &[]).await.text(), "0123456789");
    assert_eq!(get(&service, "/a.bin", &[("range", "bytes=5-")]).await.text(), "56789");
    assert_eq!(memory.calls().iter().filter(|method| *method == "storage.get").count(), 2);
}

#[tokio::test]
async fn what_is_in_memory_is_handed_over_in_pieces() {
    use futures_util::StreamExt;
    let bytes = Bytes::from(vec![7; 3 * CHUNK + 1]);
    let body = from_memory(bytes.clone());
    assert_eq!(body.length(), Some(bytes.len() as u64));
    let chunks: Vec<Bytes> = body.map(|chunk| chunk.unwrap()).collect().await;
    assert_eq!(chunks.iter().map(Bytes::len).collect::<Vec<_>>(), [CHUNK, CHUNK, CHUNK, 1]);
    assert_eq!(chunks.concat(), bytes);
}
