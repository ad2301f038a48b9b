//! Regular expressions: Perl's syntax as MongoDB takes it, run in linear time.

use std::fmt::Write as _;

use bson::Bson;
use regex::{Regex, RegexBuilder};

use crate::error::{Code, Error, Result};

/// The memory that a compiled expression may take, in bytes.
const SIZE_LIMIT: usize = 1 << 20;
/// The longest expression, in bytes. MongoDB's own limit.
const MAX_LENGTH: usize = 32_764;

/// A compiled regular expression.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    source: String,
    options: String,
    regex: Regex,
    /// The same where `$` also stands before a line feed at the end, which takes it into the
    /// match; only where that makes a difference.
    loose: Option<Regex>,
}

impl Pattern {
    pub(crate) fn new(source: &str, options: &str) -> Result<Self> {
        if source.len() > MAX_LENGTH {
            return Err(Error::bad("Regular expression is too long"));
        }
        for (text, what) in [(source, "Regular expression"), (options, "Regular expression options string")] {
            if text.contains('\0') {
                return Err(Error::bad(format!("{what} cannot contain an embedded null byte")));
            }
        }
        if let Some(other) = options.chars().find(|option| !"imsxu".contains(*option)) {
            return Err(Error::at(51108, format!("invalid flag in regex options: {other}")));
        }
        let build = |source: &str| {
            let mut builder = RegexBuilder::new(source);
            builder.case_insensitive(options.contains('i')).multi_line(options.contains('m'));
            builder.dot_matches_new_line(options.contains('s')).ignore_whitespace(options.contains('x'));
            builder.size_limit(SIZE_LIMIT).nest_limit(100).build()
        };
        let translated = translate(source).map_err(|reason| invalid(source, reason))?;
        let regex = build(&translated.strict).map_err(|error| refusal(source, &error))?;
        // In lines `$` means the same everywhere; `(?m)` may say so for a part.
        let flags = |group: &str| group.chars().take_while(|c| c.is_ascii_lowercase() || *c == '-').any(|flag| flag == 'm');
        let in_lines = options.contains('m') || source.split("(?").skip(1).any(flags);
        let loose =
            if translated.ends && !in_lines { Some(build(&translated.loose).map_err(|error| refusal(source, &error))?) } else { None };
        let mut options: Vec<char> = options.chars().collect();
        options.sort_unstable();
        Ok(Self { source: source.to_owned(), options: options.into_iter().collect(), regex, loose })
    }

    pub(crate) fn regex(&self) -> &Regex {
        &self.regex
    }

    /// What every text that matches begins with, if the expression says so: `^` and plain
    /// characters after it.
    pub(crate) fn prefix(&self) -> Option<String> {
        if !self.options.is_empty() || self.source.contains('|') {
            return None;
        }
        let rest = self.source.strip_prefix('^')?;
        let plain: String =
            rest.chars().take_while(|c| c.is_alphanumeric() || matches!(c, ' ' | '_' | '-' | '/' | ':' | '@' | '#' | ',')).collect();
        let mut prefix = plain;
        // What is repeated may not be there at all.
        if rest.chars().nth(prefix.chars().count()).is_some_and(|next| matches!(next, '*' | '?' | '{' | '+')) {
            prefix.pop();
        }
        (!prefix.is_empty()).then_some(prefix)
    }

    pub(super) fn matches(&self, value: &Bson) -> bool {
        match value {
            Bson::String(text) | Bson::Symbol(text) => self.loose.as_ref().unwrap_or(&self.regex).is_match(text),
            Bson::RegularExpression(r) => r.pattern.as_str() == self.source && r.options.as_str() == self.options,
            _ => false,
        }
    }
}

fn refusal(source: &str, error: &regex::Error) -> Error {
    let reason = match error {
        regex::Error::CompiledTooBig(_) => "it is too large".to_owned(),
        other => {
            let text = other.to_string();
            let last = text.lines().last().unwrap_or_default();
            last.strip_prefix("error: ").unwrap_or(last).to_owned()
        }
    };
    invalid(source, &reason)
}

fn invalid(source: &str, reason: &str) -> Error {
    let shown: String = source.chars().take(100).collect();
    let hint = if ["(?=", "(?!", "(?<=", "(?<!"].iter().any(|look| source.contains(look)) {
        "; look-around is not supported, because expressions run in linear time"
    } else {
        ""
    };
    Error::new(Code::InvalidRegex, format!("Regular expression is invalid: `{shown}`: {reason}{hint}"))
}

/// An expression in the syntax of [`regex`].
struct Translated {
    strict: String,
    /// With every `$` and `\Z` also before a line feed at the end.
    loose: String,
    /// Whether there is any.
    ends: bool,
}

/// Rewrites what Perl's syntax means otherwise: `\d`, `\w`, `\s` and `\b` are ASCII only, `[`, `&`,
/// `~` are plain characters in a class, and a brace that begins no repetition is one anywhere.
/// Refuses possessive repetitions, which would match more here.
fn translate(source: &str) -> Result<Translated, &'static str> {
    let mut out = String::with_capacity(source.len() + 16);
    let mut ends = Vec::new();
    let mut rest = source;
    let mut class: Option<Class> = None;
    // Whether what came last can be repeated, and whether that was said already.
    let mut repeated = false;
    while let Some(c) = rest.chars().next() {
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
        if let Some(state) = &mut class {
            if state.character(c, &mut rest, &mut out) {
                class = None;
            }
            continue;
        }
        let before = std::mem::take(&mut repeated);
        match c {
            '\\' => {
                let escaped = rest.chars().next();
                rest = rest.get(escaped.map_or(0, char::len_utf8)..).unwrap_or_default();
                match escaped {
                    Some('b') => out.push_str(r"(?-u:\b)"),
                    Some('B') => out.push_str(r"(?-u:\B)"),
                    Some('Z') => {
                        ends.push((out.len(), 2));
                        out.push_str(r"\z");
                    }
                    Some('Q') => {
                        let (quoted, after) = rest.split_once("\\E").unwrap_or((rest, ""));
                        quoted.chars().for_each(|c| literal(c, &mut out));
                        rest = after;
                    }
                    Some('E') => {}
                    escaped => escape(escaped, &mut out),
                }
            }
            '[' => {
                class = Some(Class::begin(&mut rest, &mut out));
            }
            '$' => {
                ends.push((out.len(), 1));
                out.push('$');
            }
            '{' if !is_repetition(rest) => out.push_str(r"\{"),
            '{' | '*' | '+' | '?' => {
                if before && c == '+' {
                    return Err("possessive repetition is not supported");
                }
                out.push(c);
                if c == '{' {
                    let (counts, after) = rest.split_once('}').unwrap_or((rest, ""));
                    out.push_str(counts);
                    out.push('}');
                    rest = after;
                }
                repeated = true;
            }
            other => out.push(other),
        }
    }
    let mut loose = out.clone();
    for (at, length) in ends.iter().rev() {
        loose.replace_range(*at..at + length, r"(?:\n?\z)");
    }
    Ok(Translated { strict: out, loose, ends: !ends.is_empty() })
}

/// Whether what follows a brace makes it a repetition: `{2}`, `{2,}`, `{2,3}`.
fn is_repetition(rest: &str) -> bool {
    let Some((counts, _)) = rest.split_once('}') else {
        return false;
    };
    let number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    match counts.split_once(',') {
        None => number(counts),
        Some((from, to)) => number(from) && (to.is_empty() || number(to)),
    }
}

/// What an escaped character stands for, in a class too.
fn escape(escaped: Option<char>, out: &mut String) {
    match escaped {
        Some('d') => out.push_str("[0-9]"),
        Some('D') => out.push_str("[^0-9]"),
        Some('w') => out.push_str("[0-9A-Za-z_]"),
        Some('W') => out.push_str("[^0-9A-Za-z_]"),
        Some('s') => out.push_str(r"[\t\n\x0B\f\r ]"),
        Some('S') => out.push_str(r"[^\t\n\x0B\f\r ]"),
        Some('e') => out.push_str(r"\x1B"),
        Some('h') => out.push_str(r"[\t ]"),
        // Perl takes any other escaped character that is not a letter or digit as itself.
        Some(other) if other.is_ascii_alphanumeric() => {
            out.push('\\');
            out.push(other);
        }
        Some(other) => literal(other, out),
        None => out.push('\\'),
    }
}

/// Inside a class of characters.
struct Class {
    /// Whether a `-` that comes next stands for a range.
    ranges: bool,
}

impl Class {
    fn begin(rest: &mut &str, out: &mut String) -> Self {
        out.push('[');
        if let Some(after) = rest.strip_prefix('^') {
            out.push('^');
            *rest = after;
        }
        let mut class = Self { ranges: false };
        if let Some(after) = rest.strip_prefix(']') {
            out.push_str(r"\]");
            *rest = after;
            class.ranges = true;
        }
        class
    }

    /// Takes a character; whether the class ends with it.
    fn character(&mut self, c: char, rest: &mut &str, out: &mut String) -> bool {
        let ranges = std::mem::replace(&mut self.ranges, true);
        match c {
            '\\' => {
                let escaped = rest.chars().next();
                *rest = rest.get(escaped.map_or(0, char::len_utf8)..).unwrap_or_default();
                match escaped {
                    Some('b') => out.push_str(r"\x08"),
                    escaped => escape(escaped, out),
                }
            }
            '[' if rest.starts_with(':') && rest.contains(":]") => {
                let (name, after) = rest.split_once(":]").unwrap_or((rest, ""));
                out.push('[');
                out.push_str(name);
                out.push_str(":]");
                *rest = after;
            }
            ']' => {
                out.push(']');
                return true;
            }
            '-' if ranges && !rest.starts_with(']') => {
                self.ranges = false;
                out.push('-');
            }
            // Where white space is ignored, it is not in a class.
            '[' | '&' | '~' | '-' | '#' => literal(c, out),
            c if c.is_ascii_whitespace() => literal(c, out),
            other => out.push(other),
        }
        false
    }
}

/// A character that stands for itself, also where white space and `#` are ignored.
fn literal(c: char, out: &mut String) {
    if c.is_ascii() {
        // Writing to a String cannot fail.
        let _ = write!(out, r"\x{:02X}", u32::from(c));
    } else {
        out.push(c);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn hit(source: &str, options: &str, text: &str) -> bool {
        Pattern::new(source, options).unwrap().matches(&Bson::String(text.to_owned()))
    }

    #[test]
    fn perl_syntax() {
        assert!(hit("^ab", "", "abc"));
        assert!(!hit("^AB", "", "abc"));
        assert!(hit("^AB", "i", "abc"));
        assert!(hit("^b$", "m", "a\nb\nc"));
        assert!(hit("a.b", "s", "a\nb"));
        assert!(hit("a b # c", "x", "ab"));
        assert!(hit(r"\d+\/\w", "", "12/x"));
        assert!(!hit(r"^\d$", "", "٣"), "digits are ASCII");
        assert!(!hit(r"^\w$", "", "é"));
        assert!(hit("^.$", "", "小"));
        assert!(hit("[a[&]b", "", "[b"), "a bracket in a class is a character");
        assert!(hit("[[:digit:]x]+y", "", "1xy"));
        assert!(hit(r"[\d\]]+", "", "]"));
        assert!(hit("[]a]", "", "]"));
        assert!(hit(r"[^\s\w]", "", "!"));
        assert!(hit(r"\bfoo\b", "", "a foo b"));
        assert!(hit(r"(?i)FOO", "", "foo"));
        assert!(hit(r"a\-b\@c", "", "a-b@c"));
        assert!(hit("a{", "", "a{") && hit("a{,2}", "", "a{,2}") && hit("^a{2}$", "", "aa") && hit("{x}", "", "{x}"));
        assert!(hit("^[a -]+$", "x", "a - a") && hit("[+--]", "", ",") && !hit("^[+--]$", "", "."));
        assert!(hit(r"^\Q(a.b)\E$", "", "(a.b)") && !hit(r"^\Qa.b\E$", "", "axb"));
    }

    #[test]
    fn the_end_is_also_before_a_last_line_feed() {
        assert!(hit("a$", "", "a\n") && hit(r"a\Z", "", "a\n") && !hit(r"a\z", "", "a\n"));
        assert!(!hit("a$", "", "a\n\n") && !hit("a$", "", "a\nb") && hit("a$", "m", "a\nb"));
        assert!(hit(r"a\$", "", "a$b") && hit("[$]", "", "$"));
        let pattern = Pattern::new("a$", "").unwrap();
        assert_eq!(pattern.regex().find("ba").map(|found| found.as_str()), Some("a"));
    }

    #[test]
    fn what_cannot_run_in_linear_time_is_refused() {
        for source in ["(?=a)b", "(?<!a)b", r"(a)\1", "(", "[", r"\", "((a{100}){100}){100}"] {
            let error = Pattern::new(source, "").unwrap_err();
            assert_eq!(error.code(), Code::InvalidRegex, "{source}");
        }
        assert!(Pattern::new("(?=a)b", "").unwrap_err().message().contains("look-around"));
        assert!(Pattern::new("a++b", "").unwrap_err().message().contains("possessive"));
        assert_eq!(Pattern::new("a", "q").unwrap_err().code(), Code::Location(51108));
        assert!(Pattern::new("a\0", "").unwrap_err().message().contains("null byte"));
        assert!(Pattern::new(&"a".repeat(MAX_LENGTH + 1), "").unwrap_err().message().contains("too long"));
    }

    #[test]
    fn a_catastrophic_expression_ends() {
        let text = format!("{}!", "a".repeat(100_000));
        assert!(!hit("^(a+)+$", "", &text));
    }
}
