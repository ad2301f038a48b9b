//! Regular expressions of JavaScript, written anew for the `regex` crate, which matches in linear
//! time.
//!
//! Both languages look alike and differ in what they mean: `\d`, `\w` and `\b` know ASCII only in
//! JavaScript, `.` leaves out four line ends, `[]` matches nothing and `[^]` everything, a `[` in a
//! class is a character. So every expression is read here, and only what is understood is passed
//! on. It is read as with JavaScript's flag `u`: a character is a code point, and what only old
//! programs write (`a{`, `\a`, octal numbers) is refused. Look-around and back-references, which no
//! linear time allows, are refused too.

use std::fmt::Write as _;
use std::iter::Peekable;
use std::str::Chars;

/// How deep groups may nest.
const MAX_NESTING: usize = 50;
/// How often something may be repeated, where a number is given.
const MAX_REPEAT: u32 = 1000;

const LINE_ENDS: &str = r"\n\r\x{2028}\x{2029}";
const SPACES: &str = r"\t\n\x{B}\f\r \x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000}\x{FEFF}";

/// Writes an expression of JavaScript for the `regex` crate.
///
/// # Errors
/// What is wrong, and at which character.
pub fn translate(source: &str) -> Result<String, String> {
    let mut translator = Translator { rest: source.chars().peekable(), read: 0, written: String::new() };
    translator.expression().map_err(|why| format!("{why}, at character {} of the expression", translator.read.max(1)))?;
    Ok(translator.written)
}

struct Translator<'s> {
    rest: Peekable<Chars<'s>>,
    /// How many characters were read.
    read: usize,
    written: String,
}

/// What an escape stands for.
enum Escape {
    Character(char),
    /// Characters, as they are written between brackets; and whether all others are meant.
    Class(&'static str, bool),
    /// A place between two characters, as it is written.
    Boundary(&'static str),
}

type Done<T = ()> = Result<T, String>;

fn refuse<T>(why: &str) -> Done<T> {
    Err(why.to_owned())
}

impl Translator<'_> {
    fn next(&mut self) -> Option<char> {
        let next = self.rest.next()?;
        self.read += 1;
        Some(next)
    }

    fn next_is(&mut self, expected: char) -> bool {
        let is = self.rest.peek() == Some(&expected);
        if is {
            self.next();
        }
        is
    }

    /// Writes what one character matches, and that it can be repeated.
    fn one_of(&mut self, escape: &Escape) -> bool {
        // Writing to a text does not fail.
        let _ = match escape {
            Escape::Character(c) => write!(self.written, "\\x{{{:X}}}", u32::from(*c)),
            Escape::Class(class, negated) => write!(self.written, "[{}{class}]", if *negated { "^" } else { "" }),
            Escape::Boundary(boundary) => self.written.write_str(boundary),
        };
        true
    }

    fn expression(&mut self) -> Done {
        let mut groups = 0_usize;
        // Whether what was read last can be repeated.
        let mut repeatable = false;
        while let Some(c) = self.next() {
            repeatable = match c {
                '*' | '+' | '?' | '{' => {
                    if !repeatable {
                        return refuse("there is nothing to repeat");
                    }
                    self.repetition(c)?;
                    false
                }
                '|' | '^' | '$' => {
                    self.written.push(c);
                    false
                }
                '(' => {
                    groups += 1;
                    if groups > MAX_NESTING {
                        return Err(format!("groups nest deeper than {MAX_NESTING}"));
                    }
                    self.group()?;
                    false
                }
                ')' => {
                    groups = groups.checked_sub(1).ok_or("a `)` closes no group; a parenthesis is written `\\)`")?;
                    self.written.push(c);
                    true
                }
                '\\' => match self.escape()? {
                    Escape::Boundary(boundary) => {
                        self.written.push_str(boundary);
                        false
                    }
                    escape => self.one_of(&escape),
                },
                '.' => self.one_of(&Escape::Class(LINE_ENDS, true)),
                '[' => self.class()?,
                ']' | '}' => return Err(format!("a `{c}` of its own is written `\\{c}`")),
                c => self.one_of(&Escape::Character(c)),
            };
        }
        if groups > 0 { refuse("a `(` is not closed") } else { Ok(()) }
    }

    /// The rest of `(`.
    fn group(&mut self) -> Done {
        self.written.push_str("(?:");
        if !self.next_is('?') {
            return Ok(());
        }
        match self.next() {
            Some(':') => Ok(()),
            Some('=' | '!') => refuse("look-ahead, `(?=…)` and `(?!…)`, is not possible in rules, as it may take very long"),
            Some('<') => match self.next() {
                Some('=' | '!') => refuse("look-behind, `(?<=…)` and `(?<!…)`, is not possible in rules, as it may take very long"),
                Some(first) if first.is_alphabetic() || matches!(first, '_' | '$') => loop {
                    match self.next() {
                        Some('>') => return Ok(()),
                        Some(c) if c.is_alphanumeric() || matches!(c, '_' | '$') => {}
                        _ => return refuse("the name of a group ends with `>`"),
                    }
                },
                _ => refuse("the name of a group begins with a letter"),
            },
            _ => refuse("`(?` begins `(?:…)` or `(?<name>…)`; there are no flags in rules"),
        }
    }

    /// A repetition, which may be a lazy one.
    fn repetition(&mut self, c: char) -> Done {
        match c {
            '{' => self.counted()?,
            c => self.written.push(c),
        }
        if self.next_is('?') {
            self.written.push('?');
        }
        Ok(())
    }

    /// The rest of `{n}`, `{n,}` and `{n,m}`.
    fn counted(&mut self) -> Done {
        let least = self.count()?;
        let most = if !self.next_is(',') {
            Some(least)
        } else if self.rest.peek() == Some(&'}') {
            None
        } else {
            Some(self.count()?)
        };
        if !self.next_is('}') {
            return refuse("`{` begins a repetition, `{n}`, `{n,}` or `{n,m}`; a brace is written `\\{`");
        }
        if most.is_some_and(|most| most < least) {
            return refuse("the numbers of a repetition are in the wrong order");
        }
        // Writing to a text does not fail.
        let _ = match most {
            Some(most) => write!(self.written, "{{{least},{most}}}"),
            None => write!(self.written, "{{{least},}}"),
        };
        Ok(())
    }

    fn count(&mut self) -> Done<u32> {
        let mut count = None;
        while let Some(digit) = self.rest.peek().and_then(|c| c.to_digit(10)) {
            self.next();
            count = Some(count.unwrap_or(0_u32) * 10 + digit).filter(|count| *count <= MAX_REPEAT);
            if count.is_none() {
                return Err(format!("nothing is repeated more than {MAX_REPEAT} times"));
            }
        }
        count.ok_or_else(|| "`{` begins a repetition, `{n}`, `{n,}` or `{n,m}`; a brace is written `\\{`".to_owned())
    }

    /// The rest of `[`. It can be repeated.
    fn class(&mut self) -> Done<bool> {
        let negated = self.next_is('^');
        if self.next_is(']') {
            self.written.push_str(if negated { r"[\s\S]" } else { r"[^\s\S]" });
            return Ok(true);
        }
        self.written.push_str(if negated { "[^" } else { "[" });
        loop {
            let first = match self.next() {
                None => return refuse("a `[` is not closed"),
                Some(']') => {
                    self.written.push(']');
                    return Ok(true);
                }
                Some(c) => self.class_member(c)?,
            };
            // A `-` is a range unless it is the last of its class.
            let mut ahead = self.rest.clone();
            let is_range = ahead.next() == Some('-') && ahead.next().is_some_and(|c| c != ']');
            let last = if is_range {
                self.next();
                match self.next() {
                    Some(c) => Some(self.class_member(c)?),
                    None => return refuse("a `[` is not closed"),
                }
            } else {
                None
            };
            match (first, last) {
                (first, None) => _ = self.one_of(&first),
                (Escape::Character(first), Some(Escape::Character(last))) => {
                    if first > last {
                        return refuse("the range is in the wrong order");
                    }
                    self.one_of(&Escape::Character(first));
                    self.written.push('-');
                    self.one_of(&Escape::Character(last));
                }
                _ => return refuse("a range goes from a character to a character"),
            }
        }
    }

    fn class_member(&mut self, c: char) -> Done<Escape> {
        if c != '\\' {
            return Ok(Escape::Character(c));
        }
        if self.next_is('b') {
            return Ok(Escape::Character('\u{8}'));
        }
        match self.escape()? {
            Escape::Boundary(_) => refuse("`\\B` is nothing that a class could hold"),
            other => Ok(other),
        }
    }

    /// The rest of `\`.
    fn escape(&mut self) -> Done<Escape> {
        Ok(match self.next() {
            None => return refuse("a `\\` ends the expression"),
            Some('d') => Escape::Class("0-9", false),
            Some('D') => Escape::Class("0-9", true),
            Some('w') => Escape::Class("0-9A-Za-z_", false),
            Some('W') => Escape::Class("0-9A-Za-z_", true),
            Some('s') => Escape::Class(SPACES, false),
            Some('S') => Escape::Class(SPACES, true),
            Some('b') => Escape::Boundary(r"(?-u:\b)"),
            Some('B') => Escape::Boundary(r"(?-u:\B)"),
            Some('t') => Escape::Character('\t'),
            Some('n') => Escape::Character('\n'),
            Some('v') => Escape::Character('\u{b}'),
            Some('f') => Escape::Character('\u{c}'),
            Some('r') => Escape::Character('\r'),
            Some('0') if !self.rest.peek().is_some_and(char::is_ascii_digit) => Escape::Character('\0'),
            Some('0') => return refuse("octal numbers are not possible in rules; a character is written `\\xHH` or `\\uHHHH`"),
            Some('1'..='9' | 'k') => return refuse("back-references are not possible in rules, as they may take very long"),
            Some('c') => match self.next() {
                Some(letter) if letter.is_ascii_alphabetic() => Escape::Character(char::from(letter as u8 % 32)),
                _ => return refuse("`\\c` stands before a letter"),
            },
            Some('x') => Escape::Character(char_of(self.hex(2)?)?),
            Some('u') => Escape::Character(self.unicode()?),
            Some('p' | 'P') => return refuse("properties of characters, `\\p{…}`, are not possible in rules"),
            Some(c) if c.is_alphanumeric() => return Err(format!("`\\{c}` has no meaning")),
            Some(c) => Escape::Character(c),
        })
    }

    fn hex(&mut self, digits: u32) -> Done<u32> {
        let mut code = 0;
        for _ in 0..digits {
            let digit = self.next().and_then(|c| c.to_digit(16));
            code = code * 16 + digit.ok_or_else(|| format!("{digits} hexadecimal digits are expected"))?;
        }
        Ok(code)
    }

    /// The rest of `\u`: `{H…}`, four digits, or two times four for a pair of surrogates.
    fn unicode(&mut self) -> Done<char> {
        if self.next_is('{') {
            let mut code = 0_u32;
            loop {
                match self.next() {
                    Some('}') => return char_of(code),
                    Some(c) => {
                        let digit = c.to_digit(16).ok_or("hexadecimal digits and `}` are expected")?;
                        code = (code * 16 + digit).min(0x11_0000);
                    }
                    None => return refuse("`\\u{` ends with `}`"),
                }
            }
        }
        let code = self.hex(4)?;
        if !(0xD800..0xDC00).contains(&code) {
            return char_of(code);
        }
        if !(self.next_is('\\') && self.next_is('u')) {
            return char_of(code);
        }
        let low = self.hex(4)?;
        if !(0xDC00..0xE000).contains(&low) {
            return char_of(code);
        }
        char_of(0x1_0000 + ((code - 0xD800) << 10) + (low - 0xDC00))
    }
}

fn char_of(code: u32) -> Done<char> {
    char::from_u32(code).ok_or_else(|| "this is no character".to_owned())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use regex::Regex;

    use super::*;

    #[track_caller]
    fn matches(source: &str, yes: &[&str], no: &[&str]) {
        let translated = translate(source).unwrap();
        let regex = Regex::new(&translated).unwrap_or_else(|e| panic!("{source} became {translated}: {e}"));
        for text in yes {
            assert!(regex.is_match(text), "/{source}/ ({translated}) must match {text:?}");
        }
        for text in no {
            assert!(!regex.is_match(text), "/{source}/ ({translated}) must not match {text:?}");
        }
    }

    #[test]
    fn what_both_languages_have() {
        matches(r".*\.png", &["a.png", "a/b.png", "a.png.txt"], &["png", "a.PNG", "apng"]);
        matches(r"\.png$", &["a.png"], &["a.png.txt", "a.png\n"]);
        matches(r"^(?:a|b)+?c{2,3}\/(?<name>x)?$", &["abcc/", "accc/x"], &["abc/", "acccc/", "cc/"]);
        matches(r"^a{2}$|^b{1,}$|^$", &["aa", "b", "bbb", ""], &["a", "aaa", "ab"]);
        matches("^a/b$", &["a/b"], &["a"]);
        matches(r"^[a-c\d._-]+$", &["a.b-c_1"], &["d", "a b"]);
        matches(r"^[^a-c]$", &["d", "图"], &["a"]);
        matches(r"^[\]\-\\^]+$", &["]-\\^"], &["a"]);
        matches(r"()|(?:)", &[""], &[]);
    }

    #[test]
    fn what_means_something_else_in_javascript() {
        matches(r"^\d\w$", &["1a", "0_"], &["١a", "1é", "1图"]);
        matches(r"^\D\W$", &["١é"], &["1é", "aa"]);
        matches(r"^\s$", &["\u{feff}", "\u{a0}", "\u{b}", "\u{3000}"], &["\u{85}", "a"]);
        matches(r"^[\S]$", &["\u{85}", "a"], &["\u{feff}"]);
        matches("^.$", &["😀", "\u{85}", "图"], &["\n", "\r", "\u{2028}", "\u{2029}"]);
        matches(r"é\b", &["éa"], &["é", "é "]);
        matches(r"a\B", &["ab"], &["a", "aé"]);
        matches(r"^[[a]$", &["[", "a"], &["b"]);
        matches("^[a&&b]$", &["a", "&", "b"], &["c"]);
        matches("^[+--]$", &["+", ",", "-"], &["a"]);
        matches("^[a~~]$", &["~"], &["b"]);
        matches("[^]", &["\n", "a"], &[""]);
        matches("a|[]", &["a"], &["", "b", "]"]);
        matches(r"^[\b]$", &["\u{8}"], &["b"]);
        matches(r"^\x41\u0042\u{43}\u{1F600}\uD83D\uDE00\cJ\0$", &["ABC😀😀\n\0"], &[]);
        matches("^a #b$", &["a #b"], &["a"]);
        matches(r"^\/\_\%\ $", &["/_% "], &[]);
    }

    #[test]
    fn what_is_not_possible_is_refused_with_its_place() {
        for (source, at, why) in [
            ("a(?=b)", 4, "look-ahead"),
            ("(?!b)", 3, "look-ahead"),
            ("(?<=b)", 4, "look-behind"),
            ("(?<!b)", 4, "look-behind"),
            (r"(a)\1", 5, "back-reference"),
            (r"(?<n>a)\k<n>", 9, "back-reference"),
            ("(?i)a", 3, "no flags"),
            ("(?P<n>a)", 3, "no flags"),
            ("*a", 1, "nothing to repeat"),
            ("a**", 3, "nothing to repeat"),
            ("a++", 3, "nothing to repeat"),
            ("a{2}{3}", 5, "nothing to repeat"),
            ("^*", 2, "nothing to repeat"),
            (r"\b+", 3, "nothing to repeat"),
            ("(?:+)", 4, "nothing to repeat"),
            ("a|?", 3, "nothing to repeat"),
            ("a{,3}", 2, "begins a repetition"),
            ("a{x", 2, "begins a repetition"),
            ("a{3,2}", 6, "wrong order"),
            ("a{1001}", 6, "more than 1000"),
            ("a}", 2, r"`\}`"),
            ("a]", 2, r"`\]`"),
            ("(a", 2, "not closed"),
            ("a)", 2, "closes no group"),
            ("[a", 2, "not closed"),
            ("[a-", 3, "not closed"),
            ("[b-a]", 4, "wrong order"),
            (r"[\d-a]", 5, "from a character"),
            (r"[\B]", 3, "class"),
            (r"\a", 2, "no meaning"),
            (r"\A", 2, "no meaning"),
            (r"\p{L}", 2, "properties"),
            (r"\01", 2, "octal"),
            (r"\x4", 3, "hexadecimal"),
            (r"\u{110000}", 10, "no character"),
            (r"\uD800", 6, "no character"),
            ("a\\", 2, "ends the expression"),
            ("(?<>a)", 4, "begins with a letter"),
            ("(?<n", 4, "ends with `>`"),
        ] {
            let error = translate(source).unwrap_err();
            assert!(error.contains(why), "{source}: {error}");
            assert!(error.ends_with(&format!("at character {at} of the expression")), "{source}: {error}");
        }
        assert!(translate(&"(".repeat(51)).unwrap_err().contains("deeper than 50"));
    }
}
