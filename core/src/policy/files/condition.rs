//! Conditions of rules: `true`, `false` and expressions.
//!
//! An expression compares two operands (`==`, `!=`, `>`, `>=`, `<`, `<=`), or negates one (`!`).
//! An operand is `request.auth.userId`, `resource.auth.userId`, a text in single or double quotes,
//! in which `\` makes a quote or a `\` part of it, or a number as JSON has it. What JavaScript has
//! beside that is refused.

use std::fmt;

use super::super::rule::{Access, OWNER};

/// Whether something is allowed.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    /// Always, or never.
    Fixed(bool),
    /// When an operand is empty, zero, or nobody.
    Not(Operand),
    /// When a comparison holds.
    Compare(Operand, Comparison, Operand),
}

/// A side of a comparison.
#[derive(Clone, Debug, PartialEq)]
pub enum Operand {
    /// `request.auth.userId`: who asks.
    Requester,
    /// `resource.auth.userId`: whose file it is.
    Owner,
    /// A text.
    Text(String),
    /// A number.
    Number(f64),
}

/// How two operands are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `==`
    Equal,
    /// `!=`
    Unequal,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
}

/// The users that a condition is about; an empty id is nobody's.
#[derive(Clone, Copy, Debug)]
pub struct Users<'a> {
    /// Who asks.
    pub requester: &'a str,
    /// Whose file it is.
    pub owner: &'a str,
}

/// What an operand stands for.
enum Value<'a> {
    Nobody,
    Text(&'a str),
    Number(f64),
}

/// The comparisons. One that begins another comes after it.
const COMPARISONS: [(&str, Comparison); 6] = [
    ("==", Comparison::Equal),
    ("!=", Comparison::Unequal),
    (">=", Comparison::GreaterOrEqual),
    ("<=", Comparison::LessOrEqual),
    (">", Comparison::Greater),
    ("<", Comparison::Less),
];

const USER_IDS: [(&str, Operand); 2] = [("request.auth.userId", Operand::Requester), ("resource.auth.userId", Operand::Owner)];

impl Operand {
    fn value<'a>(&'a self, users: Users<'a>) -> Value<'a> {
        let user = |id: &'a str| if id.is_empty() { Value::Nobody } else { Value::Text(id) };
        match self {
            Self::Requester => user(users.requester),
            Self::Owner => user(users.owner),
            Self::Text(text) => Value::Text(text),
            Self::Number(number) => Value::Number(*number),
        }
    }
}

impl Comparison {
    /// Whether two operands compare so. Nobody is equal to nobody and different from nobody, and so
    /// are a text and a number; of texts, none is greater or less.
    fn holds(self, left: &Value<'_>, right: &Value<'_>) -> bool {
        match (left, right) {
            (Value::Text(left), Value::Text(right)) => match self {
                Self::Equal => left == right,
                Self::Unequal => left != right,
                _ => false,
            },
            (Value::Number(left), Value::Number(right)) => match self {
                Self::Equal => left == right,
                Self::Unequal => left != right,
                Self::Greater => left > right,
                Self::GreaterOrEqual => left >= right,
                Self::Less => left < right,
                Self::LessOrEqual => left <= right,
            },
            _ => false,
        }
    }
}

impl Condition {
    /// Reads an expression.
    ///
    /// # Errors
    /// What is wrong, and at which character.
    pub fn parse(expression: &str) -> Result<Self, String> {
        let mut reader = Reader { expression, rest: expression };
        reader.skip_spaces();
        // `!=` begins nothing, so that a `!` here negates.
        if let Some(rest) = reader.rest.strip_prefix('!') {
            reader.rest = rest;
            let operand = reader.operand()?;
            return reader.end("`!` negates one operand, and nothing may follow it").map(|()| Self::Not(operand));
        }
        let left = reader.operand()?;
        let comparison = reader.comparison()?;
        let right = reader.operand()?;
        reader.end("an expression is one comparison, and nothing may follow it").map(|()| Self::Compare(left, comparison, right))
    }

    /// Whether the condition holds.
    pub fn holds(&self, users: Users<'_>) -> bool {
        match self {
            Self::Fixed(allowed) => *allowed,
            Self::Not(operand) => match operand.value(users) {
                Value::Nobody => true,
                Value::Text(text) => text.is_empty(),
                Value::Number(number) => number == 0.0,
            },
            Self::Compare(left, comparison, right) => comparison.holds(&left.value(users), &right.value(users)),
        }
    }

    /// Who meets the condition, where that has a name.
    pub fn access(&self) -> Option<Access> {
        match self {
            Self::Fixed(true) => Some(Access::All),
            Self::Fixed(false) => Some(Access::Nobody),
            Self::Compare(Operand::Requester, Comparison::Equal, Operand::Owner)
            | Self::Compare(Operand::Owner, Comparison::Equal, Operand::Requester) => Some(Access::Owner),
            _ => None,
        }
    }

    /// How many bytes its texts take.
    pub fn size(&self) -> usize {
        let size = |operand: &Operand| if let Operand::Text(text) = operand { text.len() } else { 0 };
        match self {
            Self::Fixed(_) => 0,
            Self::Not(operand) => size(operand),
            Self::Compare(left, _, right) => size(left) + size(right),
        }
    }
}

impl From<Access> for Condition {
    fn from(access: Access) -> Self {
        match access {
            Access::All => Self::Fixed(true),
            Access::Nobody => Self::Fixed(false),
            Access::Owner => Self::Compare(Operand::Requester, Comparison::Equal, Operand::Owner),
        }
    }
}

/// Reads an expression from its beginning.
struct Reader<'e> {
    expression: &'e str,
    rest: &'e str,
}

impl Reader<'_> {
    fn skip_spaces(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
    }

    /// An error about what comes next.
    fn error<T>(&self, why: impl fmt::Display) -> Result<T, String> {
        let read = self.expression.get(..self.expression.len() - self.rest.len()).unwrap_or_default();
        Err(format!("{why}, at character {} of the expression", read.chars().count() + 1))
    }

    fn comparison(&mut self) -> Result<Comparison, String> {
        self.skip_spaces();
        let known = COMPARISONS.iter().find_map(|(sign, comparison)| Some((self.rest.strip_prefix(sign)?, *comparison)));
        let Some((rest, comparison)) = known else {
            return self.error(format!("a comparison is expected (==, !=, >, >=, < or <=), as in `{OWNER}`"));
        };
        self.rest = rest;
        Ok(comparison)
    }

    fn operand(&mut self) -> Result<Operand, String> {
        self.skip_spaces();
        match self.rest.chars().next() {
            Some(quote @ ('"' | '\'')) => self.text(quote),
            Some('-' | '0'..='9') => self.number(),
            Some(_) => {
                let end = self.rest.find(|c: char| !(c.is_alphanumeric() || matches!(c, '.' | '_' | '$'))).unwrap_or(self.rest.len());
                let (name, rest) = self.rest.split_at(end);
                let Some((_, operand)) = USER_IDS.into_iter().find(|(known, _)| *known == name) else {
                    return self.error("request.auth.userId, resource.auth.userId, a text in quotes or a number is expected");
                };
                self.rest = rest;
                Ok(operand)
            }
            None => self.error("the expression ends too early"),
        }
    }

    fn text(&mut self, quote: char) -> Result<Operand, String> {
        let mut text = String::new();
        let mut chars = self.rest.char_indices().skip(1);
        while let Some((at, c)) = chars.next() {
            match c {
                '\\' => match chars.next() {
                    Some((_, c @ ('\\' | '\'' | '"'))) => text.push(c),
                    _ => {
                        self.rest = self.rest.get(at..).unwrap_or_default();
                        return self.error("in a text, `\\` stands before a quote or another `\\`");
                    }
                },
                c if c == quote => {
                    self.rest = self.rest.get(at + c.len_utf8()..).unwrap_or_default();
                    return Ok(Operand::Text(text));
                }
                c => text.push(c),
            }
        }
        self.error("the text has no closing quote")
    }

    fn number(&mut self) -> Result<Operand, String> {
        let end = self.rest.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '+' | '-'))).unwrap_or(self.rest.len());
        let (digits, rest) = self.rest.split_at(end);
        // What is a number, JSON says; which one, to the last bit, the parser of Rust.
        let Some(number) = serde_json::from_str::<f64>(digits).ok().and_then(|_| digits.parse().ok()) else {
            return self.error(format!("`{digits}` is not a number"));
        };
        self.rest = rest;
        Ok(Operand::Number(number))
    }

    fn end(&mut self, why: &str) -> Result<(), String> {
        self.skip_spaces();
        if self.rest.is_empty() { Ok(()) } else { self.error(why) }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn holds(expression: &str, requester: &str, owner: &str) -> bool {
        Condition::parse(expression).unwrap().holds(Users { requester, owner })
    }

    #[test]
    fn users_are_compared() {
        for owner in [OWNER, "request.auth.userId == resource.auth.userId", " resource.auth.userId\t==request.auth.userId "] {
            assert!(holds(owner, "a", "a"), "{owner}");
            assert_eq!(Condition::parse(owner).unwrap().access(), Some(Access::Owner));
            for (requester, other) in [("a", "b"), ("a", "A"), ("a", ""), ("", "a"), ("", ""), ("a", "a ")] {
                assert!(!holds(owner, requester, other), "{owner} {requester:?} {other:?}");
            }
        }
        let other = "request.auth.userId != resource.auth.userId";
        assert!(holds(other, "a", "b"));
        for (requester, owner) in [("a", "a"), ("", "a"), ("a", ""), ("", "")] {
            assert!(!holds(other, requester, owner), "nobody is no other user: {requester:?} {owner:?}");
        }
        assert!(holds("request.auth.userId=='a'", "a", ""));
        assert!(holds(r#""it's \"a\" \\" == request.auth.userId"#, r#"it's "a" \"#, ""));
        assert!(!holds("request.auth.userId == ''", "", ""), "nobody has no id");
        assert!(!holds("request.auth.userId != ''", "", ""));
        assert!(holds("request.auth.userId != ''", "a", ""));
    }

    #[test]
    fn types_that_do_not_fit_compare_to_nothing() {
        for comparison in ["==", "!=", ">", ">=", "<", "<="] {
            for (left, right) in [("request.auth.userId", "1"), ("'1'", "1"), ("0", "resource.auth.userId"), ("0", "''")] {
                assert!(!holds(&format!("{left}{comparison}{right}"), "1", ""), "{left} {comparison} {right}");
            }
        }
        for order in [">", ">=", "<", "<="] {
            assert!(!holds(&format!("'b'{order}'a'"), "", "") && !holds(&format!("'a'{order}'b'"), "", ""), "{order}");
        }
    }

    #[test]
    fn numbers_are_compared_and_ordered() {
        for (expression, expected) in
            [("1==1.0", true), ("1!=1", false), ("-1<0", true), ("1e3 >= 1000", true), ("2>10", false), ("2<=1.99", false), ("0.5<1", true)]
        {
            assert_eq!(holds(expression, "", ""), expected, "{expression}");
        }
    }

    #[test]
    fn what_is_empty_is_negated_to_true() {
        for (expression, requester, owner, expected) in [
            ("!request.auth.userId", "", "", true),
            ("! request.auth.userId", "a", "", false),
            ("!resource.auth.userId", "a", "", true),
            ("!resource.auth.userId", "", "a", false),
            ("!''", "", "", true),
            ("!'0'", "", "", false),
            ("!0", "", "", true),
            ("!-0.0", "", "", true),
            ("!1", "", "", false),
        ] {
            assert_eq!(holds(expression, requester, owner), expected, "{expression} {requester} {owner}");
        }
    }

    #[test]
    fn everything_else_is_refused_with_its_place() {
        for (expression, at) in [
            ("", 1),
            ("true", 1),
            ("request.auth.userId", 20),
            ("request.auth.userId = 'a'", 21),
            ("request.auth.userId === 'a'", 23),
            ("request.auth.userId == 'a' && 1 == 1", 28),
            ("(1 == 1)", 1),
            ("!!request.auth.userId", 2),
            ("!1 == 1", 4),
            ("auth.userId == 'a'", 1),
            ("request.auth.userid == 'a'", 1),
            ("request.auth.userIds == 'a'", 1),
            ("图 == 'a'", 1),
            ("'图' == 图", 8),
            ("'a == 1", 1),
            (r"'\n' == 1", 2),
            ("01 == 1", 1),
            ("1e999 == 1", 1),
            ("0x10 == 1", 1),
            (".5 == 1", 1),
            ("1 ==", 5),
            ("1 <> 1", 4),
            ("1\u{a0}== 1", 2),
        ] {
            let error = Condition::parse(expression).unwrap_err();
            assert!(error.contains(&format!("at character {at} ")), "{expression}: {error}");
        }
    }
}
