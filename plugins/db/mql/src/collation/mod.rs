//! Collations: how strings compare other than by their bytes.

mod weights;

use std::cmp::Ordering;
use std::sync::Arc;

use bson::{Bson, Document};

use crate::compare::{compare, compare_with};
use crate::error::{Error, Result};
use crate::{filter, number};

/// The languages that MongoDB 4.2 lists as locales, beside `simple`. Those that order their
/// letters otherwise than Unicode's default order does are ordered by the default here.
const LANGUAGES: &[&str] = &[
    "af", "am", "ar", "as", "az", "be", "bg", "bn", "bo", "bs", "ca", "chr", "cs", "cy", "da", "de", "dsb", "dz", "ee", "el", "en", "eo",
    "es", "et", "fa", "fi", "fil", "fo", "fr", "ga", "gl", "gu", "ha", "haw", "he", "hi", "hr", "hsb", "hu", "hy", "id", "ig", "is", "it",
    "ja", "ka", "kk", "kl", "km", "kn", "ko", "kok", "ky", "lb", "lkt", "ln", "lo", "lt", "lv", "mk", "ml", "mn", "mr", "ms", "mt", "my",
    "nb", "ne", "nl", "nn", "om", "or", "pa", "pl", "ps", "pt", "ro", "ru", "se", "si", "sk", "sl", "smn", "sq", "sr", "sv", "sw", "ta",
    "te", "th", "to", "tr", "ug", "uk", "ur", "uz", "vi", "vo", "yi", "yo", "zh", "zu",
];

/// How strings compare: by their bytes (`simple`), or as readers of a language expect.
///
/// `strength` 1 compares letters only, 2 accents too, 3 (the default) also case; `caseLevel` adds
/// case to strength 1 and 2, `caseFirst` says which case comes first, `numericOrdering` compares
/// runs of digits as numbers, and `alternate: "shifted"` leaves out spaces and punctuation.
///
/// The order is made from Unicode's normalisation and case folding, not from CLDR's tables:
/// * punctuation, symbols and digits in the order of Unicode's default collation for ASCII;
///   letters by script in the order of code points, Latin first;
/// * `zh` orders Chinese characters before other letters, by pinyin without tones and then by
///   code point, a character with several readings by the usual one; other locales order them
///   by code point after other letters;
/// * no other locale has an order of its own, for example `sv` or `ja`;
/// * strength 4 and 5 compare as 3 and then by code points.
#[derive(Clone, Debug, Default)]
pub struct Collation(Option<Arc<Rules>>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Rules {
    strength: u8,
    case_level: bool,
    upper_first: bool,
    numeric: bool,
    shifted: bool,
    spaces_only: bool,
    chinese: bool,
}

impl Collation {
    /// Comparison by bytes.
    pub fn simple() -> Self {
        Self(None)
    }

    /// Parses the `collation` option of a command.
    ///
    /// # Errors
    /// `BadValue` for an unknown locale, option or value, `CommandNotSupported` for `backwards`.
    pub fn parse(option: &Document) -> Result<Self> {
        if option.is_empty() {
            return Ok(Self::simple());
        }
        let mut rules = Rules {
            strength: 3,
            case_level: false,
            upper_first: false,
            numeric: false,
            shifted: false,
            spaces_only: false,
            chinese: false,
        };
        let mut locale = None;
        for (name, value) in option {
            match name.as_str() {
                "locale" => locale = Some(value.as_str().ok_or_else(|| wrong_type(name))?),
                "strength" => match number::integer(value) {
                    Some(n @ 1..=5) => rules.strength = n as u8,
                    _ => return Err(bad_value(name, value)),
                },
                "caseLevel" => rules.case_level = flag(name, value)?,
                "numericOrdering" => rules.numeric = flag(name, value)?,
                "caseFirst" => rules.upper_first = choice(name, value, &["off", "lower", "upper"])? == 2,
                "alternate" => rules.shifted = choice(name, value, &["non-ignorable", "shifted"])? == 1,
                "maxVariable" => rules.spaces_only = choice(name, value, &["punct", "space"])? == 1,
                // Comparison is of normalised strings anyway.
                "normalization" => _ = flag(name, value)?,
                "backwards" if !flag(name, value)? => {}
                "backwards" => return Err(Error::unsupported("the option 'backwards' of a collation")),
                "version" => {}
                _ => return Err(Error::parse(format!("BSON field 'collation.{name}' is an unknown field."))),
            }
        }
        let locale = locale.ok_or_else(|| Error::parse("BSON field 'collation.locale' is missing but a required field"))?;
        if locale == "simple" {
            if option.keys().any(|name| !matches!(name.as_str(), "locale" | "version")) {
                return Err(Error::bad("If locale is 'simple', no other fields should be set in the collation"));
            }
            return Ok(Self::simple());
        }
        let language = locale.split(['_', '-', '@']).next().unwrap_or(locale);
        if !LANGUAGES.contains(&language) {
            return Err(Error::bad(format!("Field 'locale' is invalid in: {{ locale: \"{locale}\" }}")));
        }
        rules.chinese = language == "zh";
        Ok(Self(Some(Arc::new(rules))))
    }

    /// Compares two values: strings by the collation, also those in arrays and documents, all
    /// else as [`compare`](crate::compare()).
    pub fn compare(&self, a: &Bson, b: &Bson) -> Ordering {
        match &self.0 {
            None => compare(a, b),
            Some(rules) => compare_with(a, b, &|a: &str, b: &str| rules.compare(a, b)),
        }
    }

    /// Whether two values are equal under the collation.
    pub fn equal(&self, a: &Bson, b: &Bson) -> bool {
        self.compare(a, b) == Ordering::Equal
    }

    /// Whether comparison is by bytes.
    pub fn is_simple(&self) -> bool {
        self.0.is_none()
    }

    /// A string that compares by its characters as the given one does by the collation. Equal
    /// strings have equal keys, for grouping and index entries.
    pub fn key(&self, text: &str) -> String {
        match &self.0 {
            None => text.to_owned(),
            Some(rules) => rules.key(text).into_iter().filter_map(|weight| char::from_u32(weights::scalar(weight))).collect(),
        }
    }

    /// A value with the [`key`](Self::key) of each string in place of it.
    pub fn key_value(&self, value: &Bson) -> Bson {
        match value {
            _ if self.is_simple() => value.clone(),
            Bson::String(text) => Bson::String(self.key(text)),
            Bson::Array(items) => Bson::Array(items.iter().map(|item| self.key_value(item)).collect()),
            Bson::Document(doc) => Bson::Document(doc.iter().map(|(name, value)| (name.clone(), self.key_value(value))).collect()),
            other => other.clone(),
        }
    }

    /// Whether a value compares as it does without the collation, because it holds no string.
    pub(crate) fn keeps(&self, value: &Bson) -> bool {
        self.is_simple() || !matches!(value, Bson::String(_) | Bson::Symbol(_) | Bson::Array(_) | Bson::Document(_))
    }
}

impl PartialEq for Collation {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Eq for Collation {}

impl Rules {
    fn compare(&self, a: &str, b: &str) -> Ordering {
        if a == b {
            return Ordering::Equal;
        }
        self.key(a).cmp(&self.key(b))
    }

    fn key(&self, text: &str) -> Vec<u32> {
        let elements = weights::elements(text, self);
        let level = |weight: &dyn Fn(&weights::Element) -> u32| elements.iter().map(weight).filter(|w| *w != 0).collect::<Vec<u32>>();
        let mut key = level(&|e| e.primary);
        if self.strength >= 2 {
            key.push(0);
            key.extend(level(&|e| e.secondary));
        }
        if self.strength >= 3 || self.case_level {
            key.push(0);
            key.extend(level(&|e| match e.tertiary {
                upper if upper > weights::LOWER && self.upper_first => weights::LOWER,
                weights::LOWER if self.upper_first => weights::UPPER,
                other => other,
            }));
        }
        if self.strength >= 4 {
            key.push(0);
            key.extend(text.chars().map(|c| u32::from(c) + 1));
        }
        key
    }
}

fn flag(name: &str, value: &Bson) -> Result<bool> {
    match value {
        Bson::Boolean(_) => Ok(filter::truthy(value)),
        other if number::is_number(other) => Ok(filter::truthy(other)),
        _ => Err(wrong_type(name)),
    }
}

fn choice(name: &str, value: &Bson, of: &[&str]) -> Result<usize> {
    let text = value.as_str().ok_or_else(|| wrong_type(name))?;
    of.iter().position(|one| *one == text).ok_or_else(|| bad_value(name, value))
}

fn wrong_type(name: &str) -> Error {
    Error::new(crate::Code::TypeMismatch, format!("BSON field 'collation.{name}' is the wrong type"))
}

fn bad_value(name: &str, value: &Bson) -> Error {
    let shown = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    Error::bad(format!("Enumeration value '{shown}' for field 'collation.{name}' is not a valid value."))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
