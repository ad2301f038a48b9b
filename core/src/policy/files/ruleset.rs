//! The rules for the files of a space: their JSON text, and what they allow.

use std::sync::Arc;

use regex::{RegexSet, RegexSetBuilder};
use sdk_plugin::contract::files::{Operation, Question};
use sdk_plugin::contract::management::INVALID_PARAMETER;
use sdk_plugin::contract::storage::check_segments;
use sdk_plugin::{Error, Result};

use super::super::object::{Object, is_object, string};
use super::super::rule::{Access, EXTENDED, Rule};
use super::condition::{Condition, Users};
use super::javascript::translate;

/// How long the text of rules may be, in bytes.
pub const MAX_TEXT: usize = 16 << 10;
/// How many ranges rules may have.
pub const MAX_RANGES: usize = 100;
/// How long a regular expression may be, in characters.
const MAX_PATTERN: usize = 1000;
/// How many bytes all regular expressions of a space may take together once they are compiled.
/// They are tried with less before, so that it is known what they take.
const MAX_COMPILED: [usize; 4] = [4 << 10, 16 << 10, 64 << 10, 256 << 10];
/// How many bytes a thread may use to match faster.
const MAX_MATCHING: usize = 64 << 10;
/// How long the path of a file may be, in bytes.
const MAX_PATH: usize = 1023;
/// How many characters of a key messages show.
const MAX_SHOWN: usize = 80;

/// The key that the rules may be under, as the manual shows them.
const WRAPPER: &str = "file";
const ALL: &str = "*";

/// The rules for the files of a space.
#[derive(Clone, Debug)]
pub struct FileRules(Arc<Ranges>);

#[derive(Debug)]
struct Ranges {
    ranges: Vec<Range>,
    regexes: RegexSet,
    /// What all of it takes, in bytes.
    size: usize,
}

/// Some files, and what may be done with them.
#[derive(Debug)]
struct Range {
    files: Files,
    /// What is allowed in the order in which it is written; no operation means all.
    rules: Vec<(Option<Operation>, Condition)>,
}

/// The files that a rule is for.
#[derive(Debug)]
enum Files {
    All,
    Path(String),
    /// The number of a regular expression.
    Matching(usize),
}

impl FileRules {
    /// Reads the text of rules.
    ///
    /// # Errors
    /// `InvalidParameter`, with what is wrong and where.
    pub fn parse(text: &str) -> Result<Self> {
        Self::read(text).map_err(|why| Error::new(INVALID_PARAMETER, format!("the rules for files are not valid: {why}")))
    }

    fn read(text: &str) -> Result<Self, String> {
        if text.len() > MAX_TEXT {
            return Err(format!("they have more than {MAX_TEXT} bytes"));
        }
        let fields = |what: &str, text| Object::fields(what, text).map_err(|e| e.message().to_owned());
        let mut written = fields("the text", text)?;
        if let [(name, inner)] = written.as_slice()
            && name == WRAPPER
            && is_wrapper(inner)
        {
            written = fields("`file`", inner)?;
        }
        if written.len() > MAX_RANGES {
            return Err(format!("they have more than {MAX_RANGES} ranges"));
        }
        let (mut ranges, mut sources, mut size) = (Vec::new(), Vec::new(), 0);
        for (key, operations) in &written {
            let place = |why: String| format!("range `{}`: {why}", shown(key));
            let files = Files::parse(key, &mut sources).map_err(place)?;
            let mut rules = Vec::new();
            for (name, policy) in fields("what is allowed", operations).map_err(place)? {
                let place = |why: String| place(format!("operation `{}`: {why}", shown(&name)));
                let operation = operation(&name).map_err(place)?;
                let condition = condition(policy).map_err(place)?;
                size += size_of::<(Option<Operation>, Condition)>() + condition.size();
                rules.push((operation, condition));
            }
            if rules.is_empty() {
                return Err(place("it has no operation".to_owned()));
            }
            size += size_of::<Range>() + key.len();
            ranges.push(Range { files, rules });
        }
        let (regexes, compiled) = compile(&sources)?;
        Ok(Self(Arc::new(Ranges { ranges, regexes, size: size + compiled })))
    }

    /// Whether something may be done: what the first rule says that is for the file and for what
    /// is to be done.
    pub fn allows(&self, question: &Question) -> bool {
        let users = Users { requester: &question.user, owner: &question.owner };
        let mut matching = None;
        let rules = self.0.ranges.iter().filter(|range| match &range.files {
            Files::All => true,
            Files::Path(path) => *path == question.path,
            Files::Matching(number) => matching.get_or_insert_with(|| self.0.regexes.matches(&question.path)).matched(*number),
        });
        let mut rules = rules.flat_map(|range| &range.rules);
        let decides = |operation: &Option<Operation>| operation.is_none_or(|operation| operation == question.operation);
        match rules.find(|(operation, _)| decides(operation)) {
            Some((_, condition)) => condition.holds(users),
            None => question.operation == Operation::Read,
        }
    }

    /// How many bytes they take.
    pub fn size(&self) -> usize {
        self.0.size
    }

    /// The name of the preset that says the same, or `EXTENDED`.
    pub fn name(&self) -> &'static str {
        self.access().map_or(EXTENDED, Rule::name)
    }

    /// Who reads and writes, where that is the same for all files and has a name.
    fn access(&self) -> Option<Rule> {
        let rules = match self.0.ranges.as_slice() {
            [] => &[],
            [Range { files: Files::All, rules }] => rules.as_slice(),
            _ => return None,
        };
        let of = |operation: Operation, unmarked: Access| match rules.iter().find(|(named, _)| named.is_none_or(|named| named == operation))
        {
            Some((_, condition)) => condition.access(),
            None => Some(unmarked),
        };
        Some(Rule { read: of(Operation::Read, Access::All)?, write: of(Operation::Write, Access::Nobody)? })
    }
}

/// The same for all files, as JSON text that says so.
pub fn for_all_files(rule: Rule) -> String {
    format!(r#"{{"{ALL}":{rule}}}"#)
}

/// The default rules: everybody reads a file, its owner writes it.
impl Default for FileRules {
    fn default() -> Self {
        let rules = vec![(Some(Operation::Write), Condition::from(Access::Owner))];
        Self(Arc::new(Ranges { ranges: vec![Range { files: Files::All, rules }], regexes: RegexSet::empty(), size: 0 }))
    }
}

impl Files {
    /// Reads the key of a range. The source of a regular expression goes to the others.
    fn parse(key: &str, sources: &mut Vec<Source>) -> Result<Self, String> {
        if key == ALL {
            return Ok(Self::All);
        }
        if let Some(rest) = key.strip_prefix('/') {
            let Some(source) = rest.strip_suffix('/') else {
                return Err("a path does not begin with `/`, and a regular expression ends with `/`, without flags".to_owned());
            };
            if source.is_empty() {
                return Err("the regular expression is empty".to_owned());
            }
            if source.chars().count() > MAX_PATTERN {
                return Err(format!("the regular expression has more than {MAX_PATTERN} characters"));
            }
            sources.push(Source { key: key.to_owned(), translated: translate(source)? });
            return Ok(Self::Matching(sources.len() - 1));
        }
        if key.contains('*') {
            return Err(
                "`*` stands for all files only alone; several files are named by a regular expression, as in `/^folder\\//`".to_owned()
            );
        }
        if key.len() > MAX_PATH || check_segments(key).is_err() {
            return Err("it is neither a path that a file can have, nor a `/regular expression/`, nor `*`".to_owned());
        }
        Ok(Self::Path(key.to_owned()))
    }
}

/// A regular expression as it is compiled.
struct Source {
    key: String,
    translated: String,
}

/// Compiles regular expressions, and says how many bytes they take.
fn compile(sources: &[Source]) -> Result<(RegexSet, usize), String> {
    if sources.is_empty() {
        return Ok((RegexSet::empty(), 0));
    }
    let set = |sources: &[Source], limit: usize| {
        let translated = sources.iter().map(|source| source.translated.as_str());
        RegexSetBuilder::new(translated).size_limit(limit).dfa_size_limit(MAX_MATCHING).build()
    };
    for limit in MAX_COMPILED {
        if let Ok(regexes) = set(sources, limit) {
            // It is there forwards and backwards, and matching remembers.
            return Ok((regexes, 2 * limit + limit.min(MAX_MATCHING)));
        }
    }
    let limit = MAX_COMPILED.into_iter().max().unwrap_or_default();
    match sources.iter().find_map(|source| Some((source, set(std::slice::from_ref(source), limit).err()?))) {
        Some((source, regex::Error::CompiledTooBig(_))) => {
            Err(format!("range `{}`: the regular expression is too large", shown(&source.key)))
        }
        Some((source, error)) => Err(format!("range `{}`: {error}", shown(&source.key))),
        None => Err("their regular expressions are too large together".to_owned()),
    }
}

/// A key as messages show it.
fn shown(key: &str) -> String {
    let mut shown: String = key.chars().take(MAX_SHOWN).collect();
    if shown.len() < key.len() {
        shown.push('…');
    }
    shown
}

/// Whether an object under `file` holds ranges. Otherwise that is the path of a file, and the
/// object says what may be done with it.
fn is_wrapper(text: &str) -> bool {
    Object::fields("", text).is_ok_and(|fields| fields.iter().all(|(_, value)| is_object(value)))
}

fn operation(name: &str) -> Result<Option<Operation>, String> {
    match name {
        ".read" => Ok(Some(Operation::Read)),
        ".write" => Ok(Some(Operation::Write)),
        ALL => Ok(None),
        _ => Err("there are `.read`, `.write` and `*`".to_owned()),
    }
}

fn condition(policy: &str) -> Result<Condition, String> {
    match policy {
        "true" => Ok(Condition::Fixed(true)),
        "false" => Ok(Condition::Fixed(false)),
        policy => match string(policy) {
            Some(expression) => Condition::parse(&expression),
            None => Err("true, false or an expression is expected".to_owned()),
        },
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const OWNER: &str = "request.auth.userId == resource.auth.userId";

    /// What a user may do with a file of ann's, as `r`, `w`, both or neither.
    fn may(rules: &FileRules, path: &str, user: &str) -> String {
        let allowed =
            |operation| rules.allows(&Question { operation, path: path.to_owned(), owner: "ann".to_owned(), user: user.to_owned() });
        let letter = |letter, operation| if allowed(operation) { letter } else { "" };
        format!("{}{}", letter("r", Operation::Read), letter("w", Operation::Write))
    }

    #[track_caller]
    fn check(text: &str, expected: &[(&str, &str, &str)]) {
        let rules = FileRules::parse(text).unwrap();
        for (path, user, allowed) in expected {
            assert_eq!(may(&rules, path, user), *allowed, "{path} {user} {text}");
        }
    }

    #[test]
    fn the_examples_of_the_manual() {
        let default = r#"{"file": {"*": {".write": "request.auth.userId == resource.auth.userId"}}}"#;
        let expected = [("a.png", "ann", "rw"), ("a.png", "bob", "r"), ("a.png", "", "r")];
        check(default, &expected);
        for (path, user, allowed) in expected {
            assert_eq!(may(&FileRules::default(), path, user), allowed);
        }
        let example = r#"{"file": {
            "/.*\\.png/": {".write": "request.auth.userId == resource.auth.userId", "*": true},
            "xxx/yyy/zzz.jpg": {"*": "request.auth.userId == resource.auth.userId"},
            "*": {"*": true}
        }}"#;
        check(
            example,
            &[
                ("a.png", "ann", "rw"),
                ("x/a.png", "bob", "r"),
                ("x/a.png", "", "r"),
                ("xxx/yyy/zzz.jpg", "ann", "rw"),
                ("xxx/yyy/zzz.jpg", "bob", ""),
                ("xxx/yyy/zzz.jpg", "", ""),
                ("xxx/yyy/zzz.jpg2", "bob", "rw"),
                ("xxx/yyy/ZZZ.jpg", "", "rw"),
            ],
        );
    }

    #[test]
    fn the_first_rule_decides() {
        check(r#"{"a":{".write":false},"*":{"*":true}}"#, &[("a", "bob", "r"), ("b", "bob", "rw")]);
        check(r#"{"*":{"*":true},"a":{".write":false}}"#, &[("a", "bob", "rw")]);
        check(r#"{"a":{".write":true},"/a/":{"*":false}}"#, &[("a", "bob", "w"), ("ba", "bob", ""), ("b", "bob", "r")]);
        check(r#"{"*":{"*":true,".write":false}}"#, &[("a", "bob", "rw")]);
        check(r#"{"*":{".write":false,"*":true}}"#, &[("a", "bob", "r")]);
        check(r#"{"/a$/":{".read":false},"/^a/":{".read":true}}"#, &[("a", "bob", ""), ("ab", "bob", "r"), ("ba", "bob", "")]);
    }

    #[test]
    fn what_is_not_marked_is_not_allowed_but_reading() {
        check("{}", &[("a", "ann", "r"), ("a", "", "r")]);
        check(r#"{"a":{".write":true}}"#, &[("a", "", "rw"), ("b", "ann", "r")]);
        check(r#"{"a":{".read":false}}"#, &[("a", "ann", ""), ("b", "ann", "r")]);
    }

    #[test]
    fn a_file_may_have_the_wrappers_name() {
        check(r#"{"file":{"*":false}}"#, &[("file", "ann", ""), ("a", "ann", "r")]);
        check(r#"{"file":{"file":{"*":true}}}"#, &[("file", "ann", "rw"), ("a", "ann", "r")]);
        check(r#"{"file":{}}"#, &[("a", "ann", "r")]);
        check(r#"{"file":{".write":true},"*":{"*":false}}"#, &[("file", "ann", "w"), ("a", "ann", "")]);
    }

    #[test]
    fn rules_for_all_files_may_have_names() {
        for (text, name) in [
            (r#"{"*":{".write":"request.auth.userId==resource.auth.userId"}}"#, "PUBLICREAD"),
            (r#"{"*":{".write":"resource.auth.userId==request.auth.userId",".read":true}}"#, "PUBLICREAD"),
            (r#"{"file":{"*":{"*":"request.auth.userId == resource.auth.userId"}}}"#, "PRIVATE"),
            (r#"{"*":{".read":true}}"#, "ADMINWRITEONLY"),
            ("{}", "ADMINWRITEONLY"),
            (r#"{"*":{".read":false}}"#, "ADMINREADWRITEONLY"),
            (r#"{"*":{"*":true}}"#, EXTENDED),
            (r#"{"*":{".write":"request.auth.userId != ''"}}"#, EXTENDED),
            (r#"{"a":{"*":true},"*":{"*":false}}"#, EXTENDED),
        ] {
            assert_eq!(FileRules::parse(text).unwrap().name(), name, "{text}");
        }
        for preset in super::super::super::rule::PRESETS {
            assert_eq!(FileRules::parse(&for_all_files(preset.rule)).unwrap().name(), preset.name);
        }
        assert_eq!(FileRules::default().name(), "PUBLICREAD");
    }

    #[test]
    fn what_is_not_valid_is_refused_with_its_place() {
        for (text, place) in [
            ("", "must be an object"),
            ("[]", "must be an object"),
            (r#"{"*":{"*":true}"#, "line 1 column 15"),
            (r#"{"*":{"*":true}} // x"#, "trailing"),
            (r#"{"*":true}"#, "range `*`: what is allowed must be an object"),
            (r#"{"*":{}}"#, "range `*`: it has no operation"),
            (r#"{"a":{"*":true},"\u0061":{"*":true}}"#, "`a` twice"),
            (r#"{"a":{"*":true,"*":true}}"#, "range `a`: what is allowed has `*` twice"),
            (r#"{"a":{".delete":true}}"#, "range `a`: operation `.delete`: there are"),
            (r#"{"a":{".write":1}}"#, "range `a`: operation `.write`: true, false or"),
            (r#"{"a":{".write":{"*":true}}}"#, "range `a`: operation `.write`: true, false or"),
            (r#"{"a":{".write":null}}"#, "range `a`: operation `.write`: true, false or"),
            (r#"{"a":{".write":"true"}}"#, "range `a`: operation `.write`: request.auth.userId, "),
            (r#"{"/a/i":{"*":true}}"#, "range `/a/i`: a path does not begin"),
            (r#"{"/":{"*":true}}"#, "range `/`: a path does not begin"),
            (r#"{"//":{"*":true}}"#, "range `//`: the regular expression is empty"),
            (r#"{"/a(?=b)/":{"*":true}}"#, "range `/a(?=b)/`: look-ahead"),
            (r#"{"a/*":{"*":true}}"#, "range `a/*`: `*` stands for all files only alone"),
            (r#"{"":{"*":true}}"#, "range ``: it is neither"),
            (r#"{"a/../b":{"*":true}}"#, "range `a/../b`: it is neither"),
            (r#"{"a":{"*":true},"/(?:x{1000}){100}/":{"*":true}}"#, "range `/(?:x{1000}){100}/`: the regular expression is too large"),
        ] {
            let error = FileRules::parse(text).unwrap_err();
            assert_eq!(error.code(), INVALID_PARAMETER);
            assert!(error.message().contains(place), "{text}: {}", error.message());
        }
    }

    #[test]
    fn rules_have_limits() {
        let many = |count: usize| {
            let ranges: Vec<String> = (0..count).map(|n| format!(r#""a{n}":{{"*":"{OWNER}"}}"#)).collect();
            format!("{{{}}}", ranges.join(","))
        };
        assert!(FileRules::parse(&many(MAX_RANGES)).is_ok());
        assert!(FileRules::parse(&many(MAX_RANGES + 1)).unwrap_err().message().contains("ranges"));
        assert!(FileRules::parse(&format!("{{{}}}", " ".repeat(MAX_TEXT))).unwrap_err().message().contains("bytes"));
        let long = format!(r#"{{"/{}/":{{"*":true}}}}"#, "a".repeat(MAX_PATTERN + 1));
        assert!(FileRules::parse(&long).unwrap_err().message().contains("more than 1000 characters"));
        let large: Vec<String> = (0..20).map(|n| format!(r#""/a{n}x{{900}}/":{{"*":true}}"#)).collect();
        assert!(FileRules::parse(&format!("{{{}}}", large.join(","))).unwrap_err().message().contains("too large together"));
        let nested = format!(r#"{{"*":{{".write":{}}}}}"#, "[".repeat(8000));
        assert!(FileRules::parse(&nested).is_err());
    }
}
