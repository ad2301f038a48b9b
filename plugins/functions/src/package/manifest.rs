//! What module resolution needs of a `package.json`.

use std::fmt;

use serde::Deserialize;
use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};

/// A `package.json`.
#[derive(Debug, Default, Deserialize)]
pub struct Manifest {
    /// The package's own name, by which its modules may import each other.
    #[serde(default, deserialize_with = "lenient")]
    pub name: Option<String>,
    /// The main module, where `exports` does not say.
    #[serde(default, deserialize_with = "lenient")]
    pub main: Option<String>,
    /// `module` or `commonjs`: what its `.js` files are.
    #[serde(default, rename = "type", deserialize_with = "lenient")]
    pub kind: Option<String>,
    /// What others may import.
    #[serde(default)]
    pub exports: Option<Target>,
    /// What its own modules may import by names that begin with `#`.
    #[serde(default)]
    pub imports: Option<Target>,
}

/// A text; whatever else is there counts as absent, as in Node.js.
fn lenient<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Ok(match Target::deserialize(from)? {
        Target::Path(text) if !text.is_empty() => Some(text),
        _ => None,
    })
}

/// An entry of `exports` or `imports`: <https://nodejs.org/api/packages.html#conditional-exports>.
#[derive(Debug, PartialEq)]
pub enum Target {
    /// A path, such as `./lib/index.js`; in `imports` also another package.
    Path(String),
    /// The first of these that names something.
    Choices(Vec<Target>),
    /// Conditions or subpaths, in the order in which they are tried.
    Entries(Vec<(String, Target)>),
    /// Nothing: not to be imported.
    None,
}

/// How deep an entry may nest.
const MAX_DEPTH: usize = 16;

impl<'de> Deserialize<'de> for Target {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(TargetVisitor)
    }
}

struct TargetVisitor;

impl<'de> Visitor<'de> for TargetVisitor {
    type Value = Target;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a path, a list or conditions")
    }

    fn visit_str<E>(self, path: &str) -> Result<Target, E> {
        Ok(Target::Path(path.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Target, E> {
        Ok(Target::None)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Target, E> {
        Ok(Target::None)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Target, E> {
        Ok(Target::None)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Target, E> {
        Ok(Target::None)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Target, E> {
        Ok(Target::None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Target, A::Error> {
        let mut choices = Vec::new();
        while let Some(choice) = items.next_element()? {
            choices.push(choice);
        }
        Ok(Target::Choices(choices))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Target, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = map.next_key()? {
            entries.push((key, map.next_value()?));
        }
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Target::Entries(entries))
    }
}

/// How a module is asked for, which decides what conditions hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// By `require`.
    Require,
    /// By `import`.
    Import,
}

impl Wanted {
    fn holds(self, condition: &str) -> bool {
        match condition {
            "node" | "default" => true,
            "require" => self == Self::Require,
            "import" => self == Self::Import,
            _ => false,
        }
    }
}

impl Target {
    /// What a package exports as `subpath`: `.` or `./…`.
    pub fn export(&self, subpath: &str, wanted: Wanted) -> Option<String> {
        match self {
            Self::Entries(entries) if entries.iter().any(|(key, _)| key.starts_with('.')) => keyed(entries, subpath, wanted),
            whole if subpath == "." => whole.choose("", wanted, 0),
            _ => None,
        }
    }

    /// What a package's own `#name` stands for.
    pub fn import(&self, name: &str, wanted: Wanted) -> Option<String> {
        match self {
            Self::Entries(entries) => keyed(entries, name, wanted),
            _ => None,
        }
    }

    fn choose(&self, star: &str, wanted: Wanted, depth: usize) -> Option<String> {
        if depth > MAX_DEPTH {
            return None;
        }
        match self {
            Self::Path(path) => Some(path.replace('*', star)),
            Self::Choices(choices) => choices.iter().find_map(|choice| choice.choose(star, wanted, depth + 1)),
            Self::Entries(entries) => entries
                .iter()
                .filter(|(condition, _)| wanted.holds(condition))
                .find_map(|(_, choice)| choice.choose(star, wanted, depth + 1)),
            Self::None => None,
        }
    }
}

/// The entry of a key: the key itself, else the longest pattern with one `*` that fits.
fn keyed(entries: &[(String, Target)], key: &str, wanted: Wanted) -> Option<String> {
    if let Some((_, target)) = entries.iter().find(|(name, _)| name == key) {
        return target.choose("", wanted, 0);
    }
    let fits = entries.iter().filter_map(|(pattern, target)| {
        // A folder mapping, `"./lib/": "./dist/"`, which Node.js 16 still knew.
        if pattern.ends_with('/') && !pattern.contains('*') {
            return key.strip_prefix(pattern.as_str()).map(|rest| (pattern.len(), rest, target, true));
        }
        let (before, after) = pattern.split_once('*')?;
        let star = key.strip_prefix(before)?.strip_suffix(after)?;
        Some((before.len(), star, target, false))
    });
    let (_, star, target, folder) = fits.max_by_key(|(length, ..)| *length)?;
    let found = target.choose(star, wanted, 0)?;
    Some(if folder { format!("{found}{star}") } else { found })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exports(json: &str) -> Target {
        serde_json::from_str(json).expect("is an entry")
    }

    #[test]
    fn conditions_are_tried_in_their_order() {
        let target = exports(r#"{".":{"browser":"./b.js","require":"./r.cjs","import":"./i.mjs","default":"./d.js"}}"#);
        assert_eq!(target.export(".", Wanted::Require).as_deref(), Some("./r.cjs"));
        assert_eq!(target.export(".", Wanted::Import).as_deref(), Some("./i.mjs"));
        let target = exports(r#"{"default":"./d.js","require":"./r.cjs"}"#);
        assert_eq!(target.export(".", Wanted::Require).as_deref(), Some("./d.js"));
        let nested = exports(r#"{".":[{"import":{"types":"./t"}},{"node":{"require":"./n.cjs"}}]}"#);
        assert_eq!(nested.export(".", Wanted::Require).as_deref(), Some("./n.cjs"));
        assert_eq!(nested.export(".", Wanted::Import), None);
    }

    #[test]
    fn patterns_and_folders_are_mapped() {
        let target = exports(r#"{"./a/*":"./x/*.js","./a/b/*":"./y/*.js","./l/":"./dist/","./a/b/hidden":null}"#);
        assert_eq!(target.export("./a/1", Wanted::Require).as_deref(), Some("./x/1.js"));
        assert_eq!(target.export("./a/b/1", Wanted::Require).as_deref(), Some("./y/1.js"));
        assert_eq!(target.export("./a/b/hidden", Wanted::Require), None);
        assert_eq!(target.export("./l/z.js", Wanted::Require).as_deref(), Some("./dist/z.js"));
        assert_eq!(target.export("./gone", Wanted::Require), None);
        assert_eq!(exports(r##"{"#dep":{"node":"other"}}"##).import("#dep", Wanted::Require).as_deref(), Some("other"));
    }

    #[test]
    fn odd_manifests_are_read() {
        let manifest: Manifest = serde_json::from_str(r#"{"name":1,"main":["x"],"type":null,"exports":false,"other":{}}"#).expect("reads");
        assert!(manifest.name.is_none() && manifest.main.is_none() && manifest.kind.is_none());
    }
}
