//! From a signature to a download, over a database and a storage in memory.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use bytes::Bytes;
use futures_util::stream;
use http::Method;
use sdk_plugin::contract::files::{DELETE, INFO, REPORT, Resolve, SIGN};
use sdk_plugin::{Body, CallerKind, Error, codes};
use serde_json::{Value, json};

use crate::clock::now;
use crate::code::{FILE_NOT_FOUND, MALFORMED, QUOTA_EXCEEDED, TOO_LARGE};
use crate::config::Config;
use crate::testing::{BOUNDARY, Cloud, form, params, pieces, read, refusal};

fn contents(size: usize) -> Vec<u8> {
    (0..size).map(|n| u8::try_from((n * 7 + n / 256) % 256).unwrap()).collect()
}

#[tokio::test]
async fn a_file_is_uploaded_reported_described_downloaded_and_deleted() {
    let cloud = Cloud::new();
    let asked = json!({"env": "public", "filename": "a.png", "size": 5000, "fileId": "图/a,b c.png"});
    let signed = cloud.client(SIGN, "u1", asked.clone()).await.unwrap();
    assert_eq!(signed["host"], "cloud.test:8520/files/upload", "the client SDK adds https://");
    assert_eq!(signed["cdnDomain"], "cloud.test:8520/files/s");
    assert_eq!(signed["ossPath"], "图/a%2Cb%20c.png");
    assert!(signed.get("ossCallbackUrl").is_none(), "so that the SDK reports");
    let on_server = cloud.server(SIGN, asked).await.unwrap();
    assert_eq!(on_server["host"], "http://cloud.test:8520/files/upload", "the server SDK takes it as it is");
    let id = json!({"id": signed["id"]});
    assert_eq!(cloud.client(REPORT, "u1", id.clone()).await.unwrap_err().code(), codes::PARAM_INVALID, "nothing is there yet");

    let fields = [
        ("OSSAccessKeyId", "mpcloud"),
        ("success_action_status", "200"),
        ("Cache-Control", "max-age=2592000"),
        ("Content-Disposition", "attachment"),
        ("x-oss-meta-author", "小明"),
        ("X-OSS-server-side-encrpytion", "AES256"),
        ("callback", "eyJjYWxsYmFja1VybCI6Imh0dHA6Ly8xMjcuMC4wLjE6MS8ifQ=="),
        ("id", "x"),
    ];
    let all = contents(5000);
    assert_eq!(read(cloud.post(&signed, &fields, &all).await).await, (200, Vec::new()));
    cloud.client(REPORT, "u1", id.clone()).await.unwrap();

    let url = format!("https://{}/{}", signed["cdnDomain"].as_str().unwrap(), signed["ossPath"].as_str().unwrap());
    for named in [signed["id"].as_str().unwrap(), &url, "图/a%2Cb%20c.png"] {
        let described = cloud.client(INFO, "u2", json!({"id": format!("nothing,{named}")})).await.unwrap();
        let [file] = &described.as_array().unwrap()[..] else { panic!("{described}") };
        assert_eq!((&file["fileId"], &file["name"], &file["size"]), (&signed["id"], &json!("图/a,b c.png"), &json!(5000)));
        assert_eq!((&file["type"], &file["url"]), (&json!("image/png"), &json!("http://cloud.test:8520/files/s/%E5%9B%BE/a%2Cb%20c.png")));
        assert!(file["gmtCreate"].as_u64().unwrap().abs_diff(now() / 1000) < 60, "seconds: {file}");
    }
    let response = cloud.get("/files/s/%E5%9B%BE/a,b%20c.png", &[]).await;
    let header = |name: &str| String::from_utf8_lossy(response.headers[name].as_bytes()).into_owned();
    assert_eq!(header("content-type"), "image/png");
    assert_eq!(header("cache-control"), "max-age=2592000");
    assert_eq!(header("content-disposition"), "attachment");
    assert_eq!(header("x-oss-meta-author"), "小明");
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert_eq!(header("accept-ranges"), "bytes");
    assert!(!response.headers.contains_key("content-security-policy"));
    assert_eq!(read(response).await, (200, all));

    assert_eq!(cloud.client(DELETE, "u1", json!({"id": {"fileUrl": url}})).await.unwrap(), json!({"deleted": 1}));
    assert_eq!(refusal(cloud.get(&url["https://cloud.test:8520".len()..], &[]).await).await.0, 404);
    assert_eq!(cloud.server(DELETE, id).await.unwrap_err().code(), codes::PARAM_INVALID);
    assert_eq!(cloud.memory.objects("s"), Vec::<String>::new());
    assert!(cloud.memory.records("fileLeftovers").is_empty());
}

#[tokio::test]
async fn names_sizes_and_types_are_checked_before_anything_is_signed() {
    let cloud = Cloud::with(Config { max_bytes: 1000, ..Config::default() });
    for (asked, code) in [
        (json!({"filename": "a.exe"}), codes::PARAM_INVALID),
        (json!({"filename": "a"}), codes::PARAM_INVALID),
        (json!({"filename": "a.png", "fileId": "a.html"}), codes::PARAM_INVALID),
        (json!({"filename": "a.png", "fileId": "/a.png"}), codes::PARAM_INVALID),
        (json!({"filename": "a.png", "fileId": "\\a.png"}), codes::PARAM_INVALID),
        (json!({"filename": "a.png", "fileId": "../a.png"}), codes::PARAM_INVALID),
        (json!({"filename": "a.png", "fileId": "a\u{0}.png"}), codes::PARAM_INVALID),
        (json!({"filename": "a.png", "fileId": format!("{}.png", "a".repeat(1020))}), codes::PARAM_INVALID),
        (json!({"filename": "a.png", "targetPath": "a/../../b"}), codes::PARAM_INVALID),
        (json!({"filename": "a.png", "env": "secret"}), codes::PARAM_INVALID),
        (json!({"filename": "a.png", "size": 1001}), TOO_LARGE),
        (json!({"filename": "a.png", "size": -1}), codes::PARAM_INVALID),
    ] {
        assert_eq!(cloud.server(SIGN, asked.clone()).await.unwrap_err().code(), code, "{asked}");
    }
    let chosen = cloud.server(SIGN, json!({"filename": "照片.JPG", "targetPath": "photos/"})).await.unwrap();
    let path = chosen["ossPath"].as_str().unwrap();
    assert!(path.starts_with("photos/") && path.ends_with(".jpg"), "{path}");
    cloud.server(SIGN, json!({"filename": "a.png", "fileId": "avatar"})).await.unwrap();
    let unchecked = cloud.make(SIGN, CallerKind::Client, "u", json!({"filename": "a.png"})).await;
    assert_eq!(unchecked.unwrap_err().code(), codes::PERMISSION_DENIED, "the core has checked nothing");
}

#[tokio::test]
async fn a_client_does_what_was_checked_and_no_more() {
    let cloud = Cloud::new();
    cloud.upload("b.png", &[], b"b").await;
    let resolve = |method: &str, asked: Value| Resolve { method: method.to_owned(), user: "u".to_owned(), params: asked.to_string() };
    let targets = cloud.service.resolve("s", &resolve(SIGN, json!({"filename": "x.png"}))).await.unwrap().targets;
    assert_eq!(targets[0].owner, "u", "a file that is yet to be made is its maker's");
    let mut asked = json!({"filename": "x.png", "fileId": "other.png", "resolved": targets});
    let signed = cloud.make(SIGN, CallerKind::Client, "u", asked.clone()).await.unwrap();
    assert_eq!(signed["ossPath"], targets[0].path, "the name that was checked");
    asked["resolved"] = json!([]);
    assert_eq!(cloud.make(SIGN, CallerKind::Client, "u", asked).await.unwrap_err().code(), codes::PERMISSION_DENIED);

    // Somebody else makes the file after it was checked, before and after it is signed.
    let signed = cloud.client(SIGN, "u", json!({"filename": "c.png", "fileId": "c.png"})).await.unwrap();
    let other = cloud.client(SIGN, "v", json!({"filename": "c.png", "fileId": "c.png"})).await.unwrap();
    assert_eq!(cloud.post(&other, &[], b"v's").await.status, 204);
    assert_eq!(refusal(cloud.post(&signed, &[], b"u's").await).await, (403, codes::PERMISSION_DENIED.to_owned()));
    assert_eq!(read(cloud.get("/files/s/c.png", &[]).await).await.1, b"v's");
    assert_eq!(cloud.memory.objects("s").len(), 2, "nothing is left of what was refused");

    let named = json!({"id": format!("{},b.png,nothing.png", signed["id"].as_str().unwrap())});
    let found = cloud.service.resolve("s", &resolve(INFO, named.clone())).await.unwrap().targets;
    assert_eq!(found.iter().map(|t| (&*t.path, &*t.owner)).collect::<Vec<_>>(), [("c.png", "v"), ("b.png", "")]);
    let only = json!({"id": named["id"], "resolved": [found[1]]});
    assert_eq!(cloud.make(INFO, CallerKind::Client, "u", only.clone()).await.unwrap().as_array().unwrap().len(), 1);
    assert_eq!(cloud.make(DELETE, CallerKind::Client, "u", only).await.unwrap_err().code(), codes::PERMISSION_DENIED);
    assert_eq!(cloud.memory.records("files").len(), 2, "none is deleted when one may not be");
    assert!(cloud.service.resolve("s", &resolve("other", json!({}))).await.is_err());
}

#[tokio::test]
async fn forms_that_are_wrong_are_refused_and_leave_nothing() {
    let cloud = Cloud::with(Config { max_bytes: 1000, ..Config::default() });
    let signed = cloud.server(SIGN, json!({"filename": "a.png", "fileId": "a.png", "size": 300})).await.unwrap();
    assert_eq!(refusal(cloud.post(&signed, &[], &contents(301)).await).await, (413, TOO_LARGE.to_owned()));
    assert_eq!(refusal(cloud.post(&signed, &[], &contents(900_000)).await).await, (413, TOO_LARGE.to_owned()));
    for (key, value) in [("ossPath", "b.png"), ("policy", "e30="), ("signature", "AAAA"), ("signature", "")] {
        let mut forged = signed.clone();
        forged[key] = value.into();
        assert_eq!(refusal(cloud.post(&forged, &[], b"x").await).await, (403, codes::SIGNATURE.to_owned()), "{key}");
    }
    let evil = [("Cache-Control", "x\u{7f}")];
    assert_eq!(refusal(cloud.post(&signed, &evil, b"x").await).await, (400, codes::PARAM_INVALID.to_owned()));
    let many: Vec<(String, String)> = (0..70).map(|n| (format!("f{n}"), "x".repeat(1000))).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(refusal(cloud.post(&signed, &many, b"x").await).await, (400, MALFORMED.to_owned()));

    let text = |key: &str| signed[key].as_str().unwrap();
    let fields = [("key", text("ossPath")), ("policy", text("policy")), ("Signature", text("signature"))];
    let whole = form(&fields, &contents(300));
    let multipart = format!("multipart/form-data; boundary={BOUNDARY}");
    for end in [0, 10, 200, whole.len() - 200, whole.len() - 8] {
        let response = cloud.http(Method::POST, "/files/upload", &[("content-type", &multipart)], pieces(&whole[..end])).await;
        assert_eq!(refusal(response).await, (400, MALFORMED.to_owned()), "cut off after {end}");
    }
    let cut =
        stream::iter([Ok(Bytes::copy_from_slice(&whole[..whole.len() - 100])), Err(Error::new(codes::INVALID_BODY, "the body broke off"))]);
    let response = cloud.http(Method::POST, "/files/upload", &[("content-type", &multipart)], Body::from_stream(cut)).await;
    assert_eq!(refusal(response).await.0, 400);
    let response = cloud.http(Method::POST, "/files/upload", &[("content-type", "image/png")], Body::full("\u{89}PNG")).await;
    assert_eq!(refusal(response).await, (400, MALFORMED.to_owned()));
    assert!(cloud.memory.collections().is_empty() && cloud.memory.objects("s").is_empty(), "{:?}", cloud.memory.collections());

    // The type of the image has displaced that of the form.
    let response = cloud.http(Method::POST, "/files/upload", &[("content-type", "image/png")], pieces(&whole)).await;
    assert_eq!(response.status, 204);
    assert_eq!(read(cloud.get("/files/s/a.png", &[]).await).await.1, contents(300));
}

#[tokio::test]
async fn replacing_shows_the_old_file_or_the_new_one_and_leaves_nothing() {
    let cloud = Cloud::new();
    let id = cloud.upload("a.png", &[], b"old").await;
    let etag = |response: &sdk_plugin::HttpResponse| response.headers["etag"].to_str().unwrap().to_owned();
    let old = cloud.get("/files/s/a.png", &[]).await;
    let signed = cloud.server(SIGN, json!({"filename": "a.png", "fileId": "a.png"})).await.unwrap();
    assert_eq!(signed["id"], id.as_str());
    assert_eq!(cloud.server(REPORT, json!({"id": id})).await.unwrap_err().code(), codes::PARAM_INVALID, "the new one has not arrived");
    cloud.memory.on_call(|what, of| (what == "updateOne" && of == "files").then(|| Error::new(codes::UNAVAILABLE, "down")));
    assert_eq!(cloud.post(&signed, &[], b"new").await.status, 503);
    cloud.memory.on_call(|_, _| None);
    assert_eq!(read(cloud.get("/files/s/a.png", &[]).await).await.1, b"old");
    assert_eq!(cloud.memory.objects("s").len(), 2, "nobody knows whether the record was written");
    assert_eq!(cloud.service.library.sweep(now() + 1000).await.unwrap(), 1, "the sweep does");
    assert_eq!(cloud.memory.objects("s").len(), 1);
    assert_eq!(cloud.post(&signed, &[], b"new").await.status, 204);
    let new = cloud.get("/files/s/a.png", &[]).await;
    assert_ne!(etag(&old), etag(&new));
    assert_ne!(old.headers["last-modified"], new.headers["last-modified"], "in another second");
    assert_eq!(read(new).await.1, b"new");
    cloud.server(REPORT, json!({"id": id})).await.unwrap();
    let figures = cloud.service.usage.figures("s", None).await.unwrap();
    assert_eq!((figures.bytes, figures.count, figures.uploads), (3, 1, 2));
    assert_eq!(cloud.memory.objects("s").len(), 1);
    cloud.service.clean_up().await;
    assert_eq!(cloud.memory.objects("s").len(), 1);

    // Another node knows the old record still.
    let other = cloud.another();
    assert_eq!(read(other.get("/files/s/a.png", &[]).await).await.1, b"new");
    cloud.upload("a.png", &[], b"newest").await;
    assert_eq!(read(other.get("/files/s/a.png", &[]).await).await.1, b"newest", "the bytes of the record it knew are gone");
    cloud.server(DELETE, json!({"id": "a.png"})).await.unwrap();
    assert_eq!(other.get("/files/s/a.png", &[]).await.status, 404);
}

#[tokio::test]
async fn what_a_killed_server_leaves_is_swept() {
    let cloud = Cloud::with(Config { abandoned_after_seconds: 1, ..Config::default() });
    cloud.upload("kept.png", &[], b"kept").await;
    // Killed between the bytes and the record: nobody undoes anything.
    let staged = cloud.service.library.stage("s", "f", pieces(b"half")).await.unwrap();
    let before = now() + 10_000;
    assert_eq!(cloud.service.library.sweep(before).await.unwrap(), 0, "an upload of this instance goes on");
    std::mem::forget(staged);
    let other = cloud.another();
    assert_eq!(other.service.library.sweep(now() - 10_000).await.unwrap(), 0, "it is too young");
    assert_eq!(other.service.library.sweep(before).await.unwrap(), 1);
    assert_eq!(cloud.memory.objects("s").len(), 1);
    // Killed between the record and the end of the old bytes.
    let file = cloud.service.library.get("s", &crate::name::id("s", "kept.png")).await.unwrap().unwrap();
    cloud.memory.on_call(|what, _| (what == "storage.delete").then(|| Error::new(codes::UNAVAILABLE, "down")));
    assert!(cloud.service.library.remove(&file).await.unwrap());
    cloud.memory.on_call(|_, _| None);
    assert_eq!((cloud.memory.objects("s").len(), cloud.get("/files/s/kept.png", &[]).await.status.as_u16()), (1, 404));
    assert_eq!(other.service.library.sweep(before).await.unwrap(), 1);
    assert!(cloud.memory.objects("s").is_empty() && cloud.memory.records("fileLeftovers").is_empty());
    // An upload that was given up is no file afterwards.
    let staged = cloud.service.library.stage("s", "f", pieces(b"late")).await.unwrap();
    assert_eq!(other.service.library.sweep(before).await.unwrap(), 1);
    let new = crate::record::File { id: "f".to_owned(), object: staged.object().to_owned(), ..file };
    assert_eq!(cloud.service.library.commit(staged, new, None, |_| Ok(())).await.unwrap_err().code(), codes::TIMEOUT);
    assert!(cloud.memory.records("files").is_empty());
}

#[tokio::test]
async fn a_caller_that_gives_up_leaves_nothing() {
    let cloud = Cloud::new();
    let (begun, begins) = tokio::sync::oneshot::channel();
    use futures_util::StreamExt as _;
    let body = stream::iter([Ok(Bytes::from_static(b"half"))]).chain(stream::once(async move {
        begun.send(()).unwrap();
        std::future::pending().await
    }));
    let service = cloud.service.clone();
    let upload = tokio::spawn(async move { service.library.stage("s", "f", Body::from_stream(body)).await.map(drop) });
    begins.await.unwrap();
    upload.abort();
    assert!(upload.await.unwrap_err().is_cancelled());
    let left = cloud.memory.records("fileLeftovers").len();
    assert!(left <= 1 && cloud.memory.objects("s").is_empty(), "at most what the sweep needs");
}

#[tokio::test]
async fn conditions_and_ranges() {
    let cloud = Cloud::new();
    let all = contents(3000);
    cloud.upload("a.mp4", &[], &all).await;
    let first = cloud.get("/files/s/a.mp4", &[]).await;
    let text = |name: &str| first.headers[name].to_str().unwrap().to_owned();
    let (etag, modified) = (text("etag"), text("last-modified"));
    let weak = format!("W/{etag}");
    let (etag, modified, weak) = (etag.as_str(), modified.as_str(), weak.as_str());
    for (headers, status, length) in [
        (&[("range", "bytes=1000-1999")][..], 206, 1000),
        (&[("range", "bytes=-1")], 206, 1),
        (&[("range", "bytes=3000-")], 416, 0),
        (&[("range", "bytes=0-1,5-6")], 200, 3000),
        (&[("if-none-match", etag)], 304, 0),
        (&[("if-none-match", weak), ("range", "bytes=0-1")], 304, 0),
        (&[("if-modified-since", modified)], 304, 0),
        (&[("if-match", "\"x\""), ("range", "bytes=0-1")], 412, 0),
        (&[("if-match", etag), ("range", "bytes=0-1")], 206, 2),
        (&[("if-range", etag), ("range", "bytes=0-1")], 206, 2),
        (&[("if-range", "\"x\""), ("range", "bytes=0-1")], 200, 3000),
        (&[("if-range", weak), ("range", "bytes=0-1")], 200, 3000),
        (&[("if-range", "\"x\""), ("range", "bytes=9999-")], 200, 3000),
    ] {
        let response = cloud.get("/files/s/a.mp4", headers).await;
        let announced = response.headers.get("content-length").map(|value| value.to_str().unwrap().to_owned());
        let (got, body) = read(response).await;
        assert_eq!((got, body.len()), (status, length), "{headers:?}");
        if status < 300 {
            assert_eq!(announced.as_deref(), Some(&*length.to_string()));
        }
    }
    let part = cloud.get("/files/s/a.mp4", &[("range", "bytes=1000-1999")]).await;
    assert_eq!(part.headers["content-range"], "bytes 1000-1999/3000");
    assert_eq!(read(part).await.1, all[1000..2000]);
    assert_eq!(cloud.get("/files/s/a.mp4", &[("range", "bytes=3000-")]).await.headers["content-range"], "bytes */3000");
    let head = cloud.http(Method::HEAD, "/files/s/a.mp4", &[("range", "bytes=0-1")], Body::empty()).await;
    assert_eq!((head.status.as_u16(), head.headers["content-length"].to_str().unwrap()), (200, "3000"));
    assert!(read(head).await.1.is_empty());
    let head = cloud.http(Method::HEAD, "/files/s/b.mp4", &[], Body::empty()).await;
    assert_eq!((head.status.as_u16(), read(head).await.1.len()), (404, 0));
    assert_eq!(cloud.http(Method::POST, "/files/s/a.mp4", &[], Body::empty()).await.status, 405);
    cloud.upload("empty.mp4", &[], b"").await;
    for range in ["bytes=0-", "bytes=-1"] {
        let response = cloud.get("/files/s/empty.mp4", &[("range", range)]).await;
        assert_eq!(response.status, if range == "bytes=0-" { 416 } else { 200 });
    }
    for path in [
        "/files/s/",
        "/files/s",
        "/files/",
        "/files/s/../s/a.mp4",
        "/files/s/%2e%2e/a.mp4",
        "/files/t/a.mp4",
        "/files/s/A.mp4",
        "/files/s/a.mp4%00",
    ] {
        assert_eq!(cloud.get(path, &[]).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn private_files_need_an_address_that_expires() {
    let cloud = Cloud::new();
    cloud.upload("open.png", &[("Cache-Control", "public, max-age=9")], b"open").await;
    let signed = cloud.server(SIGN, json!({"env": "private", "filename": "p.svg", "fileId": "p.svg"})).await.unwrap();
    assert_eq!(cloud.post(&signed, &[("Cache-Control", "public, max-age=9")], b"<svg/>").await.status, 204);
    assert_eq!(refusal(cloud.get("/files/s/p.svg", &[]).await).await, (403, codes::PERMISSION_DENIED.to_owned()));
    let described = cloud.server(INFO, json!({"id": "p.svg,open.png", "maxAge": 100})).await.unwrap();
    let url = described[0]["url"].as_str().unwrap();
    let response = cloud.get(url, &[]).await;
    assert_eq!(response.headers["cache-control"], "private, no-cache");
    assert!(response.headers["content-security-policy"].to_str().unwrap().starts_with("sandbox"), "scripts do not run");
    assert_eq!(read(response).await, (200, b"<svg/>".to_vec()));
    for forged in [url.replace("p.svg", "open.png"), url.replace("signature=", "signature=0"), url.replace("expires=", "expires=1")] {
        assert_eq!(refusal(cloud.get(&forged, &[]).await).await, (403, codes::SIGNATURE.to_owned()), "{forged}");
    }
    assert!(described[1]["url"].as_str().unwrap().contains("expires="), "maxAge asks for it");
    let again = cloud.server(SIGN, json!({"filename": "p.svg", "fileId": "p.svg"})).await.unwrap();
    assert_eq!(cloud.post(&again, &[], b"<svg></svg>").await.status, 204);
    assert_eq!(refusal(cloud.get("/files/s/p.svg", &[]).await).await, (403, codes::PERMISSION_DENIED.to_owned()), "private still");
    assert_eq!(refusal(cloud.get(url, &[]).await).await, (403, codes::SIGNATURE.to_owned()), "for what it was before");
    // Rules of the space make files private as well.
    cloud.memory.rule(|question| !question.path.starts_with("open"));
    assert_eq!(cloud.get("/files/s/open.png", &[]).await.status, 403);
    let described = cloud.server(INFO, json!({"id": "open.png"})).await.unwrap();
    assert_eq!(cloud.get(described[0]["url"].as_str().unwrap(), &[]).await.status, 200);
    for age in [json!(0), json!(-1), json!(1e12)] {
        assert_eq!(cloud.server(INFO, json!({"id": "open.png", "maxAge": age})).await.unwrap_err().code(), codes::PARAM_INVALID);
    }
    let many = vec!["x"; 51].join(",");
    assert_eq!(cloud.server(INFO, json!({"id": many})).await.unwrap_err().code(), codes::PARAM_INVALID);
}

#[tokio::test]
async fn spaces_have_room_as_their_quotas_say() {
    let quotas = BTreeMap::from([("s".to_owned(), 1000)]);
    let cloud = Cloud::with(Config { quotas, ..Config::default() });
    cloud.upload("a.png", &[], &contents(600)).await;
    assert_eq!(cloud.server(SIGN, json!({"filename": "b.png", "size": 401})).await.unwrap_err().code(), QUOTA_EXCEEDED);
    let unknown = cloud.server(SIGN, json!({"filename": "b.png", "fileId": "b.png"})).await.unwrap();
    assert_eq!(refusal(cloud.post(&unknown, &[], &contents(401)).await).await, (403, QUOTA_EXCEEDED.to_owned()));
    assert_eq!(cloud.post(&unknown, &[], &contents(400)).await.status, 204);
    cloud.upload("a.png", &[], &contents(590)).await;
    read(cloud.get("/files/s/a.png", &[]).await).await;
    cloud.service.usage.flush().await.unwrap();
    let figures = cloud.another().service.usage.figures("s", cloud.service.config.quota("s")).await.unwrap();
    assert_eq!(
        (figures.bytes, figures.count, figures.uploads, figures.downloads, figures.traffic, figures.quota),
        (990, 2, 3, 1, 590, 1000)
    );
    // Figures that are wrong are put right.
    cloud.service.usage.stored("s", 77, 5).await.unwrap();
    cloud.service.recount().await.unwrap();
    let figures = cloud.service.usage.figures("s", None).await.unwrap();
    assert_eq!((figures.bytes, figures.count), (990, 2));
    cloud.memory.on_call(|what, of| (what == "updateOne" && of == "fileUsage").then(|| Error::new(codes::UNAVAILABLE, "down")));
    read(cloud.get("/files/s/a.png", &[]).await).await;
    assert!(cloud.service.usage.flush().await.is_err());
    assert_eq!(cloud.service.usage.figures("s", None).await.unwrap().downloads, 2, "held until it can be written");
}

#[tokio::test]
async fn a_deleted_space_leaves_nothing() {
    let cloud = Cloud::new();
    cloud.upload("a.png", &[], b"a").await;
    cloud.service.save_rules("s", params(json!({"IpConfig": r#"{"Type":"black","IpList":"1.1.1.1"}"#}))).await.unwrap();
    let signed = cloud.server(SIGN, json!({"filename": "b.png", "fileId": "b.png"})).await.unwrap();
    cloud.service.usage.flush().await.unwrap();
    cloud.memory.delete_space("s");
    for _ in 0..2 {
        cloud.service.remove_space("s").await.unwrap();
    }
    assert!(cloud.memory.collections().is_empty(), "{:?}", cloud.memory.collections());
    assert_eq!(refusal(cloud.post(&signed, &[], b"x").await).await, (403, codes::SPACE_DELETED.to_owned()));
    assert_eq!(cloud.get("/files/s/a.png", &[]).await.status, 403);
    assert!(cloud.memory.collections().is_empty());
}

#[tokio::test]
async fn administrators_put_list_and_delete() {
    let cloud = Cloud::new();
    let admin = Cloud::call(CallerKind::Admin, "");
    for (n, path) in ["b/2.bin", "a.txt", "b/1.bin", "图.png", "b.c"].iter().enumerate() {
        let asked = json!({"FileId": path, "Filename": "x", "Size": "3", "ContentType": if n == 0 { "video/mp4" } else { "" }});
        let signed = cloud.service.describe_upload_url(&admin, params(asked)).await.unwrap();
        let (url, id) = (signed["SignUrl"].as_str().unwrap(), json!({"Id": signed["Id"]}));
        assert_eq!(signed["Overwrite"], false);
        assert_eq!(cloud.service.register_file("s", params(id.clone())).await.unwrap_err().code(), FILE_NOT_FOUND);
        assert_eq!(cloud.http(Method::PUT, url, &[], Body::full("four")).await.status, 413);
        assert_eq!(cloud.http(Method::PUT, &url.replace("/files/s/", "/files/s/x"), &[], Body::full("abc")).await.status, 403);
        assert_eq!(cloud.http(Method::PUT, url, &[("content-type", "text/plain")], Body::full("abc")).await.status, 200);
        cloud.service.register_file("s", params(id)).await.unwrap();
    }
    assert_eq!(cloud.get("/files/s/b/2.bin", &[]).await.headers["content-type"], "video/mp4");
    let list = async |asked: Value| {
        let listed = cloud.service.list_files("s", params(asked)).await.unwrap();
        let names: Vec<String> =
            listed["DataList"].as_array().unwrap().iter().map(|file| file["Name"].as_str().unwrap().to_owned()).collect();
        (names, listed["Paginator"]["NextToken"].as_str().unwrap().to_owned())
    };
    assert_eq!(list(json!({})).await.0, ["a.txt", "b.c", "b/1.bin", "b/2.bin", "图.png"]);
    assert_eq!(list(json!({"Prefix": "b/"})).await, (vec!["b/1.bin".to_owned(), "b/2.bin".to_owned()], String::new()));
    assert_eq!(list(json!({"Keyword": ".b"})).await.0, ["b/1.bin", "b/2.bin"]);
    let (first, next) = list(json!({"PageSize": "2"})).await;
    let (second, next) = list(json!({"PageSize": 2, "NextToken": next})).await;
    let (third, end) = list(json!({"PageSize": 2, "NextToken": next})).await;
    assert_eq!([first, second, third].concat().len(), 5);
    assert!(!next.is_empty() && end.is_empty());
    for bad in [json!({"PageSize": 0}), json!({"PageSize": 101}), json!({"NextToken": "%"})] {
        assert!(cloud.service.list_files("s", params(bad)).await.is_err());
    }
    cloud.service.delete_file("s", params(json!({"Id": "http://cloud.test:8520/files/s/a.txt"}))).await.unwrap();
    assert_eq!(cloud.service.delete_file("s", params(json!({"Id": "a.txt"}))).await.unwrap_err().code(), FILE_NOT_FOUND);
    assert_eq!(list(json!({"FileId": "b.c"})).await.0, ["b.c"]);
}

#[tokio::test]
async fn rules_of_the_domain_are_applied() {
    let cloud = Cloud::new();
    cloud.upload("a.png", &[], b"a").await;
    let save = async |rules: Value| cloud.service.save_rules("s", params(rules)).await;
    let status = async |headers: &[(&str, &str)]| cloud.get("/files/s/a.png", headers).await.status.as_u16();
    save(json!({
        "RefererConfig": r#"{"Type":"white","ReferList":"a.com","AllowEmpty":"on"}"#,
        "UaConfig": r#"{"Type":"black","UaList":"*curl*"}"#,
        "CorsConfig": r#"{"AccessOriginControl":"on","AllowOrigin":"https://a.com"}"#,
    }))
    .await
    .unwrap();
    assert_eq!(status(&[]).await, 200);
    assert_eq!(status(&[("referer", "https://evil.org/")]).await, 403);
    assert_eq!(status(&[("referer", "https://a.com/x"), ("user-agent", "curl/8")]).await, 403);
    let read = cloud.get("/files/s/a.png", &[("origin", "https://a.com")]).await;
    assert_eq!(read.headers["access-control-allow-origin"], "https://a.com");
    let preflight = |origin| cloud.http(Method::OPTIONS, "/files/s/a.png", origin, Body::empty());
    assert!(preflight(&[("origin", "https://a.com")]).await.headers.contains_key("access-control-allow-origin"));
    assert!(!preflight(&[("origin", "https://b.com")]).await.headers.contains_key("access-control-allow-origin"));
    assert!(save(json!({"IpConfig": r#"{"Type":"black","IpList":"10.0.0.0/8"}"#, "AuthConfig": "{"})).await.is_err());
    assert_eq!(status(&[]).await, 200, "none is saved when one is wrong");
    save(json!({"IpConfig": r#"{"Type":"black","IpList":"10.0.0.0/8"}"#})).await.unwrap();
    assert_eq!(status(&[]).await, 403);
    save(json!({"IpConfig": r#"{"Type":"off"}"#, "AuthConfig": r#"{"AuthType":"type_b","AuthKey":"abcdef1","AuthDelta":60}"#}))
        .await
        .unwrap();
    assert_eq!(status(&[]).await, 403);
    let described = cloud.server(INFO, json!({"id": "a.png"})).await.unwrap();
    assert_eq!(cloud.get(described[0]["url"].as_str().unwrap(), &[]).await.status, 200);
    let shown = cloud.service.describe_domain("s").await.unwrap();
    assert_eq!(shown["DomainName"], "cloud.test:8520/files/s");
    assert_eq!((&shown["AuthConfig"]["AuthType"], &shown["AuthConfig"]["AuthDelta"]), (&json!("type_b"), &json!(60)));
    assert_eq!((&shown["UaConfig"]["UaList"], &shown["RefererConfig"]["AllowEmpty"]), (&json!("*curl*"), &json!("on")));
}

#[tokio::test]
async fn functions_upload_in_one_call() {
    let cloud = Cloud::new();
    let mut call = Cloud::call(CallerKind::Function, "u");
    call.body = Some(pieces(b"from a function"));
    let asked = json!({"env": "public", "filename": "r.pdf", "fileId": "r.pdf", "headers": {"cacheControl": "no-store"}});
    let put = cloud.service.put(&mut call, params(asked.clone())).await.unwrap();
    assert_eq!(put["fileUrl"], "https://cloud.test:8520/files/s/r.pdf");
    assert_eq!(cloud.get("/files/s/r.pdf", &[]).await.headers["cache-control"], "no-store");
    for kind in [CallerKind::Client, CallerKind::Server, CallerKind::Admin] {
        let refused = cloud.service.put(&mut Cloud::call(kind, "u"), params(asked.clone())).await;
        assert_eq!(refused.unwrap_err().code(), codes::INVALID_METHOD);
    }
}
