//! Raw events as files.

use std::fs;

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
    assert_eq!(fs::read_dir(&folder).expect("read the folder").count(), files.len(), "nothing is left beside them");

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
