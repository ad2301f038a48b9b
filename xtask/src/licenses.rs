//! Holds the dependencies against deny.toml: licences, bans, sources.
//!
//! This reads the same file as `cargo deny`, which is used where it is installed and reaches its
//! advisory database: a check that every machine can make must not need either.

use std::path::Path;

use serde::Deserialize;

use crate::Result;
use crate::cargo::{has, host, plain, root};
use crate::spdx::permits;
use crate::step::{output, succeed};

#[derive(Deserialize)]
struct Deny {
    licenses: Licenses,
    bans: Bans,
    sources: Sources,
}

#[derive(Deserialize)]
struct Licenses {
    allow: Vec<String>,
    exceptions: Vec<Exception>,
}

#[derive(Deserialize)]
struct Exception {
    name: String,
    allow: Vec<String>,
}

#[derive(Deserialize)]
struct Bans {
    deny: Vec<Ban>,
}

#[derive(Deserialize)]
struct Ban {
    name: String,
    /// None bans every version; otherwise `<VERSION`.
    version: Option<String>,
    /// The packages that may depend on it all the same.
    #[serde(default)]
    wrappers: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Sources {
    allow_registry: Vec<String>,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    resolve: Resolve,
}

/// Who depends on whom, by the ids of packages.
#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    dependencies: Vec<String>,
}

impl Metadata {
    /// The names of the packages that depend on one.
    fn dependents(&self, package: &Package) -> Vec<&str> {
        let ids = self.resolve.nodes.iter().filter(|node| node.dependencies.contains(&package.id)).map(|node| &node.id);
        ids.filter_map(|id| self.packages.iter().find(|package| package.id == *id)).map(|package| package.name.as_str()).collect()
    }
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
    version: String,
    license: Option<String>,
    license_file: Option<String>,
    source: Option<String>,
    manifest_path: String,
}

/// Checks, and names everything that is wrong.
pub fn check() -> Result {
    let deny: Deny = toml::from_str(&std::fs::read_to_string(root().join("deny.toml"))?)?;
    let metadata = output(
        plain(&["metadata", "--format-version", "1", "--locked", "--filter-platform", &host()?]).stdin(std::process::Stdio::null()),
    )?;
    let metadata: Metadata = serde_json::from_str(&metadata)?;
    let wrong: Vec<String> = metadata.packages.iter().flat_map(|package| deny.complaints(package, &metadata.dependents(package))).collect();
    if !wrong.is_empty() {
        return Err(wrong.join("\n").into());
    }
    println!("{} packages have allowed licences and sources", metadata.packages.len());
    advisories()
}

fn advisories() -> Result {
    if !has("deny") {
        println!("security advisories: not checked, as cargo-deny is not installed");
    } else if !plain(&["deny", "fetch"]).output().is_ok_and(|fetched| fetched.status.success()) {
        println!("security advisories: not checked, as the advisory database cannot be fetched");
    } else {
        succeed(&mut plain(&["deny", "check", "advisories"]))?;
    }
    Ok(())
}

impl Deny {
    fn complaints(&self, package: &Package, dependents: &[&str]) -> Vec<String> {
        let who = format!("{} {}", package.name, package.version);
        let mut complaints = Vec::new();
        let license = package.license.clone().or_else(|| license_of_file(package)).unwrap_or_else(|| "unknown".into());
        let exceptions = self.licenses.exceptions.iter().filter(|exception| exception.name == package.name);
        let allowed: Vec<&String> = exceptions.flat_map(|exception| &exception.allow).chain(&self.licenses.allow).collect();
        if !permits(&license, &|name| allowed.iter().any(|allowed| *allowed == name)) {
            complaints.push(format!("{who} has the licence {license}, which deny.toml does not allow"));
        }
        if self.bans.deny.iter().any(|ban| ban.covers(package) && !ban.is_wrapped(dependents)) {
            complaints.push(format!("{who} is banned by deny.toml"));
        }
        if let Some(source) = &package.source
            && !self.sources.allow_registry.iter().any(|registry| source.strip_prefix("registry+") == Some(registry))
        {
            complaints.push(format!("{who} comes from {source}, which deny.toml does not allow"));
        }
        complaints
    }
}

impl Ban {
    fn is_wrapped(&self, dependents: &[&str]) -> bool {
        !self.wrappers.is_empty() && dependents.iter().all(|name| self.wrappers.iter().any(|wrapper| wrapper == name))
    }

    fn covers(&self, package: &Package) -> bool {
        let numbers = |version: &str| version.split('.').map(|part| part.parse().unwrap_or(0)).collect::<Vec<u64>>();
        let old = |below: &str| numbers(&package.version) < numbers(below.trim_start_matches('<'));
        self.name == package.name && self.version.as_deref().is_none_or(old)
    }
}

/// SurrealDB's crates name a file instead of an SPDX term.
fn license_of_file(package: &Package) -> Option<String> {
    let file = Path::new(&package.manifest_path).parent()?.join(package.license_file.as_ref()?);
    let text = std::fs::read_to_string(file).ok()?;
    text.contains("Business Source License 1.1").then(|| "BUSL-1.1".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, version: &str, license: &str, source: &str) -> Package {
        Package {
            id: name.into(),
            name: name.into(),
            version: version.into(),
            license: Some(license.into()),
            license_file: None,
            source: Some(source.into()),
            manifest_path: String::new(),
        }
    }

    #[test]
    fn complaints_name_licence_ban_and_source() {
        let deny: Deny = toml::from_str(
            "[licenses]\nallow = ['MIT']\nexceptions = [{ name = 'b', allow = ['BUSL-1.1'] }]\n\
             [bans]\ndeny = [{ name = 't', version = '<0.2.23' }, { name = 'x' }, { name = 'w', wrappers = ['user'] }]\n\
             [sources]\nallow-registry = ['https://r']",
        )
        .expect("deny.toml");
        let count = |name, version, license, source| deny.complaints(&package(name, version, license, source), &["user"]).len();
        assert_eq!(count("a", "1.0.0", "MIT", "registry+https://r"), 0);
        assert_eq!(count("b", "1.0.0", "BUSL-1.1", "registry+https://r"), 0);
        assert_eq!(count("a", "1.0.0", "BUSL-1.1", "registry+https://r"), 1);
        assert_eq!(count("t", "0.3.1", "MIT", "registry+https://r"), 0);
        assert_eq!(count("t", "0.1.45", "MIT", "registry+https://r"), 1);
        assert_eq!(count("x", "0.1.0", "GPL-3.0", "git+https://r"), 3);
        assert_eq!(count("w", "0.1.0", "MIT", "registry+https://r"), 0);
        assert_eq!(deny.complaints(&package("w", "0.1.0", "MIT", "registry+https://r"), &["user", "other"]).len(), 1);
    }
}
