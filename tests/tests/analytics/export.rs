//! Raw events as files.

use std::fs;
use std::path::{Path, PathBuf};

use e2e::wait_for;
use serde_json::{Value, json};

use crate::cloud::{now, send};
use crate::week::Week;

#[test]
fn raw_events_are_downloaded_once() {
    let week = Week::start();
    let folder = week.cloud.server.scratch("events").to_string_lossy().into_owned();
    let arguments = ["analytics", "export", "--app", &week.key, "--space", &week.cloud.space.id, "--output", &folder];
    let first = week.cloud.server.run_json(&arguments);
    let files = first["files"].as_array().expect("a list of files").clone();
    assert!(!files.is_empty(), "{first}");
    // Nine launches, and that one of them went on, unless it was folded as one.
    assert!((9..=10).contains(&first["rows"].as_u64().expect("a number")), "{first}");
    for file in &files {
        let bytes = fs::read(file["file"].as_str().expect("a path")).expect("read a file");
        assert_eq!(bytes.len() as u64, file["bytes"], "{file}");
        assert_eq!((&bytes[..4], &bytes[bytes.len() - 4..]), (&b"PAR1"[..], &b"PAR1"[..]), "{file}");
        assert_eq!(file["downloaded"], true, "{file}");
    }
    let of_app = Path::new(&folder).join(&week.key);
    assert_eq!(fs::read_dir(of_app).expect("read the folder").count(), files.len(), "nothing is left beside them");

    let again = week.cloud.server.run_json(&arguments);
    assert!(again["files"].as_array().expect("a list").iter().all(|file| file["downloaded"] == false), "{again}");
    let human = week.cloud.server.run(&arguments).succeeded().stdout;
    assert!(human.contains("events in") && human.contains("were there"), "{human}");

    // What somebody has changed is theirs.
    let changed = files[0]["file"].as_str().expect("a path");
    fs::write(changed, "mine").expect("write a file");
    let refused = week.cloud.server.run(&arguments).failed();
    assert!(refused.stderr.contains("exists already") && refused.stderr.contains("--force"), "{refused:?}");
    assert_eq!(fs::read(changed).expect("read a file"), b"mine");
    week.cloud.server.run(&[&arguments[..], &["--force"]].concat()).succeeded();
    assert_eq!(fs::read(changed).expect("read a file").len() as u64, files[0]["bytes"]);

    let none = [&arguments[..7], &[&folder, "--from", "2020-01-01", "--to", "2020-01-31"]].concat();
    assert_eq!(week.cloud.server.run_json(&none)["rows"], 0);
    let unknown = ["analytics", "export", "--app", "nothing", "--space", &week.cloud.space.id, "--output", &folder];
    assert!(week.cloud.server.run(&unknown).failed().stderr.contains("InvalidAppKey.NotFound"));
}

#[test]
fn nothing_but_merged_files_of_the_application_is_removed() {
    let week = Week::start();
    let other = week.cloud.app("coffee");
    send(&week.cloud.client(), &other, "a", &json!([{"start": now() - 1000}]));
    let listed = |key: &str| week.cloud.ask("analytics.export.list", &json!({"appKey": key}))["files"].clone();
    wait_for("the fold", || (listed(&other) != json!([])).then_some(()));

    let folder = week.cloud.server.scratch("events");
    let export = |key: &str, more: &[&str]| {
        let output = folder.to_string_lossy();
        let arguments = ["analytics", "export", "--app", key, "--space", &week.cloud.space.id, "--output", &output, "--json"];
        week.cloud.server.run(&[&arguments[..], more].concat())
    };
    let exported = |key: &str| -> Vec<PathBuf> {
        let files: Value = export(key, &["--force"]).succeeded().json()["files"].clone();
        files.as_array().expect("a list").iter().map(|file| PathBuf::from(file["file"].as_str().expect("a path"))).collect()
    };
    let others = exported(&other);
    let ours = exported(&week.key);
    assert!(others.iter().chain(&ours).all(|file| file.exists()), "{others:?} {ours:?}");

    // Files of one's own, also of that day, and one that the server does not list any more.
    let date = listed(&week.key)[0]["date"].as_str().expect("a date").to_owned();
    let of_app = folder.join(&week.key);
    let mine =
        [folder.join(format!("{date}-mine.parquet")), of_app.join(format!("{date}-mine.parquet")), of_app.join(format!("{date}.csv"))];
    let merged = of_app.join(format!("{date}-{}.parquet", "0".repeat(32)));
    for file in mine.iter().chain([&merged]) {
        fs::write(file, "mine").expect("write a file");
    }
    let refused = export(&week.key, &[]).failed();
    assert!(refused.stderr.contains("has merged") && refused.stderr.contains("--force"), "{refused:?}");
    assert!(merged.exists());
    export(&other, &[]).succeeded();
    exported(&other);
    assert!(merged.exists(), "it is not the other application's");
    exported(&week.key);
    assert!(!merged.exists());
    for file in others.iter().chain(&ours).chain(&mine) {
        assert!(file.exists(), "{} is gone", file.display());
    }
}
