#![allow(clippy::unwrap_used)]

use std::time::Duration;

use futures_util::future::join_all;
use http::Method;
use sdk_plugin::codes;
use serde_json::{Value, json};

use crate::code::{DIGEST, INCOMPLETE, MALFORMED, NOT_OPENED, QUOTA, TOO_LARGE};
use crate::testing::{Answer, Memory, SPACE, TestService, bring, deploy, get, line, opened, other_node, post, put, request, upload};

async fn listed(service: &TestService, params: Value) -> Value {
    service.list_files(SPACE, serde_json::from_value(params).unwrap()).await.unwrap()["Data"].take()
}

async fn paths(service: &TestService) -> Vec<String> {
    let data = listed(service, json!({"PageSize": "1000"})).await;
    data["WebHostingFiles"].as_array().unwrap().iter().map(|file| file["FilePath"].as_str().unwrap().to_owned()).collect()
}

async fn delete(service: &TestService, paths: &str) {
    service.delete_files(SPACE, serde_json::from_value(json!({"FilePaths": paths})).unwrap()).await.unwrap();
}

#[tokio::test]
async fn files_are_uploaded_described_listed_and_deleted() {
    let (service, _) = opened(json!({})).await;
    for path in ["/index.html", "a/1.txt", "a/2.txt", "a/b/3.txt", "empty/"] {
        let contents = if path.ends_with('/') { "" } else { path };
        let answer = upload(&service, path, contents).await;
        assert_eq!(answer.status, 204, "{path}: {}", answer.text());
    }
    assert_eq!(get(&service, "/a/1.txt", &[]).await.text(), "a/1.txt");
    assert_eq!(paths(&service).await, ["a/1.txt", "a/2.txt", "a/b/3.txt", "empty/", "index.html"]);

    let page = listed(&service, json!({"Prefix": "a/", "PageSize": "2"})).await;
    assert_eq!((&page["Count"], &page["NextMarker"]), (&json!(2), &json!("a/2.txt")));
    let rest = listed(&service, json!({"Prefix": "a/", "PageSize": "2", "Marker": "a/2.txt"})).await;
    assert_eq!((&rest["Count"], &rest["NextMarker"]), (&json!(1), &json!("")));

    let describe = async |path: &str| {
        service.describe_file(SPACE, serde_json::from_value(json!({"FilePath": path})).unwrap()).await.unwrap()["Data"].take()
    };
    let described = describe("a/1.txt").await;
    assert_eq!((&described["Exists"], &described["Size"]), (&json!(true), &json!(7)));
    assert_eq!(described["ContentType"], "text/plain; charset=utf-8");
    let address = described["SignedUrl"].as_str().unwrap().trim_start_matches("http://cloud.test").to_owned();
    let saved = Answer::of(service.transfer(request(Method::GET, &address, &[], "")).await).await;
    assert_eq!((saved.text(), saved.header("content-disposition")), ("a/1.txt", "attachment; filename*=UTF-8''1.txt"));
    assert_eq!(describe("none").await["Exists"], false);

    service.delete_file(SPACE, serde_json::from_value(json!({"FilePath": "a/1.txt"})).unwrap()).await.unwrap();
    assert_eq!(paths(&service).await, ["a/2.txt", "a/b/3.txt", "empty/", "index.html"]);
    delete(&service, "a/,empty/,none").await;
    upload(&service, "with,comma.txt", "x").await;
    let numbered = json!({"FilePaths.1": "with,comma.txt", "FilePaths.2": "none", "SpaceId": SPACE});
    service.delete_files(SPACE, serde_json::from_value(numbered).unwrap()).await.unwrap();
    assert_eq!(paths(&service).await, ["index.html"]);
    assert_eq!(get(&service, "/a/2.txt", &[]).await.status, 404);
}

#[tokio::test]
async fn forms_are_held_to_what_was_signed() {
    let (service, _) = opened(json!({"quota_bytes": 10})).await;
    let credential = service.upload_credential(SPACE, serde_json::from_value(json!({"FilePath": "a.txt"})).unwrap()).await.unwrap();
    let data = &credential["Data"];
    let (policy, signature) = (&data["Policy"], &data["Signature"]);
    let code = |answer: &Answer| serde_json::from_slice::<Value>(&answer.body).unwrap()["code"].as_str().unwrap().to_owned();
    let other = post(&service, &[("key", &json!("b.txt")), ("policy", policy), ("Signature", signature)], "x").await;
    assert_eq!((other.status, code(&other).as_str()), (403, codes::SIGNATURE));
    let unsigned = post(&service, &[("key", &json!("a.txt"))], "x").await;
    assert_eq!(unsigned.status, 403);
    let large = post(&service, &[("key", &json!("a.txt")), ("policy", policy), ("Signature", signature)], &"x".repeat(11)).await;
    assert_eq!((large.status, code(&large).as_str()), (413, TOO_LARGE));
    let folder = upload(&service, "a/", "x").await;
    assert_eq!(folder.status, 400);
    let (key, bad_type, css) = (json!("a.txt"), json!("text/html\u{1}"), json!("text/css"));
    let with_type = |content_type| [("key", &key), ("policy", policy), ("Signature", signature), ("Content-Type", content_type)];
    assert_eq!(post(&service, &with_type(&bad_type), "x").await.status, 400);
    assert_eq!(paths(&service).await, [""; 0]);
    assert_eq!(post(&service, &with_type(&css), "x").await.status, 204);
    assert_eq!(get(&service, "/a.txt", &[]).await.header("content-type"), "text/css; charset=utf-8");

    let full = upload(&service, "b.txt", "0123456789").await;
    assert_eq!((full.status, code(&full).as_str()), (400, QUOTA));
    assert_eq!(paths(&service).await, ["a.txt"]);
}

#[tokio::test]
async fn changes_at_the_same_time_are_all_made_on_all_nodes() {
    let (service, memory) = opened(json!({})).await;
    let other = other_node(&memory);
    let names: Vec<String> = (0..20).map(|n| format!("{n:02}.txt")).collect();
    let uploads = names.iter().enumerate().map(|(n, name)| upload(if n % 2 == 0 { &service } else { &other }, name, name));
    for answer in join_all(uploads).await {
        assert_eq!(answer.status, 204, "{}", answer.text());
    }
    assert_eq!(paths(&service).await, names);
    let site = service.records.require(SPACE).await.unwrap();
    assert_eq!((site.releases.len(), site.current().unwrap().number), (1, 20));
}

#[tokio::test]
async fn a_deployment_brings_only_what_is_new_and_replaces_all() {
    let (service, _) = opened(json!({})).await;
    upload(&service, "old.txt", "same").await;
    let modified = get(&service, "/old.txt", &[]).await.header("last-modified").to_owned();
    assert_eq!(deploy(&service, &[("index.html", "one"), ("copy.html", "one"), ("old.txt", "same")]).await, 1);
    assert_eq!(paths(&service).await, ["copy.html", "index.html", "old.txt"]);
    assert_eq!(get(&service, "/old.txt", &[]).await.header("last-modified"), modified);
    assert_eq!(deploy(&service, &[("index.html", "two")]).await, 1);
    assert_eq!(paths(&service).await, ["index.html"]);
    assert_eq!(deploy(&service, &[("index.html", "one"), ("x.html", "two")]).await, 0);
    assert_eq!(get(&service, "/", &[]).await.text(), "one");
}

#[tokio::test]
async fn a_deployment_that_lacks_something_changes_nothing() {
    let (service, _) = opened(json!({"quota_bytes": 100})).await;
    deploy(&service, &[("index.html", "old")]).await;
    let begun = service.begin_deployment(SPACE).await.unwrap();
    let (id, list) = (begun["DeploymentId"].as_str().unwrap(), begun["ListUrl"].as_str().unwrap());
    assert!(service.commit(SPACE, id).await.unwrap_err().message().contains("no list"));
    let answer = put(&service, list, line("index.html", "new") + &line("b.html", "more")).await;
    let missing: Value = serde_json::from_slice(&answer.body).unwrap();
    let address = |contents: &str| {
        let length = contents.len();
        let item = missing["missing"].as_array().unwrap().iter().find(|item| item["size"] == length).unwrap();
        item["address"].as_str().unwrap().to_owned()
    };
    assert_eq!(service.commit(SPACE, id).await.unwrap_err().code(), INCOMPLETE);
    for wrong in ["neu", "ne", "newer"] {
        let answer = put(&service, &address("new"), wrong).await;
        let code = serde_json::from_slice::<Value>(&answer.body).unwrap()["code"].as_str().unwrap().to_owned();
        assert!([DIGEST, TOO_LARGE].contains(&code.as_str()), "{wrong}: {code}");
    }
    assert_eq!(put(&service, &address("new").replace("size=3", "size=4"), "newX").await.status, 403);
    assert_eq!(put(&service, &address("new"), "new").await.status, 200);
    assert_eq!(service.commit(SPACE, id).await.unwrap_err().code(), INCOMPLETE);
    assert_eq!(get(&service, "/", &[]).await.text(), "old");
    assert_eq!(put(&service, &address("more"), "more").await.status, 200);
    let release = service.commit(SPACE, id).await.unwrap();
    assert_eq!(service.commit(SPACE, id).await.unwrap(), release, "a second time it is the same");
    assert_eq!(get(&service, "/b.html", &[]).await.text(), "more");

    let begun = service.begin_deployment(SPACE).await.unwrap();
    let large = put(&service, begun["ListUrl"].as_str().unwrap(), line("a", &"x".repeat(101))).await;
    assert!(large.text().contains(QUOTA), "{}", large.text());
}

#[tokio::test]
async fn a_list_that_lies_about_a_size_gets_nothing_into_memory() {
    let (service, memory) = opened(json!({})).await;
    deploy(&service, &[("index.html", "the whole page")]).await;
    let begun = service.begin_deployment(SPACE).await.unwrap();
    let (id, list) = (begun["DeploymentId"].as_str().unwrap(), begun["ListUrl"].as_str().unwrap());
    let lie = line("index.html", "the whole page").replace("\"size\":14", "\"size\":3");
    let answer = put(&service, list, lie).await;
    let missing: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(missing["missing"].as_array().unwrap().len(), 1, "{missing}");
    let address = missing["missing"][0]["address"].as_str().unwrap();
    assert_eq!(put(&service, address, "the").await.status, 400);
    assert_eq!(service.commit(SPACE, id).await.unwrap_err().code(), INCOMPLETE);

    let blob = memory.keys().into_iter().find(|key| key.contains("/blobs/")).unwrap();
    memory.put_object(&blob, "another sites!");
    assert_eq!(get(&other_node(&memory), "/", &[]).await.status, 500);
    memory.put_object(&blob, "the whole page");
    assert_eq!(get(&other_node(&memory), "/", &[]).await.text(), "the whole page");
}

#[tokio::test]
async fn addresses_of_what_is_gone_store_nothing() {
    let (service, memory) = opened(json!({})).await;
    let begun = service.begin_deployment(SPACE).await.unwrap();
    let answer = put(&service, begun["ListUrl"].as_str().unwrap(), line("index.html", "new")).await;
    let missing: Value = serde_json::from_slice(&answer.body).unwrap();
    let address = missing["missing"][0]["address"].as_str().unwrap();
    service.remove_space(SPACE).await.unwrap();
    assert_eq!(put(&service, address, "new").await.status, 400);
    service.records.open(SPACE).await.unwrap();
    assert_eq!(put(&service, address, "new").await.status, 404);
    assert_eq!(memory.keys(), [""; 0]);
}

#[tokio::test]
async fn little_of_a_form_is_read_before_its_file() {
    let (service, _) = opened(json!({})).await;
    let headers = [("content-type", "multipart/form-data; boundary=b")];
    let in_headers = format!("--b\r\nX-Long: {}", "x".repeat(300_000));
    for body in ["x".repeat(300_000), in_headers] {
        let answer = Answer::of(service.transfer(request(Method::POST, "/hosting/upload", &headers, body)).await).await;
        assert_eq!((answer.status, answer.text().contains(MALFORMED)), (400, true), "{}", answer.text());
    }
    let large = "x".repeat(600_000);
    assert_eq!(upload(&service, "large.txt", &large).await.status, 204);
    assert_eq!(get(&service, "/large.txt", &[]).await.text(), large);
}

#[tokio::test]
async fn no_node_serves_what_was_there_before_an_acknowledged_deployment() {
    let (service, memory) = opened(json!({})).await;
    let other = other_node(&memory);
    for round in 0..5 {
        let contents = round.to_string();
        deploy(&service, &[("index.html", &contents)]).await;
        assert_eq!(get(&other, "/", &[]).await.text(), contents);
        tokio::time::sleep(Duration::from_millis(15)).await;
        assert_eq!(get(&service, "/", &[]).await.text(), contents);
    }
    let rolled_back = service.roll_back(SPACE, None).await.unwrap();
    assert_eq!((rolled_back.number, rolled_back.source), (6, 4));
    assert_eq!(get(&other, "/", &[]).await.text(), "3");
}

#[tokio::test]
async fn going_back_and_forth() {
    let (service, _) = opened(json!({})).await;
    for contents in ["1", "2", "3"] {
        deploy(&service, &[("index.html", contents)]).await;
    }
    for (to, contents) in [(None, "2"), (None, "1"), (Some(3), "3"), (Some(1), "1")] {
        service.roll_back(SPACE, to).await.unwrap();
        assert_eq!(get(&service, "/", &[]).await.text(), contents);
    }
    assert!(service.roll_back(SPACE, Some(77)).await.is_err());
    let releases = service.list_releases(SPACE).await.unwrap();
    assert_eq!(releases["DataList"][0]["Source"], 1);
}

async fn wait_and_sweep(service: &TestService, memory: &Memory) -> Vec<String> {
    // Ids are made of the real time.
    tokio::time::sleep(Duration::from_millis(1100)).await;
    service.sweep(SPACE).await.unwrap();
    memory.keys()
}

#[tokio::test]
async fn the_sweep_removes_what_nothing_needs_and_nothing_else() {
    let (service, memory) = opened(json!({"grace_seconds": 1})).await;
    upload(&service, "a.txt", "uploaded").await;
    upload(&service, "b.txt", "uploaded").await;
    for round in 0..12 {
        let contents = format!("round {round}");
        deploy(&service, &[("index.html", &contents), ("a.txt", "uploaded")]).await;
    }
    let (id, _) = bring(&service, &[("index.html", "not committed"), ("old.html", "round 5")]).await;
    memory.put_object("sites/s1/blobs/u00000000000000000000000000000000", "of nobody");
    let kept = wait_and_sweep(&service, &memory).await;
    // Ten manifests, one list, ten rounds and the upload that all share, and what is not committed.
    assert_eq!(kept.len(), 10 + 1 + 10 + 1 + 1, "{kept:#?}");
    for round in (3..12).rev() {
        assert_eq!(get(&service, "/", &[]).await.text(), format!("round {round}"));
        assert_eq!(get(&service, "/a.txt", &[]).await.text(), "uploaded");
        if round > 3 {
            service.roll_back(SPACE, None).await.unwrap();
        }
    }
    service.commit(SPACE, &id).await.unwrap();
    assert_eq!(get(&service, "/old.html", &[]).await.text(), "round 5");
}

#[tokio::test]
async fn a_deployment_that_reuses_a_forgotten_release_is_told() {
    let (service, _) = opened(json!({})).await;
    deploy(&service, &[("index.html", "first")]).await;
    let (id, missing) = bring(&service, &[("index.html", "first")]).await;
    assert_eq!(missing, 0);
    for round in 0..10 {
        deploy(&service, &[("index.html", &format!("round {round}"))]).await;
    }
    assert_eq!(service.commit(SPACE, &id).await.unwrap_err().code(), INCOMPLETE);
}

#[tokio::test]
async fn figures_count_what_was_done() {
    let (service, _) = opened(json!({})).await;
    upload(&service, "a.txt", "12345").await;
    for _ in 0..3 {
        get(&service, "/a.txt", &[]).await;
    }
    let figures = serde_json::to_value(service.figures(SPACE).await.unwrap()).unwrap();
    assert_eq!(figures, json!({"bytes": 5, "count": 1, "uploads": 1, "downloads": 3, "traffic": 15, "quota": 2_147_483_648u64}));
    get(&service, "/a.txt", &[]).await;
    assert_eq!(serde_json::to_value(service.figures(SPACE).await.unwrap()).unwrap()["downloads"], 4);
    let none = serde_json::to_value(service.figures("other").await.unwrap()).unwrap();
    assert_eq!((&none["bytes"], &none["downloads"]), (&json!(0), &json!(0)));
}

#[tokio::test]
async fn nothing_works_before_the_site_is_open_and_nothing_is_left_after() {
    let (service, memory) = opened(json!({})).await;
    let parse = |value: Value| serde_json::from_value(value).unwrap();
    let path = json!({"FilePath": "a"});
    for refused in [
        service.settings("other").await,
        service.upload_credential("other", parse(path.clone())).await,
        service.describe_file("other", parse(path.clone())).await,
        service.delete_file("other", parse(path)).await,
        service.begin_deployment("other").await,
        service.list_releases("other").await,
    ] {
        assert_eq!(refused.unwrap_err().code(), NOT_OPENED);
    }
    assert_eq!(service.site_status("other").await.unwrap()["Data"]["Status"], "NotOpened");
    assert_eq!(service.site_status(SPACE).await.unwrap()["Data"]["Status"], "Opened");
    assert_eq!(service.settings(SPACE).await.unwrap()["Data"]["DefaultDomain"], "s1.sites.test:81");
    for (domain, fine) in [("s1.sites.test", true), ("S1.sites.test:81", true), ("www.example.com", true), ("other.test", false)] {
        let refreshed = service.refresh(SPACE, serde_json::from_value(json!({"DomainName": domain})).unwrap()).await;
        assert_eq!(refreshed.is_ok(), fine, "{domain}");
    }
    deploy(&service, &[("index.html", "x")]).await;
    get(&service, "/", &[]).await;
    service.figures(SPACE).await.unwrap();
    service.remove_space(SPACE).await.unwrap();
    assert_eq!(memory.keys(), [""; 0]);
    assert_eq!((memory.count("sites"), memory.count("siteUsage")), (0, 0));
    assert_eq!(get(&service, "/", &[]).await.status, 404);
}
