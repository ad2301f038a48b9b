//! What the fuzz target does with its bytes. `fuzz/` runs it with libFuzzer, `main.rs` beside this
//! file with mutated seeds in every test run.
//!
//! The parts under test are taken in as files, so that `fuzz/` need not build the core.

use std::time::{Duration, Instant};

use sdk_plugin::contract::files::{Operation, Question};

#[path = "../../src/policy/files/condition.rs"]
pub mod condition;
#[path = "../../src/policy/files/javascript.rs"]
pub mod javascript;
#[path = "../../src/policy/object.rs"]
pub mod object;
#[path = "../../src/policy/rule.rs"]
pub mod rule;
#[path = "../../src/policy/files/ruleset.rs"]
pub mod ruleset;

use ruleset::{FileRules, for_all_files};

/// A target by its name.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const TARGETS: &[Target] = &[("file_rules", file_rules)];

/// How long rules may take to be read, or to be asked once, on a slow machine without much
/// optimization.
const PATIENCE: Duration = Duration::from_secs(2);

const USERS: [&str; 3] = ["ann", "bob", ""];

/// What rules say of paths, in the order of paths, users, owners and operations.
pub fn answers(rules: &FileRules, paths: &[&str]) -> Vec<bool> {
    let mut answers = Vec::new();
    for path in paths {
        for user in USERS {
            for owner in USERS {
                for operation in [Operation::Read, Operation::Write] {
                    let question = Question { operation, path: (*path).to_owned(), owner: owner.to_owned(), user: user.to_owned() };
                    let start = Instant::now();
                    answers.push(rules.allows(&question));
                    assert!(start.elapsed() < PATIENCE, "{:?} for a question", start.elapsed());
                }
            }
        }
    }
    answers
}

/// The first line is a path, everything else are rules: they are refused with a short reason, or
/// they answer every question, soon, and the same each time. In the manual's wrapper they say the
/// same, and so does the preset whose name they have.
pub fn file_rules(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (path, text) = text.split_once('\n').unwrap_or(("a.png", text));
    let start = Instant::now();
    let parsed = FileRules::parse(text);
    assert!(start.elapsed() < PATIENCE, "{:?} to read the rules", start.elapsed());
    let rules = match parsed {
        Ok(rules) => rules,
        Err(error) => {
            let message = error.message();
            assert!(error.code() == "InvalidParameter" && message.starts_with("the rules for files are not valid: "), "{message}");
            assert!(message.len() < 2000, "{message}");
            return;
        }
    };
    assert!(text.len() <= ruleset::MAX_TEXT && rules.size() < 1 << 20);
    let long = "aA1/".repeat(256);
    let paths = [path, "file", "a/b.png", &long];
    let said = answers(&rules, &paths);
    assert_eq!(said, answers(&rules, &paths));
    if let Ok(wrapped) = FileRules::parse(&format!(r#"{{"file":{text}}}"#)) {
        assert_eq!(said, answers(&wrapped, &paths));
    }
    if let Some(preset) = rule::Rule::preset(rules.name()) {
        assert_eq!(said, answers(&FileRules::parse(&for_all_files(preset)).expect("presets are valid"), &paths));
    }
}
