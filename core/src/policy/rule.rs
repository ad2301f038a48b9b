//! The rule of a collection: its JSON text, and the preset rules of the manual (3.2.1).

use std::fmt;

use sdk_plugin::contract::management::INVALID_PARAMETER;
use sdk_plugin::{Error, Result};
use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};

/// The condition that only the owner of a document meets.
pub const OWNER: &str = "request.auth.userId==resource.auth.userId";

/// How long the text of a rule may be, in bytes.
pub const MAX_TEXT: usize = 4096;

/// Who may do something with the documents of a collection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Every user of the mini program: `true`.
    All,
    /// The user whose id the document's `auth.userId` is: [`OWNER`].
    Owner,
    /// Nobody: `false`. Functions, servers and administrators are not bound by rules.
    Nobody,
}

/// `.read` and `.write` of a collection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Who sees documents.
    pub read: Access,
    /// Who adds, changes and removes them.
    pub write: Access,
}

/// A rule with a name of its own.
pub struct Preset {
    /// `PolicyName` of the management API; the names are the vendor's.
    pub name: &'static str,
    /// What it stands for.
    pub rule: Rule,
}

/// The presets of the manual.
pub const PRESETS: [Preset; 4] = [
    Preset { name: "PUBLICREAD", rule: Rule { read: Access::All, write: Access::Owner } },
    Preset { name: "PRIVATE", rule: Rule { read: Access::Owner, write: Access::Owner } },
    Preset { name: "ADMINWRITEONLY", rule: Rule { read: Access::All, write: Access::Nobody } },
    Preset { name: "ADMINREADWRITEONLY", rule: Rule { read: Access::Nobody, write: Access::Nobody } },
];

/// `PolicyName` of every rule that is no preset.
pub const EXTENDED: &str = "EXTENDED";

impl Access {
    fn parse(condition: &str) -> Option<Self> {
        let (left, right) = condition.split_once("==")?;
        let sides = (left.trim_end_matches(' '), right.trim_start_matches(' '));
        (sides == ("request.auth.userId", "resource.auth.userId")).then_some(Self::Owner)
    }
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("true"),
            Self::Nobody => f.write_str("false"),
            Self::Owner => write!(f, "\"{OWNER}\""),
        }
    }
}

/// The rule as JSON text.
impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, r#"{{".read":{},".write":{}}}"#, self.read, self.write)
    }
}

impl Rule {
    /// Reads the text of a rule: a JSON object with `.read`, `.write` and `*`, each of them
    /// `true`, `false` or [`OWNER`]. `*`, which may also be written `.*`, stands for what is not
    /// named; without it both must be.
    ///
    /// # Errors
    /// `InvalidParameter`, with what is wrong and where, for everything else.
    pub fn parse(text: &str) -> Result<Self> {
        let invalid = |why: String| Error::new(INVALID_PARAMETER, format!("the rule is not valid: {why}"));
        if text.len() > MAX_TEXT {
            return Err(invalid(format!("it has more than {MAX_TEXT} bytes")));
        }
        serde_json::from_str(text).map_err(|e| invalid(e.to_string()))
    }

    /// The name of the preset that says the same, or [`EXTENDED`].
    pub fn name(self) -> &'static str {
        PRESETS.iter().find(|preset| preset.rule == self).map_or(EXTENDED, |preset| preset.name)
    }

    /// The preset of a name, in any case.
    pub fn preset(name: &str) -> Option<Self> {
        PRESETS.iter().find(|preset| preset.name.eq_ignore_ascii_case(name)).map(|preset| preset.rule)
    }

    /// Whether anything depends on who owns a document.
    pub fn has_owner(self) -> bool {
        self.read == Access::Owner || self.write == Access::Owner
    }
}

impl<'de> Deserialize<'de> for Access {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AccessVisitor;

        impl Visitor<'_> for AccessVisitor {
            type Value = Access;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "true, false or \"{OWNER}\"")
            }

            fn visit_bool<E>(self, allowed: bool) -> Result<Access, E> {
                Ok(if allowed { Access::All } else { Access::Nobody })
            }

            fn visit_str<E: de::Error>(self, condition: &str) -> Result<Access, E> {
                Access::parse(condition).ok_or_else(|| E::invalid_value(de::Unexpected::Str(condition), &self))
            }
        }

        deserializer.deserialize_any(AccessVisitor)
    }
}

impl<'de> Deserialize<'de> for Rule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct RuleVisitor;

        impl<'de> Visitor<'de> for RuleVisitor {
            type Value = Rule;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object with `.read` and `.write`")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Rule, A::Error> {
                let (mut read, mut write, mut all) = (None, None, None);
                while let Some(key) = map.next_key::<String>()? {
                    let place: &mut Option<Access> = match key.as_str() {
                        ".read" => &mut read,
                        ".write" => &mut write,
                        "*" | ".*" => &mut all,
                        _ => return Err(de::Error::custom(format!("`{key}` is none of `.read`, `.write` and `*`"))),
                    };
                    if place.is_some() {
                        return Err(de::Error::custom(format!("`{key}` is there twice")));
                    }
                    *place = Some(map.next_value()?);
                }
                let of = |name: &str, own: Option<Access>| {
                    own.or(all).ok_or_else(|| de::Error::custom(format!("`{name}` is missing, and there is no `*`")))
                };
                Ok(Rule { read: of(".read", read)?, write: of(".write", write)? })
            }
        }

        deserializer.deserialize_any(RuleVisitor)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn rule(read: Access, write: Access) -> Rule {
        Rule { read, write }
    }

    #[test]
    fn the_rules_of_the_manual() {
        for (text, expected, name) in [
            (r#"{".read": true, ".write": true}"#, rule(Access::All, Access::All), EXTENDED),
            (r#"{".read": true, ".write": "request.auth.userId==resource.auth.userId"}"#, rule(Access::All, Access::Owner), "PUBLICREAD"),
            (r#"{"*":"request.auth.userId  ==  resource.auth.userId"}"#, rule(Access::Owner, Access::Owner), "PRIVATE"),
            (r#"{".write":false,".read":true}"#, rule(Access::All, Access::Nobody), "ADMINWRITEONLY"),
            (r#"{".*":false}"#, rule(Access::Nobody, Access::Nobody), "ADMINREADWRITEONLY"),
            (r#"{"*":false,".read":true}"#, rule(Access::All, Access::Nobody), "ADMINWRITEONLY"),
            (r#"{".write":true,"*":false}"#, rule(Access::Nobody, Access::All), EXTENDED),
        ] {
            let parsed = Rule::parse(text).unwrap();
            assert_eq!((parsed, parsed.name()), (expected, name), "{text}");
            assert_eq!(Rule::parse(&parsed.to_string()).unwrap(), parsed);
        }
        for preset in PRESETS {
            assert_eq!(Rule::preset(&preset.name.to_lowercase()), Some(preset.rule));
        }
        assert_eq!(Rule::preset(EXTENDED), None);
    }

    #[test]
    fn a_wrong_rule_is_refused_with_what_is_wrong_and_where() {
        for (text, named) in [
            ("", "line 1 column 0"),
            ("{", "line 1 column 1"),
            ("[]", "an object with `.read` and `.write`"),
            ("true", "an object with `.read` and `.write`"),
            ("{}", "`.read` is missing"),
            (r#"{".read":true}"#, "`.write` is missing"),
            (r#"{".write":true}"#, "`.read` is missing"),
            (r#"{".read":true,".read":true,".write":true}"#, "`.read` is there twice at line 1 column 21"),
            (r#"{"*":true,".*":true}"#, "`.*` is there twice"),
            (r#"{"read":true,"write":true}"#, "`read` is none of"),
            (r#"{".read":true,".write":true,".delete":true}"#, "`.delete` is none of"),
            (r#"{".read":1,".write":true}"#, "invalid type: integer `1`, expected true, false or"),
            (r#"{".read":null,".write":true}"#, "invalid type: null"),
            (r#"{".read":"true",".write":true}"#, "invalid value: string \"true\""),
            (r#"{".read":{},".write":true}"#, "invalid type: map"),
            ("{\".read\":true,\n\".write\":\"auth.userId==resource.auth.userId\"}", "line 2 column"),
            (r#"{"*":"resource.auth.userId==request.auth.userId"}"#, "invalid value"),
            (r#"{"*":"request.auth.userId===resource.auth.userId"}"#, "invalid value"),
            (r#"{"*":"request.auth.userId==resource.auth.userId "}"#, "invalid value"),
            (r#"{"*":"request.auth.userId==resource.auth.userId||true"}"#, "invalid value"),
            (r#"{"*":true} x"#, "trailing characters"),
        ] {
            let error = Rule::parse(text).unwrap_err();
            assert_eq!(error.code(), INVALID_PARAMETER);
            assert!(error.message().contains(named), "{text}: {}", error.message());
        }
        let long = format!(r#"{{"*":true{}}}"#, " ".repeat(MAX_TEXT));
        assert!(Rule::parse(&long).is_err());
    }
}
