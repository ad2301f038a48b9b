//! Finds the file that `require` or `import` means, as Node.js does.
//!
//! <https://nodejs.org/api/modules.html#all-together>, <https://nodejs.org/api/esm.html#resolution-algorithm>; as in
//! CommonJS, imports may leave out the ending. A subpath that `exports` does not name is looked up as
//! a file: packages that were written for Node.js 8 reach into others.

use std::sync::Arc;

use super::manifest::{Manifest, Target, Wanted};
use super::{Package, ROOT};

impl Package {
    /// The path of the module that `request` names, seen from a folder. `None` when there is none.
    pub fn resolve(&self, folder: &str, request: &str, wanted: Wanted) -> Option<String> {
        let found = if request.starts_with('/') {
            self.path(&join("/", request)?)
        } else if is_relative(request) {
            self.path(&join(folder, request)?)
        } else if request.starts_with('#') {
            return self.imported(folder, request, wanted);
        } else {
            self.own(folder, request, wanted).or_else(|| self.installed(folder, request, wanted))
        };
        found.map(|path| format!("{ROOT}/{path}"))
    }

    /// Whether a file is an ES module.
    pub fn is_es_module(&self, path: &str) -> bool {
        match path.rsplit_once('.').map(|(_, ending)| ending) {
            Some("mjs") => true,
            Some("js") => self.scope(path).is_some_and(|(_, manifest)| manifest.kind.as_deref() == Some("module")),
            _ => false,
        }
    }

    fn path(&self, path: &str) -> Option<String> {
        let path = inside(path)?;
        self.as_file(path).or_else(|| self.as_folder(path))
    }

    fn as_file(&self, path: &str) -> Option<String> {
        ["", ".js", ".json", ".cjs", ".mjs"].iter().map(|suffix| format!("{path}{suffix}")).find(|path| self.files.contains_key(path))
    }

    fn as_folder(&self, path: &str) -> Option<String> {
        let within = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") };
        if let Some(main) = self.manifest(&within("package.json")).as_ref().and_then(|manifest| manifest.main.as_deref()) {
            let main = join(&format!("{ROOT}/{path}"), main)?;
            let main = inside(&main)?;
            if let Some(found) = self.as_file(main).or_else(|| self.as_file(&format!("{main}/index"))) {
                return Some(found);
            }
        }
        self.as_file(&within("index"))
    }

    fn installed(&self, folder: &str, request: &str, wanted: Wanted) -> Option<String> {
        let mut folder = inside(folder)?;
        loop {
            if !folder.ends_with("node_modules") {
                let base = if folder.is_empty() { "node_modules".to_owned() } else { format!("{folder}/node_modules") };
                let found = self.exported(&base, request, wanted).or_else(|| self.path(&join(&format!("{ROOT}/{base}"), request)?));
                if found.is_some() {
                    return found;
                }
            }
            if folder.is_empty() {
                return None;
            }
            folder = folder.rsplit_once('/').map_or("", |(parent, _)| parent);
        }
    }

    /// What the `exports` of an installed package name.
    fn exported(&self, base: &str, request: &str, wanted: Wanted) -> Option<String> {
        let (name, rest) = split_name(request);
        let manifest = self.manifest(&format!("{base}/{name}/package.json"))?;
        self.target(&format!("{base}/{name}"), manifest.exports.as_ref()?, rest, wanted)
    }

    /// What the package that a folder belongs to exports to itself.
    fn own(&self, folder: &str, request: &str, wanted: Wanted) -> Option<String> {
        let (name, rest) = split_name(request);
        let (base, manifest) = self.scope(&format!("{folder}/_"))?;
        if manifest.name.as_deref() != Some(name) {
            return None;
        }
        self.target(&base, manifest.exports.as_ref()?, rest, wanted)
    }

    fn target(&self, base: &str, exports: &Target, rest: &str, wanted: Wanted) -> Option<String> {
        let path = join(&format!("{ROOT}/{base}"), &exports.export(&format!(".{rest}"), wanted)?)?;
        let path = inside(&path)?;
        self.files.contains_key(path).then(|| path.to_owned())
    }

    fn imported(&self, folder: &str, request: &str, wanted: Wanted) -> Option<String> {
        let (base, manifest) = self.scope(&format!("{folder}/_"))?;
        let target = manifest.imports.as_ref()?.import(request, wanted)?;
        // One name that stands for another would never end.
        if target.starts_with('#') { None } else { self.resolve(&format!("{ROOT}/{base}"), &target, wanted) }
    }

    /// The nearest `package.json` above a file: its folder within the package, and what it says.
    fn scope(&self, path: &str) -> Option<(String, Arc<Manifest>)> {
        let mut folder = inside(path)?;
        loop {
            folder = folder.rsplit_once('/').map_or("", |(parent, _)| parent);
            if folder.ends_with("node_modules") {
                return None;
            }
            let name = if folder.is_empty() { "package.json".to_owned() } else { format!("{folder}/package.json") };
            if let Some(manifest) = self.manifest(&name) {
                return Some((folder.to_owned(), manifest));
            }
            if folder.is_empty() {
                return None;
            }
        }
    }

    fn manifest(&self, path: &str) -> Option<Arc<Manifest>> {
        let contents = self.files.get(path)?;
        let mut known = self.manifests.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(manifest) = known.get(path) {
            return manifest.clone();
        }
        let manifest = serde_json::from_slice(without_mark(contents)).ok().map(Arc::new);
        known.insert(path.to_owned(), manifest.clone());
        manifest
    }
}

/// Text without a byte order mark.
pub fn without_mark(contents: &[u8]) -> &[u8] {
    contents.strip_prefix(b"\xef\xbb\xbf").unwrap_or(contents)
}

/// A path within the package of one that functions see.
fn inside(path: &str) -> Option<&str> {
    Some(path.strip_prefix(ROOT)?.trim_start_matches('/'))
}

/// A package's name, scope included, and what follows it.
fn split_name(request: &str) -> (&str, &str) {
    let end = request.match_indices('/').nth(usize::from(request.starts_with('@'))).map_or(request.len(), |(at, _)| at);
    request.split_at(end)
}

fn is_relative(request: &str) -> bool {
    matches!(request, "." | "..") || request.starts_with("./") || request.starts_with("../")
}

/// Joins a path to a folder. `None` when it leaves the root.
fn join(folder: &str, path: &str) -> Option<String> {
    let mut segments: Vec<&str> = Vec::new();
    for segment in folder.split('/').chain(path.split('/')) {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop()?;
            }
            name => segments.push(name),
        }
    }
    Some(format!("/{}", segments.join("/")))
}

#[cfg(test)]
mod tests {
    use crate::package::{Package, Wanted};

    fn package() -> Package {
        Package::of(&[
            ("index.js", ""),
            ("lib/a.js", ""),
            ("lib/index.js", ""),
            ("data.json", "{}"),
            ("node_modules/m/package.json", r#"{"main":"./dist"}"#),
            ("node_modules/m/dist/index.js", ""),
            ("node_modules/m/sub.js", ""),
            ("node_modules/m/node_modules/n/index.js", ""),
            ("node_modules/n/index.js", ""),
            ("node_modules/@s/e/package.json", r#"{"exports":{".":{"import":"./e.mjs","require":"./e.cjs"},"./x":"./x.js"}}"#),
            ("node_modules/@s/e/e.cjs", ""),
            ("node_modules/@s/e/e.mjs", ""),
            ("node_modules/@s/e/x.js", ""),
        ])
    }

    #[test]
    fn finds_what_node_finds() {
        let package = package();
        for (folder, request, found) in [
            ("/code", "./lib/a", "/code/lib/a.js"),
            ("/code", "./lib", "/code/lib/index.js"),
            ("/code/lib", "..", "/code/index.js"),
            ("/code/lib", "../data.json", "/code/data.json"),
            ("/code/lib", "../data", "/code/data.json"),
            ("/code", "/code/lib/a.js", "/code/lib/a.js"),
            ("/code/lib", "m", "/code/node_modules/m/dist/index.js"),
            ("/code", "m/sub", "/code/node_modules/m/sub.js"),
            ("/code/node_modules/m/dist", "n", "/code/node_modules/m/node_modules/n/index.js"),
            ("/code", "n", "/code/node_modules/n/index.js"),
            ("/code", "@s/e", "/code/node_modules/@s/e/e.cjs"),
            ("/code", "@s/e/x", "/code/node_modules/@s/e/x.js"),
        ] {
            assert_eq!(package.resolve(folder, request, Wanted::Require).as_deref(), Some(found), "{request} from {folder}");
        }
    }

    #[test]
    fn packages_say_what_they_are() {
        let package = Package::of(&[
            ("index.js", ""),
            ("package.json", r##"{"name":"me","type":"module","exports":"./index.js","imports":{"#x":"./lib/x.js","#p":"p"}}"##),
            ("lib/x.js", ""),
            ("lib/package.json", "{}"),
            ("node_modules/p/index.js", ""),
        ]);
        let import = |request: &str| package.resolve("/code", request, Wanted::Import);
        assert_eq!(import("me").as_deref(), Some("/code/index.js"));
        assert_eq!(import("#x").as_deref(), Some("/code/lib/x.js"));
        assert_eq!(import("#p").as_deref(), Some("/code/node_modules/p/index.js"));
        assert_eq!(import("#gone"), None);
        assert!(package.is_es_module("/code/index.js") && package.is_es_module("/code/lib/y.mjs"));
        assert!(!package.is_es_module("/code/lib/x.js") && !package.is_es_module("/code/node_modules/p/index.js"));
    }

    #[test]
    fn finds_nothing_outside() {
        let package = package();
        for request in ["./gone", "gone", "../index.js", "../../etc/passwd", "/etc/passwd", "/index.js", "@s", "@s/e/hidden"] {
            assert_eq!(package.resolve("/code", request, Wanted::Require), None, "{request}");
        }
    }
}
