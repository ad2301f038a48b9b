//! Random rules, how they are written, and what they say.

use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use sdk_plugin::contract::files::Operation;

use super::pattern::Pattern;

/// Users; the empty one is nobody. Two differ in case only, and one looks like a number.
pub const USERS: [&str; 5] = ["ann", "ANN", "bob", "17", ""];

#[derive(Clone, Debug)]
pub enum Files {
    All,
    Path(String),
    Regex(Pattern),
}

#[derive(Clone, Debug)]
pub enum Operand {
    Requester,
    Owner,
    Text(&'static str),
    /// In thousandths.
    Number(i64),
}

#[derive(Clone, Debug)]
pub enum Policy {
    Fixed(bool),
    Not(Operand),
    Compare(Operand, &'static str, Operand),
}

/// A single rule: files, an operation, a policy.
#[derive(Clone, Debug)]
pub struct Rule {
    pub range: usize,
    pub operation: &'static str,
    pub policy: Policy,
}

#[derive(Clone, Debug, Default)]
pub struct Rules {
    pub ranges: Vec<Files>,
    pub rules: Vec<Rule>,
}

/// What an operand is: a text or a number, or nothing.
type Value = (Option<String>, Option<i64>);

impl Operand {
    fn random(rng: &mut StdRng) -> Self {
        match rng.random_range(0..8) {
            0..3 => Self::Requester,
            3..6 => Self::Owner,
            6 => Self::Text(["ann", "bob", "17", "", "it's \"x\"\\", "request.auth.userId"].choose(rng).unwrap()),
            _ => Self::number(rng),
        }
    }

    fn number(rng: &mut StdRng) -> Self {
        Self::Number(*[0, 17_000, -500, 1_000, 1_250].choose(rng).unwrap())
    }

    fn value(&self, user: &str, owner: &str) -> Value {
        let known = |id: &str| (Some(id.to_owned()).filter(|id| !id.is_empty()), None);
        match self {
            Self::Requester => known(user),
            Self::Owner => known(owner),
            Self::Text(text) => (Some((*text).to_owned()), None),
            Self::Number(thousandths) => (None, Some(*thousandths)),
        }
    }

    fn write(&self, rng: &mut StdRng) -> String {
        match self {
            Self::Requester => "request.auth.userId".to_owned(),
            Self::Owner => "resource.auth.userId".to_owned(),
            Self::Text(text) => {
                let quote = if rng.random_bool(0.5) { '\'' } else { '"' };
                let escaped: String =
                    text.chars().flat_map(|c| ['\\'].into_iter().filter(move |_| c == quote || c == '\\').chain([c])).collect();
                format!("{quote}{escaped}{quote}")
            }
            Self::Number(thousandths) => {
                let whole = *thousandths as f64 / 1000.0;
                match rng.random_range(0..3) {
                    0 => format!("{thousandths}e-3"),
                    1 => format!("{whole:.3}"),
                    _ => whole.to_string(),
                }
            }
        }
    }
}

impl Policy {
    fn random(rng: &mut StdRng) -> Self {
        match rng.random_range(0..10) {
            0 | 1 => Self::Fixed(true),
            2 | 3 => Self::Fixed(false),
            4 => Self::Not(Operand::random(rng)),
            5 | 6 => Self::Compare(Operand::Requester, "==", Operand::Owner),
            _ => {
                let sign = ["==", "!=", ">", ">=", "<", "<="].choose(rng).unwrap();
                if rng.random_bool(0.3) {
                    return Self::Compare(Operand::number(rng), sign, Operand::number(rng));
                }
                Self::Compare(Operand::random(rng), sign, Operand::random(rng))
            }
        }
    }

    fn holds(&self, user: &str, owner: &str) -> bool {
        match self {
            Self::Fixed(allowed) => *allowed,
            Self::Not(operand) => {
                matches!(operand.value(user, owner), (None, None | Some(0)))
                    || matches!(operand.value(user, owner), (Some(text), _) if text.is_empty())
            }
            Self::Compare(left, sign, right) => match (left.value(user, owner), right.value(user, owner)) {
                ((Some(left), _), (Some(right), _)) => (*sign == "==" && left == right) || (*sign == "!=" && left != right),
                ((_, Some(left)), (_, Some(right))) => match left - right {
                    0 => ["==", ">=", "<="].contains(sign),
                    1.. => ["!=", ">=", ">"].contains(sign),
                    _ => ["!=", "<=", "<"].contains(sign),
                },
                _ => false,
            },
        }
    }

    /// The policy as JSON.
    fn write(&self, rng: &mut StdRng) -> String {
        let mut space = || [" ", "", "\t", "  "][rng.random_range(0..4)];
        let spaces: [&str; 4] = [space(), space(), space(), space()];
        let expression = match self {
            Self::Fixed(allowed) => return allowed.to_string(),
            Self::Not(operand) => format!("{}!{}{}{}", spaces[0], spaces[1], operand.write(rng), spaces[2]),
            Self::Compare(left, sign, right) => {
                format!("{}{}{}{sign}{}{}{}", spaces[0], left.write(rng), spaces[1], spaces[2], right.write(rng), spaces[3])
            }
        };
        serde_json::Value::from(expression).to_string()
    }
}

impl Files {
    fn contains(&self, path: &str) -> bool {
        match self {
            Self::All => true,
            Self::Path(only) => only == path,
            Self::Regex(pattern) => pattern.is_in(path),
        }
    }

    fn write(&self, rng: &mut StdRng) -> String {
        match self {
            Self::All => "*".to_owned(),
            Self::Path(path) => path.clone(),
            Self::Regex(pattern) => format!("/{}/", pattern.write(rng)),
        }
    }
}

impl Rules {
    /// Rules for some of these paths, and for others.
    pub fn random(rng: &mut StdRng, paths: &[String]) -> Self {
        let mut rules = Self::default();
        for range in 0..rng.random_range(0..7) {
            rules.ranges.push(match rng.random_range(0..10) {
                0 | 1 if !rules.ranges.iter().any(|files| matches!(files, Files::All)) => Files::All,
                2..5 => Files::Path(paths.choose(rng).unwrap().clone()),
                _ => Files::Regex(Pattern::random(rng, 3)),
            });
            let mut operations = vec![".read", ".write", "*"];
            for _ in 0..rng.random_range(1..=3) {
                let operation = operations.swap_remove(rng.random_range(0..operations.len()));
                rules.rules.push(Rule { range, operation, policy: Policy::random(rng) });
            }
        }
        rules
    }

    /// What they say. Later rules speak first, and whatever earlier ones say replaces it.
    pub fn allow(&self, operation: Operation, path: &str, user: &str, owner: &str) -> bool {
        let name = match operation {
            Operation::Read => ".read",
            Operation::Write => ".write",
        };
        let mut allowed = operation == Operation::Read;
        for rule in self.rules.iter().rev() {
            if [name, "*"].contains(&rule.operation) && self.ranges[rule.range].contains(path) {
                allowed = rule.policy.holds(user, owner);
            }
        }
        allowed
    }

    /// The rules as JSON; none when one range is there twice, which is not valid.
    pub fn write(&self, rng: &mut StdRng) -> Option<String> {
        let keys: Vec<String> = self.ranges.iter().map(|files| files.write(rng)).collect();
        if keys.iter().enumerate().any(|(i, key)| keys[..i].contains(key) || key == "//") {
            return None;
        }
        let mut text = String::from("{");
        for (range, key) in keys.iter().enumerate() {
            let rules: Vec<String> = self
                .rules
                .iter()
                .filter(|rule| rule.range == range)
                .map(|rule| format!("{}:{}", name(rule.operation, rng), rule.policy.write(rng)))
                .collect();
            let comma = if range > 0 { "," } else { "" };
            text += &format!("{comma}\n {} : {{{}}}", name(key, rng), rules.join(", "));
        }
        text += "}";
        Some(if rng.random_bool(0.5) { format!(r#" {{"file":{text}}}"#) } else { text })
    }
}

/// A name as JSON, sometimes with its first letter escaped.
fn name(text: &str, rng: &mut StdRng) -> String {
    match text.chars().next() {
        Some(first) if rng.random_bool(0.1) && first.is_ascii() => {
            let rest = serde_json::Value::from(&text[1..]).to_string();
            format!("\"\\u{:04x}{}", u32::from(first), &rest[1..])
        }
        _ => serde_json::Value::from(text).to_string(),
    }
}
