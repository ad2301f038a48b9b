//! One field of a cron text that takes special characters.

use sdk_plugin::Result;

use super::{invalid, is_any, shown};

/// What a field takes.
pub struct Field {
    /// For messages.
    pub name: &'static str,
    /// The least number, which must be below 32, as must be the greatest.
    pub from: u32,
    pub to: u32,
    /// Names of the numbers, from the least on.
    pub names: &'static [&'static str],
    /// Whether `?` is taken.
    pub any: bool,
}

/// A number of one or two digits.
pub fn digits(text: &str) -> Option<u32> {
    let plain = matches!(text.len(), 1 | 2) && text.bytes().all(|b| b.is_ascii_digit());
    if plain { text.parse().ok() } else { None }
}

impl Field {
    /// The numbers that a text stands for, as bits.
    pub fn set(&self, text: &str) -> Result<u32> {
        if text == "?" && !self.any {
            return Err(invalid(format!("the {} is `?`, but `?` is for day and weekday only", self.name)));
        }
        if is_any(text) {
            return Ok(span(self.from, self.to, 1));
        }
        text.split(',').try_fold(0, |set, entry| Ok(set | self.entry(entry)?))
    }

    /// One entry of a list: `3`, `1-5`, `*/2`, `1/10` or `1-20/5`.
    fn entry(&self, entry: &str) -> Result<u32> {
        if entry.is_empty() {
            return Err(invalid(format!("the {} has an empty entry; commas stand between two numbers", self.name)));
        }
        let (numbers, step) = match entry.split_once('/') {
            None => (entry, None),
            Some((numbers, step)) => (numbers, Some(self.step(step)?)),
        };
        let (from, to) = match (numbers, numbers.split_once('-')) {
            ("*", _) if step.is_some() => (self.from, self.to),
            (_, Some((from, to))) => (self.number(from)?, self.end(from, to)?),
            (_, None) => {
                let from = self.number(numbers)?;
                // A step goes on to the greatest number, a number alone is only itself.
                (from, if step.is_some() { self.to } else { from })
            }
        };
        if to < from {
            return Err(invalid(format!("the range `{}` of the {} ends before it begins", shown(numbers), self.name)));
        }
        Ok(span(from, to, step.unwrap_or(1)))
    }

    fn step(&self, text: &str) -> Result<u32> {
        digits(text)
            .filter(|step| (1..=self.to).contains(step))
            .ok_or_else(|| invalid(format!("the step `{}` of the {} is not from 1 to {}", shown(text), self.name, self.to)))
    }

    fn number(&self, text: &str) -> Result<u32> {
        let named = || (self.from..).zip(self.names).find(|(_, name)| **name == text).map(|(number, _)| number);
        digits(text).filter(|number| (self.from..=self.to).contains(number)).or_else(named).ok_or_else(|| {
            let names = match (self.names.first(), self.names.last()) {
                (Some(first), Some(last)) => format!(", or one of {first} to {last} in capitals"),
                _ => String::new(),
            };
            invalid(format!("the {} `{}` is not from {} to {}{names}", self.name, shown(text), self.from, self.to))
        })
    }

    /// The end of a range. Sunday ends a week and begins one.
    fn end(&self, from: &str, to: &str) -> Result<u32> {
        if to == "SUN" && from != "SUN" { Ok(self.to) } else { self.number(to) }
    }
}

fn span(from: u32, to: u32, step: u32) -> u32 {
    (from..=to).step_by(usize::try_from(step).unwrap_or(1).max(1)).fold(0, |set, number| set | 1 << number)
}
