//! The weights of a text's characters at each level of a collation.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::Rules;

/// What a character counts for at the three levels; 0 is nothing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Element {
    pub(super) primary: u32,
    pub(super) secondary: u32,
    pub(super) tertiary: u32,
}

/// The third weight of a letter in lower case and of what has no case.
pub(super) const LOWER: u32 = 2;
/// The third weight of a letter in upper case.
pub(super) const UPPER: u32 = 4;
/// The second weight of a character without an accent.
const PLAIN: u32 = 1;
/// The second weight of a letter's stroke or ligature, which normalisation does not take apart.
const STROKE: u32 = 2;

/// ASCII in the order of Unicode's default collation, letters in upper case left out.
const ASCII: &str = "\t\n\u{b}\u{c}\r _-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$0123456789abcdefghijklmnopqrstuvwxyz";
/// Where spaces end in [`ASCII`], and where punctuation does.
const SPACES: usize = 6;
const PUNCTUATION: usize = 27;

// Bands of first weights, in their order.
const OTHER_PUNCTUATION: u32 = 0x100;
const DIGITS: u32 = 0x4_0000;
const CHINESE: u32 = 0x5_0000;
const LATIN: u32 = 0x7_0000;
const LETTERS: u32 = 0x8_0000;

/// Letters that are not composed but sort with others.
const LIGATURES: &[(char, &str)] = &[
    ('æ', "ae"),
    ('Æ', "AE"),
    ('œ', "oe"),
    ('Œ', "OE"),
    ('ø', "o"),
    ('Ø', "O"),
    ('đ', "d"),
    ('Đ', "D"),
    ('ł', "l"),
    ('Ł', "L"),
    ('ß', "ss"),
    ('ẞ', "SS"),
    ('ı', "i"),
];

pub(super) fn elements(text: &str, rules: &Rules) -> Vec<Element> {
    let mut elements = Vec::with_capacity(text.len() + 4);
    let mut chars = text.nfkd().peekable();
    while let Some(c) = chars.next() {
        if c.is_control() && !c.is_whitespace() {
            continue;
        }
        if is_combining_mark(c) {
            elements.push(Element { primary: 0, secondary: PLAIN + STROKE + u32::from(c), tertiary: 0 });
        } else if let Some(digit) = c.to_digit(10)
            && rules.numeric
        {
            let mut digits = vec![digit];
            while let Some(next) = chars.peek().and_then(|c| c.to_digit(10)) {
                chars.next();
                digits.push(next);
            }
            number(&digits, &mut elements);
        } else if let Some((_, letters)) = LIGATURES.iter().find(|(ligature, _)| *ligature == c) {
            letters.chars().for_each(|letter| character(letter, rules, &mut elements));
            elements.push(Element { primary: 0, secondary: STROKE, tertiary: 0 });
        } else {
            character(c, rules, &mut elements);
        }
    }
    elements
}

/// A number by its length without zeros in front, and then by its digits.
fn number(digits: &[u32], elements: &mut Vec<Element>) {
    let zeros = digits.iter().take_while(|digit| **digit == 0).count();
    let significant = digits.get(zeros..).unwrap_or_default();
    let mut length = u32::try_from(significant.len()).unwrap_or(u32::MAX);
    // Lengths do not fit into their band without end: 9,999 stands for "and more to come".
    while length >= 9_999 {
        elements.push(plain(DIGITS + 0x100 + 9_999));
        length -= 9_999;
    }
    elements.push(plain(DIGITS + 0x100 + length));
    elements.extend(significant.iter().map(|digit| plain(DIGITS + 1 + digit)));
}

fn plain(primary: u32) -> Element {
    Element { primary, secondary: PLAIN, tertiary: LOWER }
}

fn character(c: char, rules: &Rules, elements: &mut Vec<Element>) {
    let mut folded = c.to_lowercase();
    let base = folded.next().unwrap_or(c);
    let tertiary = if base == c { LOWER } else { UPPER };
    let ignored = |spaces: bool, punctuation: bool| rules.shifted && (spaces || (punctuation && !rules.spaces_only));
    if let Some(place) = ASCII.find(base) {
        if ignored(place < SPACES, place < PUNCTUATION) {
            return;
        }
        let place32 = u32::try_from(place).unwrap_or(0);
        let primary = match base {
            'a'..='z' => LATIN + u32::from(base),
            '0'..='9' => DIGITS + 1 + u32::from(base) - u32::from('0'),
            _ => 1 + place32,
        };
        elements.push(Element { primary, secondary: PLAIN, tertiary });
    } else if chinese(base) {
        if rules.chinese {
            let pinyin = deunicode::deunicode_char(base).unwrap_or_default();
            for letter in pinyin.trim_end().bytes() {
                elements.push(Element { primary: CHINESE + u32::from(letter.to_ascii_lowercase()), secondary: 0, tertiary: 0 });
            }
            // Below every letter, so that a shorter reading comes first.
            elements.push(Element { primary: CHINESE + 1, secondary: 0, tertiary: 0 });
        }
        elements.push(plain(LETTERS + u32::from(base)));
    } else if base.is_alphanumeric() {
        elements.push(Element { primary: LETTERS + u32::from(base), secondary: PLAIN, tertiary });
    } else if !ignored(base.is_whitespace(), true) {
        elements.push(plain(OTHER_PUNCTUATION + u32::from(base).min(DIGITS - OTHER_PUNCTUATION - 1)));
    }
    // What folds into several characters, such as İ, has marks after the first.
    for mark in folded {
        elements.push(Element { primary: 0, secondary: PLAIN + STROKE + u32::from(mark), tertiary: 0 });
    }
}

fn chinese(c: char) -> bool {
    matches!(u32::from(c), 0x3400..=0x4dbf | 0x4e00..=0x9fff | 0xf900..=0xfaff | 0x2_0000..=0x3_ffff)
}

/// A weight as a code point, past the surrogates. Weights end below 0x10F800.
pub(super) fn scalar(weight: u32) -> u32 {
    if weight < 0xd800 { weight } else { weight + 0x800 }
}
