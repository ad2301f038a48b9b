//! Random regular expressions: how JavaScript writes them, and what they match, which is counted
//! out position by position and so knows no other engine.

use std::collections::BTreeSet;

use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;

/// What paths and expressions are made of. Some are special in expressions, in classes, or outside
/// of ASCII.
pub const LETTERS: [char; 17] = ['a', 'b', 'B', '1', '_', '.', '-', '/', '&', '[', ']', '^', ' ', 'é', '图', '😀', '\u{2028}'];

#[derive(Clone, Debug)]
pub enum Pattern {
    Letter(char),
    Dot,
    /// `\d` and the like, by its letter.
    Kind(char),
    Class {
        negated: bool,
        members: Vec<(char, char)>,
        kinds: Vec<char>,
    },
    Begin,
    End,
    Boundary(bool),
    Sequence(Vec<Pattern>),
    Either(Vec<Pattern>),
    Repeat(Box<Pattern>, usize, Option<usize>),
}

fn of_kind(kind: char, c: char) -> bool {
    let is = match kind.to_ascii_lowercase() {
        'd' => "0123456789".contains(c),
        'w' => c == '_' || c.is_ascii_alphanumeric(),
        _ => c.is_whitespace() && c != '\u{85}' || c == '\u{feff}',
    };
    is != kind.is_ascii_uppercase()
}

impl Pattern {
    /// Whether some part of a text matches.
    pub fn is_in(&self, text: &str) -> bool {
        let text: Vec<char> = text.chars().collect();
        (0..=text.len()).any(|at| !self.ends(&text, at).is_empty())
    }

    /// Where a match that begins at a place may end.
    fn ends(&self, text: &[char], at: usize) -> BTreeSet<usize> {
        let one = |is: bool| if is { BTreeSet::from([at + 1]) } else { BTreeSet::new() };
        let here = |is: bool| if is { BTreeSet::from([at]) } else { BTreeSet::new() };
        let next = text.get(at).copied();
        match self {
            Self::Letter(c) => one(next == Some(*c)),
            Self::Dot => one(next.is_some_and(|c| !['\n', '\r', '\u{2028}', '\u{2029}'].contains(&c))),
            Self::Kind(kind) => one(next.is_some_and(|c| of_kind(*kind, c))),
            Self::Class { negated, members, kinds } => one(next.is_some_and(|c| {
                let is = members.iter().any(|(from, to)| (*from..=*to).contains(&c)) || kinds.iter().any(|kind| of_kind(*kind, c));
                is != *negated
            })),
            Self::Begin => here(at == 0),
            Self::End => here(at == text.len()),
            Self::Boundary(is) => {
                let word = |at: Option<usize>| at.and_then(|at| text.get(at)).is_some_and(|c| of_kind('w', *c));
                here((word(at.checked_sub(1)) != word(Some(at))) == *is)
            }
            Self::Sequence(parts) => {
                parts.iter().fold(here(true), |ends, part| ends.into_iter().flat_map(|end| part.ends(text, end)).collect())
            }
            Self::Either(parts) => parts.iter().flat_map(|part| part.ends(text, at)).collect(),
            Self::Repeat(part, least, most) => {
                let again = |ends: &BTreeSet<usize>| -> BTreeSet<usize> { ends.iter().flat_map(|end| part.ends(text, *end)).collect() };
                let mut ends = (0..*least).fold(here(true), |ends, _| again(&ends));
                let mut all = ends.clone();
                // As many rounds as there are characters reach whatever can be reached.
                for _ in 0..most.map_or(text.len() + 1, |most| most - least) {
                    ends = again(&ends);
                    all.extend(&ends);
                }
                all
            }
        }
    }

    pub fn random(rng: &mut StdRng, depth: u32) -> Self {
        match rng.random_range(0..if depth == 0 { 12 } else { 19 }) {
            0..5 => Self::Letter(*LETTERS.choose(rng).unwrap()),
            5 => Self::Dot,
            6 => Self::Kind(*['d', 'D', 'w', 'W', 's', 'S'].choose(rng).unwrap()),
            7 | 8 => {
                let members = (0..rng.random_range(0..3)).map(|_| {
                    let (a, b) = (*LETTERS.choose(rng).unwrap(), *LETTERS.choose(rng).unwrap());
                    if rng.random_bool(0.5) { (a, a) } else { (a.min(b), a.max(b)) }
                });
                let members = members.collect();
                let kinds = (0..rng.random_range(0..2)).map(|_| *['d', 'W', 's'].choose(rng).unwrap()).collect();
                Self::Class { negated: rng.random_bool(0.3), members, kinds }
            }
            9 => Self::Begin,
            10 => Self::End,
            11 => Self::Boundary(rng.random_bool(0.7)),
            12..15 => Self::Sequence((0..rng.random_range(0..5)).map(|_| Self::random(rng, depth - 1)).collect()),
            15 | 16 => Self::Either((0..rng.random_range(1..4)).map(|_| Self::random(rng, depth - 1)).collect()),
            _ => {
                let least = rng.random_range(0..3);
                let most = rng.random_bool(0.5).then(|| least + rng.random_range(0..3));
                Self::Repeat(Box::new(Self::random(rng, depth - 1)), least, most)
            }
        }
    }

    /// The expression in one of the ways to write it.
    pub fn write(&self, rng: &mut StdRng) -> String {
        match self {
            Self::Letter(c) => letter(*c, "^$\\.*+?()[]{}|", rng),
            Self::Dot => ".".to_owned(),
            Self::Kind(kind) => format!("\\{kind}"),
            Self::Class { negated, members, kinds } => {
                let mut text = String::from(if *negated { "[^" } else { "[" });
                for kind in kinds {
                    text.push('\\');
                    text.push(*kind);
                }
                for (from, to) in members {
                    text.push_str(&letter(*from, "\\]-^", rng));
                    if from != to || rng.random_bool(0.1) {
                        text.push('-');
                        text.push_str(&letter(*to, "\\]-^", rng));
                    }
                }
                text + "]"
            }
            Self::Begin => "^".to_owned(),
            Self::End => "$".to_owned(),
            Self::Boundary(true) => r"\b".to_owned(),
            Self::Boundary(false) => r"\B".to_owned(),
            Self::Sequence(parts) => {
                let parts: Vec<String> = parts.iter().map(|part| part.grouped(matches!(part, Self::Either(_)), rng)).collect();
                parts.concat()
            }
            Self::Either(parts) => {
                let parts: Vec<String> = parts.iter().map(|part| part.write(rng)).collect();
                parts.join("|")
            }
            Self::Repeat(part, least, most) => {
                let single = matches!(**part, Self::Letter(_) | Self::Dot | Self::Kind(_) | Self::Class { .. });
                let sign = match (least, most) {
                    (0, None) if rng.random_bool(0.7) => "*".to_owned(),
                    (1, None) if rng.random_bool(0.7) => "+".to_owned(),
                    (0, Some(1)) if rng.random_bool(0.7) => "?".to_owned(),
                    (least, None) => format!("{{{least},}}"),
                    (least, Some(most)) if least == most && rng.random_bool(0.7) => format!("{{{least}}}"),
                    (least, Some(most)) => format!("{{{least},{most}}}"),
                };
                part.grouped(!single, rng) + &sign + if rng.random_bool(0.2) { "?" } else { "" }
            }
        }
    }

    fn grouped(&self, needed: bool, rng: &mut StdRng) -> String {
        let text = self.write(rng);
        match rng.random_range(0..4) {
            _ if !needed && rng.random_bool(0.8) => text,
            0 => format!("(?<n{}>{text})", rng.random_range(0..1 << 30)),
            1 => format!("({text})"),
            _ => format!("(?:{text})"),
        }
    }
}

/// A character, escaped where it must be, and sometimes where it need not.
fn letter(c: char, special: &str, rng: &mut StdRng) -> String {
    let code = u32::from(c);
    match rng.random_range(0..10) {
        0 if code < 0x100 => format!("\\x{code:02x}"),
        1 if code < 0x1_0000 => format!("\\u{code:04X}"),
        1 => {
            let mut units = [0; 2];
            c.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")).collect()
        }
        2 if !c.is_alphanumeric() => format!("\\{c}"),
        _ if special.contains(c) => format!("\\{c}"),
        _ => c.to_string(),
    }
}
