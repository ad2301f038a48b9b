//! Finds the file that `require` means, as Node.js does for CommonJS.

use serde_json::Value;

use super::{Package, ROOT};

impl Package {
    /// The path of the module that `request` names, seen from a folder. `None` when there is none.
    pub fn resolve(&self, folder: &str, request: &str) -> Option<String> {
        let found = if request.starts_with('/') {
            self.path(&join("/", request)?)
        } else if is_relative(request) {
            self.path(&join(folder, request)?)
        } else {
            self.installed(folder, request)
        };
        found.map(|path| format!("{ROOT}/{path}"))
    }

    fn path(&self, path: &str) -> Option<String> {
        let path = path.strip_prefix(ROOT)?.trim_start_matches('/');
        self.as_file(path).or_else(|| self.as_folder(path))
    }

    fn as_file(&self, path: &str) -> Option<String> {
        ["", ".js", ".json", ".cjs"].iter().map(|suffix| format!("{path}{suffix}")).find(|path| self.files.contains_key(path))
    }

    fn as_folder(&self, path: &str) -> Option<String> {
        let inside = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") };
        if let Some(main) = self.description(&inside("package.json")).as_ref().and_then(main_of) {
            let main = join(&format!("{ROOT}/{path}"), main)?;
            let main = main.strip_prefix(ROOT)?.trim_start_matches('/').to_owned();
            if let Some(found) = self.as_file(&main).or_else(|| self.as_file(&format!("{main}/index"))) {
                return Some(found);
            }
        }
        self.as_file(&inside("index"))
    }

    fn installed(&self, folder: &str, request: &str) -> Option<String> {
        let mut folder = folder.strip_prefix(ROOT)?.trim_start_matches('/');
        loop {
            if !folder.ends_with("node_modules") {
                let base = if folder.is_empty() { "node_modules".to_owned() } else { format!("{folder}/node_modules") };
                let found = self.exported(&base, request).or_else(|| self.path(&join(&format!("{ROOT}/{base}"), request)?));
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
    fn exported(&self, base: &str, request: &str) -> Option<String> {
        let end = request.match_indices('/').nth(usize::from(request.starts_with('@'))).map_or(request.len(), |(at, _)| at);
        let (name, rest) = request.split_at(end);
        let description = self.description(&format!("{base}/{name}/package.json"))?;
        let exports = description.get("exports")?;
        let target = match exports {
            Value::Object(entries) if entries.keys().any(|key| key.starts_with('.')) => entries.get(&format!(".{rest}"))?,
            whole if rest.is_empty() => whole,
            _ => return None,
        };
        let path = join(&format!("{ROOT}/{base}/{name}"), condition(target)?)?;
        let path = path.strip_prefix(ROOT)?.trim_start_matches('/').to_owned();
        self.files.contains_key(&path).then_some(path)
    }

    fn description(&self, path: &str) -> Option<Value> {
        serde_json::from_slice(self.files.get(path)?).ok()
    }
}

fn is_relative(request: &str) -> bool {
    matches!(request, "." | "..") || request.starts_with("./") || request.starts_with("../")
}

fn main_of(description: &Value) -> Option<&str> {
    description.get("main").and_then(Value::as_str).filter(|main| !main.is_empty())
}

/// The target for CommonJS among the conditions of an `exports` entry.
fn condition(target: &Value) -> Option<&str> {
    match target {
        Value::String(path) => Some(path),
        Value::Array(choices) => choices.iter().find_map(condition),
        Value::Object(choices) => choices
            .iter()
            .filter(|(name, _)| matches!(name.as_str(), "require" | "node" | "default"))
            .find_map(|(_, choice)| condition(choice)),
        _ => None,
    }
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
    use super::Package;

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
            assert_eq!(package.resolve(folder, request).as_deref(), Some(found), "{request} from {folder}");
        }
    }

    #[test]
    fn finds_nothing_outside() {
        let package = package();
        for request in ["./gone", "gone", "../index.js", "../../etc/passwd", "/etc/passwd", "/index.js", "@s", "@s/e/hidden"] {
            assert_eq!(package.resolve("/code", request), None, "{request}");
        }
    }
}
