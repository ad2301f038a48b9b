//! The folders of a package, which are only in the paths of its files.

use std::ops::Bound;

use super::{Package, ROOT};

impl Package {
    /// What is in a folder such as `/code/lib`: names, and whether each is a folder. `None` when
    /// there is no such folder.
    pub fn entries(&self, folder: &str) -> Option<Vec<(&str, bool)>> {
        let inside = folder.strip_prefix(ROOT)?;
        let prefix = match inside.strip_prefix('/') {
            Some(path) => format!("{path}/"),
            None if inside.is_empty() => String::new(),
            None => return None,
        };
        let mut entries = Vec::new();
        let mut from = Bound::Included(prefix.clone());
        while let Some((path, _)) = self.files.range((from, Bound::Unbounded)).next() {
            let Some(rest) = path.strip_prefix(&prefix) else { break };
            match rest.split_once('/') {
                Some((name, _)) => {
                    entries.push((name, true));
                    // `0` comes after `/`, so that this goes past all that the folder holds.
                    from = Bound::Included(format!("{prefix}{name}0"));
                }
                None => {
                    entries.push((rest, false));
                    from = Bound::Excluded(path.clone());
                }
            }
        }
        if entries.is_empty() && !prefix.is_empty() {
            return None;
        }
        // `a.js` sorts between `a` and `a/b`.
        entries.sort_unstable();
        entries.dedup_by(|later, earlier| later.0 == earlier.0);
        Some(entries)
    }

    /// Whether there is such a folder.
    pub fn has_folder(&self, folder: &str) -> bool {
        let Some(inside) = folder.strip_prefix(ROOT) else { return false };
        let Some(path) = inside.strip_prefix('/') else { return inside.is_empty() };
        let prefix = format!("{path}/");
        let first = self.files.range((Bound::Excluded(prefix.clone()), Bound::Unbounded)).next();
        first.is_some_and(|(path, _)| path.starts_with(&prefix))
    }
}

#[cfg(test)]
mod tests {
    use super::Package;

    #[test]
    fn folders_are_listed_once() {
        let package = Package::of(&[("a.js", ""), ("a/b/c.js", ""), ("a/b/d.js", ""), ("a/e.js", ""), ("a0/x", ""), ("index.js", "")]);
        let entries = |folder| package.entries(folder);
        assert_eq!(entries("/code"), Some(vec![("a", true), ("a.js", false), ("a0", true), ("index.js", false)]));
        assert_eq!(entries("/code/a"), Some(vec![("b", true), ("e.js", false)]));
        assert_eq!(entries("/code/a/b"), Some(vec![("c.js", false), ("d.js", false)]));
        for folder in ["/code/gone", "/code/a.js", "/codex", "/", "/code/"] {
            assert_eq!(entries(folder), None, "{folder}");
            assert!(!package.has_folder(folder), "{folder}");
        }
        for folder in ["/code", "/code/a", "/code/a/b", "/code/a0"] {
            assert!(package.has_folder(folder), "{folder}");
        }
    }
}
