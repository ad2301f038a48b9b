//! Rules that are made to take long, or deep stacks, do not.

use std::time::{Duration, Instant};

use sdk_plugin::contract::files::{Operation, Question};
use serde_json::json;

use crate::on_small_stack;
use crate::targets::file_rules;
use crate::targets::ruleset::FileRules;

/// Expressions on which an engine that goes back takes exponential time, or one that compiles
/// everything a lot of memory.
const HOSTILE: [&str; 14] = [
    "(a+)+$",
    "(a|a)*b",
    "(a*)*b",
    "(a|aa)+$",
    "(.*)(.*)(.*)(.*)[^a]b",
    "(x+x+)+y",
    "^(([a-z])+.)+[A-Z]([a-z])+$",
    "(a?){300}a{300}$",
    "a{1000}$",
    "((){1000}){1000}",
    "(?:.*a){20}b",
    "([ab]*a[ab]{12})+$",
    "(?:a|b|ab)*?c",
    r"\b(?:\w+\W?)*!\B$",
];

fn rules(source: &str) -> String {
    json!({format!("/{source}/"): {"*": true}}).to_string()
}

/// How long a question about a path of so many letters takes, at best.
fn time(rules: &FileRules, length: usize) -> Duration {
    let question = Question { operation: Operation::Write, path: "a".repeat(length), owner: String::new(), user: String::new() };
    let once = || {
        let start = Instant::now();
        rules.allows(&question);
        start.elapsed()
    };
    (0..3).map(|_| once()).min().unwrap()
}

/// Four times the length takes four times as long; with a square it would be 16 times. Paths are
/// shorter than these.
#[test]
fn expressions_take_time_by_the_length_of_paths() {
    for source in HOSTILE {
        let rules = FileRules::parse(&rules(source)).unwrap_or_else(|e| panic!("{source}: {}", e.message()));
        let (short, long) = (time(&rules, 4 << 10), time(&rules, 16 << 10));
        println!("{source}: {short:?}, {long:?}");
        assert!(short < Duration::from_secs(1), "{source}: {short:?}");
        assert!(long < Duration::from_micros(500) + short * 9, "{source}: {short:?}, then {long:?}");
    }
}

#[test]
fn large_expressions_are_refused_soon() {
    for source in [
        "(?:(?:(?:x{0,1000}){0,1000}){0,1000})".to_owned(),
        "(a?){1000}(a?){1000}(a?){1000}(a?){1000}b".to_owned(),
        "(((((((.{9}){9}){9}){9}){9}){9}){9})".to_owned(),
        "[^a]{1000}".to_owned(),
        "a?".repeat(4000),
        "(".repeat(900),
        format!("{}a{}", "(".repeat(400), ")*".repeat(299)),
    ] {
        let start = Instant::now();
        assert!(FileRules::parse(&rules(&source)).is_err(), "{source}");
        assert!(start.elapsed() < Duration::from_secs(1), "{source}: {:?}", start.elapsed());
    }
}

/// What is nested: text before and after each level.
const LEVELS: [(&str, &str); 9] = [
    ("[", "]"),
    (r#"{"a":"#, "}"),
    (r#"{"file":"#, "}"),
    (r#"{"*":"#, "}"),
    (r#"{"*":{".write":"#, "}}"),
    (r#"{"/"#, r#"/":{"*":true}}"#),
    ("(", ")"),
    ("(?:", ")*"),
    ("!", ""),
];

/// What is wrapped around all, to make it a part of each language.
const OUTER: [(&str, &str); 4] = [("", ""), (r#"{"*":"#, "}"), (r#"{"*":{".write":"#, "}}"), (r#"{"/a"#, r#"a/":{"*":true}}"#)];

#[test]
fn nothing_is_followed_deep() {
    on_small_stack(|| {
        for (before, after) in OUTER {
            for (open, close) in LEVELS {
                for depth in [1, 49, 50, 51, 127, 128, 129, 1000, 8000] {
                    let text = format!("\n{before}{}1{}{after}", open.repeat(depth), close.repeat(depth));
                    file_rules(text.as_bytes());
                    file_rules(format!("\n{before}{}", open.repeat(depth)).as_bytes());
                }
            }
        }
    });
}
