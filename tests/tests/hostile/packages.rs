//! Packages that mean harm: each is refused with its reason, and nothing has changed.

use std::io::{Cursor, Write};

use e2e::Answer;
use serde_json::json;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::stage::{Stage, package};

const GOOD: &str = "module.exports = () => 'good'";

fn link(target: &str) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    writer.start_file("index.js", SimpleFileOptions::default()).expect("begin a file");
    writer.write_all(GOOD.as_bytes()).expect("write a file");
    writer.add_symlink("data.js", target, SimpleFileOptions::default()).expect("add a link");
    writer.finish().expect("finish the zip").into_inner()
}

/// A zip whose headers claim that its files are small.
fn liar() -> Vec<u8> {
    let zeros = " ".repeat(9_000_000);
    let mut zip = package(&[("index.js", GOOD), ("data.js", &zeros)]);
    let size = 9_000_000_u32.to_le_bytes();
    let places: Vec<usize> = (0..zip.len() - 4).filter(|at| zip[*at..*at + 4] == size).collect();
    assert!(!places.is_empty(), "the headers have the size");
    for place in places {
        zip[place..place + 4].copy_from_slice(&10_u32.to_le_bytes());
    }
    zip
}

fn noise(length: usize) -> String {
    let mut seed = 7_u32;
    let letter = |_| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        char::from(b'0' + (seed >> 26) as u8)
    };
    (0..length).map(letter).collect()
}

fn code(answer: &Answer) -> String {
    let json = answer.json();
    json["Code"].as_str().or(json["code"].as_str()).unwrap_or_else(|| panic!("no code in {json}")).to_owned()
}

#[test]
fn bad_packages_are_refused_and_change_nothing() {
    let stage = Stage::set("max_package_bytes = 1000000\nmax_unpacked_bytes = 8000000\nmax_package_files = 500");
    let hostile = &stage.hostile;
    hostile.deploy("pack", GOOD);
    let version = || {
        let described = hostile.act("DescribeFunction", &[("Name", "pack")]).json();
        described["Deployment"].clone()
    };
    let before = version();
    let (number, deployed) = (before["VersionNo"].clone(), before["DeploymentId"].clone());
    let good = package(&[("index.js", GOOD)]);
    let zeros = " ".repeat(1_000_000);
    let many: Vec<String> = (0..9).map(|n| format!("{n}.js")).collect();
    let many: Vec<(&str, &str)> = [("index.js", GOOD)].into_iter().chain(many.iter().map(|name| (name.as_str(), zeros.as_str()))).collect();
    let names: Vec<String> = (0..600).map(|n| format!("n{n}.js")).collect();
    let files: Vec<(&str, &str)> = [("index.js", GOOD)].into_iter().chain(names.iter().map(|name| (name.as_str(), ""))).collect();
    let beside = |name: &str| package(&[("index.js", GOOD), (name, "x")]);
    let large = " ".repeat(6_000_000);
    let cases = [
        ("nothing", Vec::new(), "InvalidPackage.Format"),
        ("no zip", b"module.exports = () => 'bad'".to_vec(), "InvalidPackage.Format"),
        ("a web page", b"<!doctype html><title>x</title>".to_vec(), "InvalidPackage.Format"),
        ("half a zip", good[..good.len() / 2].to_vec(), "InvalidPackage.Format"),
        ("a zip without its head", good[20..].to_vec(), "InvalidPackage.Format"),
        ("no file", package(&[]), "InvalidPackage.MissingIndex"),
        ("no index.js", package(&[("main.js", GOOD)]), "InvalidPackage.MissingIndex"),
        ("index.js too deep", package(&[("a/b/index.js", GOOD)]), "InvalidPackage.MissingIndex"),
        ("a main that leads out", package(&[("package.json", r#"{"main":"../../etc/passwd"}"#)]), "InvalidPackage.MissingIndex"),
        ("traversal", beside("../../../etc/cron.d/x"), "InvalidPackage.Path"),
        ("traversal inside", beside("a/../../b.js"), "InvalidPackage.Path"),
        ("an absolute path", beside("/etc/x"), "InvalidPackage.Path"),
        ("backslashes", beside("..\\..\\x.js"), "InvalidPackage.Path"),
        ("a drive", beside("C:/x.js"), "InvalidPackage.Path"),
        ("a control character", beside("a\nb.js"), "InvalidPackage.Path"),
        ("a long path", beside(&"x".repeat(2000)), "InvalidPackage.Path"),
        ("a link out", link("/etc/passwd"), "InvalidPackage.Link"),
        ("a link inside", link("index.js"), "InvalidPackage.Link"),
        ("a bomb", package(&[("index.js", GOOD), ("b.js", &large)]), "InvalidPackage.TooLarge"),
        ("many that are large together", package(&many), "InvalidPackage.TooLarge"),
        ("too many files", package(&files), "InvalidPackage.TooLarge"),
        ("headers that lie", liar(), "InvalidPackage."),
    ];
    for (name, bytes, expected) in cases {
        let (deployment, uploaded) = hostile.upload("pack", &bytes);
        assert_eq!(uploaded.status, 200, "{name}: only deploying looks inside");
        let refused = hostile.act("DeployFunction", &[("DeploymentId", &deployment)]);
        assert_eq!(refused.status, 400, "{name}: {}", refused.json());
        let (code, said) = (code(&refused), refused.json()["Message"].as_str().unwrap_or_default().to_owned());
        println!("{name}: {code}: {said}");
        assert!(code.starts_with(expected) && said.len() > 10, "{name}: {code}: {said}");
        assert_eq!(hostile.client.invoke("pack", json!({})).data(), "good", "after {name}");
        let after = version();
        assert_eq!((&after["VersionNo"], &after["DeploymentId"]), (&number, &deployed), "after {name}");
    }

    let (deployment, refused) = hostile.upload("pack", &package(&[("index.js", GOOD), ("n.js", &noise(1_400_000))]));
    assert_eq!((refused.status, code(&refused).as_str()), (413, "InvalidPackage.TooLarge"), "a package that is too large");
    let not_there = hostile.act("DeployFunction", &[("DeploymentId", &deployment)]);
    assert_eq!((not_there.status, code(&not_there).as_str()), (400, "InvalidDeployment.NotUploaded"));
    assert_eq!(hostile.client.invoke("pack", json!({})).data(), "good");

    // What is in a package is code and data, whatever it is called.
    hostile.create("odd");
    let odd = package(&[
        ("index.js", "module.exports = () => [require('./__proto__'), require('./constructor.json'), Object.keys({}).length]"),
        ("__proto__.js", "module.exports = 'file'"),
        ("constructor.json", "{\"__proto__\": {\"a\": 1}}"),
        ("node_modules/.bin/x", "#!/bin/sh"),
        (".env", "SECRET=1"),
    ]);
    let (deployment, _) = hostile.upload("odd", &odd);
    assert_eq!(hostile.act("DeployFunction", &[("DeploymentId", &deployment)]).status, 200);
    assert_eq!(hostile.client.invoke("odd", json!({})).data(), json!(["file", {"__proto__": {"a": 1}}, 0]));
    stage.end("bad packages");
}
