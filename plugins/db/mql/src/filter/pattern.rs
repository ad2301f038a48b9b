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
}

impl Pattern {
    pub(crate) fn new(source: &str, options: &str) -> Result<Self> {
        if source.len() > MAX_LENGTH {
            return Err(Error::new(Code::InvalidRegex, format!("a regular expression may have at most {MAX_LENGTH} bytes")));
        }
        let mut builder = RegexBuilder::new(&translate(source));
        for option in options.chars() {
            match option {
                'i' => builder.case_insensitive(true),
                'm' => builder.multi_line(true),
                's' => builder.dot_matches_new_line(true),
                'x' => builder.ignore_whitespace(true),
                'u' => &mut builder,
                other => return Err(Error::bad(format!("invalid flag in regex options: {other}"))),
            };
        }
        let regex = builder.size_limit(SIZE_LIMIT).nest_limit(100).build().map_err(|error| refusal(source, &error))?;
        let mut options: Vec<char> = options.chars().collect();
        options.sort_unstable();
        Ok(Self { source: source.to_owned(), options: options.into_iter().collect(), regex })
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
            Bson::String(text) | Bson::Symbol(text) => self.regex.is_match(text),
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
    let shown: String = source.chars().take(100).collect();
    let hint = if ["(?=", "(?!", "(?<=", "(?<!"].iter().any(|look| source.contains(look)) {
        "; look-around is not supported, because expressions run in linear time"
    } else {
        ""
    };
    Error::new(Code::InvalidRegex, format!("Regular expression is invalid: `{shown}`: {reason}{hint}"))
}

/// Rewrites what Perl's syntax means otherwise: `\d`, `\w`, `\s` and `\b` are ASCII only, and `[`,
/// `&`, `~` are plain characters in a class.
fn translate(source: &str) -> String {
    let mut out = String::with_capacity(source.len() + 16);
    let mut chars = source.chars().peekable();
    let mut in_class = false;
    let mut in_named = false;
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('d') => out.push_str("[0-9]"),
                Some('D') => out.push_str("[^0-9]"),
                Some('w') => out.push_str("[0-9A-Za-z_]"),
                Some('W') => out.push_str("[^0-9A-Za-z_]"),
                Some('s') => out.push_str(r"[\t\n\x0B\f\r ]"),
                Some('S') => out.push_str(r"[^\t\n\x0B\f\r ]"),
                Some('b') if in_class => out.push_str(r"\x08"),
                Some('b') => out.push_str(r"(?-u:\b)"),
                Some('e') => out.push_str(r"\x1B"),
                Some('h') => out.push_str(r"[\t ]"),
                Some('Z') => out.push_str(r"\z"),
                // Perl takes any other escaped character that is not a letter or digit as itself.
                Some(other) if other.is_ascii_alphanumeric() => {
                    out.push('\\');
                    out.push(other);
                }
                Some(other) => literal(other, &mut out),
                None => out.push('\\'),
            },
            '[' if !in_class => {
                in_class = true;
                out.push('[');
                if chars.peek() == Some(&'^') {
                    chars.next();
                    out.push('^');
                }
                if chars.peek() == Some(&']') {
                    chars.next();
                    out.push_str(r"\]");
                }
            }
            '[' if chars.peek() == Some(&':') => {
                in_named = true;
                out.push('[');
            }
            ']' if in_named && out.ends_with(':') => {
                in_named = false;
                out.push(']');
            }
            ']' => {
                in_class = false;
                out.push(']');
            }
            '[' | '&' | '~' if in_class => {
                out.push('\\');
                out.push(c);
            }
            other => out.push(other),
        }
    }
    out
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
    }

    #[test]
    fn what_cannot_run_in_linear_time_is_refused() {
        for source in ["(?=a)b", "(?<!a)b", r"(a)\1", "(", "[", r"\", "((a{100}){100}){100}"] {
            let error = Pattern::new(source, "").unwrap_err();
            assert_eq!(error.code(), Code::InvalidRegex, "{source}");
        }
        assert!(Pattern::new("(?=a)b", "").unwrap_err().message().contains("look-around"));
        assert!(Pattern::new("a", "q").is_err());
        assert!(Pattern::new(&"a".repeat(MAX_LENGTH + 1), "").is_err());
    }

    #[test]
    fn a_catastrophic_expression_ends() {
        let text = format!("{}!", "a".repeat(100_000));
        assert!(!hit("^(a+)+$", "", &text));
    }
}
