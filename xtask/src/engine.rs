//! Which JavaScript engine the functions plugin is built with.
//!
//! V8 needs a static archive that its crate downloads from GitHub; where that fails, QuickJS is
//! built from crates.io alone.

use std::path::{Path, PathBuf};
use std::process::Command;

use clap::ValueEnum;

use crate::Result;
use crate::cargo::root;

/// A JavaScript engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Engine {
    V8,
    Quickjs,
}

/// How the workspace is built with an engine.
#[derive(Clone, Debug)]
pub struct Build {
    pub engine: Engine,
    /// A local V8 archive.
    archive: Option<PathBuf>,
    /// Why it is this engine.
    why: String,
}

impl Build {
    /// Chooses, and says in one line what and why.
    pub fn choose(wanted: Option<Engine>) -> Result<Self> {
        let build = Self::decide(wanted)?;
        println!("engine: {}", build.describe());
        Ok(build)
    }

    fn decide(wanted: Option<Engine>) -> Result<Self> {
        if wanted == Some(Engine::Quickjs) {
            return Ok(Self { engine: Engine::Quickjs, archive: None, why: "asked for by --engine".into() });
        }
        if let Some(archive) = std::env::var_os("RUSTY_V8_ARCHIVE").filter(|path| !path.is_empty()) {
            let why = format!("RUSTY_V8_ARCHIVE names {}", archive.display());
            return Ok(Self { engine: Engine::V8, archive: Some(archive.into()), why });
        }
        if let Some(archive) = archive_in(&root().join("../shared/v8")) {
            let why = format!("local archive {}", archive.display());
            return Ok(Self { engine: Engine::V8, archive: Some(archive), why });
        }
        if wanted == Some(Engine::V8) {
            return Ok(Self { engine: Engine::V8, archive: None, why: "asked for by --engine".into() });
        }
        let url = archive_url(&std::fs::read_to_string(root().join("Cargo.lock"))?)?;
        if reachable(&url) {
            return Ok(Self { engine: Engine::V8, archive: None, why: format!("{url} can be downloaded") });
        }
        let why = format!("no local V8 archive, and {url} cannot be downloaded");
        Ok(Self { engine: Engine::Quickjs, archive: None, why })
    }

    /// The engine's name.
    pub fn name(&self) -> &'static str {
        match self.engine {
            Engine::V8 => "v8",
            Engine::Quickjs => "quickjs",
        }
    }

    /// The engine, and why it is this one.
    pub fn describe(&self) -> String {
        format!("{} ({})", self.name(), self.why)
    }

    /// The features that every cargo command of this build is given.
    pub fn features(&self) -> &'static [&'static str] {
        match self.engine {
            Engine::V8 => &[],
            Engine::Quickjs => &["--no-default-features", "--features", "functions/quickjs"],
        }
    }

    /// Prepares a cargo command of this build.
    pub fn prepare(&self, command: &mut Command) -> Result {
        if let Some(archive) = &self.archive {
            command.env("RUSTY_V8_ARCHIVE", archive);
        }
        if self.engine == Engine::Quickjs {
            // Without this, the build of `v8x` fetches SIMDe from GitHub.
            let file = root().join("target/quickjs.cmake");
            let text = "set(FETCHCONTENT_SOURCE_DIR_SIMDE \"/usr/include/simde\" CACHE PATH \"\" FORCE)\n";
            if std::fs::read_to_string(&file).ok().as_deref() != Some(text) {
                std::fs::create_dir_all(root().join("target"))?;
                std::fs::write(&file, text)?;
            }
            command.env("CMAKE_TOOLCHAIN_FILE", file);
        }
        Ok(())
    }
}

fn archive_in(folder: &Path) -> Option<PathBuf> {
    let mut archives: Vec<PathBuf> = std::fs::read_dir(folder).ok()?.filter_map(|entry| Some(entry.ok()?.path())).collect();
    archives.retain(|path| path.extension().is_some_and(|extension| extension == "gz"));
    archives.sort();
    archives.pop()?.canonicalize().ok()
}

/// Where the `v8` crate of the lock file would download its archive from.
fn archive_url(lock: &str) -> Result<String> {
    let version = lock.split("name = \"v8\"\nversion = \"").nth(1).and_then(|rest| rest.split('"').next());
    let version = version.ok_or("Cargo.lock names no crate v8")?;
    let base = std::env::var("RUSTY_V8_MIRROR").unwrap_or_else(|_| "https://github.com/denoland/rusty_v8/releases/download".into());
    let target = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    Ok(format!("{base}/v{version}/librusty_v8_release_{target}.a.gz"))
}

fn reachable(url: &str) -> bool {
    let probe = ["--silent", "--fail", "--head", "--location", "--connect-timeout", "5", "--max-time", "20", "--output", "/dev/null", url];
    Command::new("curl").args(probe).status().is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_archive_is_that_of_the_locked_version() {
        let lock = "[[package]]\nname = \"v8\"\nversion = \"150.4.0\"\n";
        let url = archive_url(lock).expect("a version");
        assert!(url.contains("/v150.4.0/librusty_v8_release_"), "{url}");
        assert!(archive_url("name = \"v8x\"\nversion = \"1\"\n").is_err());
    }

    #[test]
    fn an_archive_is_found_by_its_suffix() {
        let folder = std::env::temp_dir().join(format!("xtask-v8-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("folder");
        assert_eq!(archive_in(&folder), None);
        std::fs::write(folder.join("README.md"), "").expect("file");
        std::fs::write(folder.join("x.a.gz"), "").expect("file");
        let found = archive_in(&folder);
        std::fs::remove_dir_all(&folder).expect("remove");
        assert!(found.is_some_and(|path| path.ends_with("x.a.gz")));
    }
}
