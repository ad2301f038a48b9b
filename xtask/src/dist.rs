//! `cargo xtask dist`: an archive to unpack on a server.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::cargo::{artefacts, cargo, host, root, target};
use crate::engine::Build;
use crate::step::succeed;
use crate::{EngineOption, Result, prerequisites};

/// The plugins that a fresh installation loads.
const PLUGINS: [&str; 13] = [
    "db_surreal",
    "db_tasks",
    "storage_opendal",
    "storage_files",
    "hosting_sites",
    "hosting_domains",
    "functions",
    "cloudcall_platforms",
    "cloudcall_calls",
    "cloudcall_alipay",
    "cloudcall_wechatpay",
    "login_dingtalk",
    "analytics",
];

#[derive(clap::Args)]
pub struct Dist {
    #[command(flatten)]
    engine: EngineOption,
}

impl Dist {
    pub fn run(self) -> Result {
        prerequisites::for_building()?;
        let build = Build::choose(self.engine.engine)?;
        prerequisites::for_engine(&build)?;
        succeed(&mut cargo(&build, &["build", "--locked", "--release"])?)?;

        let name = format!("mpcloud-{}-{}", env!("CARGO_PKG_VERSION"), host()?);
        let dist = target().join("dist");
        let folder = dist.join(&name);
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(folder.join("plugins"))?;
        copy(&artefacts(true).join("mpcloud"), &folder.join("mpcloud"))?;
        for plugin in PLUGINS {
            let library = format!("{}{plugin}{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
            copy(&artefacts(true).join(&library), &folder.join("plugins").join(&library))?;
        }
        for file in ["README.md", "README.zh-CN.md", "CHANGELOG.md", "LICENSE"] {
            copy(&root().join(file), &folder.join(file))?;
        }
        copy(&root().join("plugins/functions/node/NOTICES"), &folder.join("NOTICES-functions"))?;
        copy(&root().join("examples/mpcloud.toml"), &folder.join("mpcloud.toml.example"))?;
        let archive = dist.join(format!("{name}.tar.gz"));
        succeed(Command::new("tar").arg("-czf").arg(&archive).arg("-C").arg(&dist).arg(&name))?;
        println!("{}", archive.display());
        Ok(())
    }
}

fn copy(from: &Path, to: &Path) -> Result {
    fs::copy(from, to).map_err(|e| format!("cannot copy {} to {}: {e}", from.display(), to.display()))?;
    Ok(())
}
