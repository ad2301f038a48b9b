//! Deployments as the console makes them, step by step, so that each step has a time.

use std::fs;
use std::io::{Cursor, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

use e2e::{Management, Wire};
use serde_json::Value;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::Result;
use crate::database::Cloud;

/// Deploys functions of a space over connections of its own.
pub struct Deployer {
    management: Management,
    wire: Wire,
    space: String,
}

impl Deployer {
    pub fn new(cloud: &Cloud<'_>) -> Self {
        Self { management: cloud.server.management(), wire: cloud.server.wire(cloud.space), space: cloud.space.id.clone() }
    }

    /// Makes a function that has no version yet.
    pub fn create(&self, name: &str) -> Result {
        self.act("CreateFunction", &[("Name", name)])?;
        Ok(())
    }

    /// Uploads a package, and gives the deployment's id.
    pub fn upload(&self, name: &str, package: &[u8]) -> Result<String> {
        let reply = self.act("CreateFunctionDeployment", &[("Name", name)])?;
        let text = |key: &str| reply[key].as_str().map(str::to_owned).ok_or_else(|| format!("no {key} in {reply}"));
        let (id, url) = (text("DeploymentId")?, text("UploadSignedUrl")?);
        let mut response = self.wire.agent().put(url.as_str()).header("content-type", "application/zip").send(package)?;
        let (status, body) = (response.status(), response.body_mut().read_to_string()?);
        if status.is_success() { Ok(id) } else { Err(format!("the upload was refused with {status}: {body}").into()) }
    }

    /// Makes a deployment the active one, and gives how long that took.
    pub fn deploy(&self, id: &str) -> Result<Duration> {
        let begun = Instant::now();
        self.act("DeployFunction", &[("DeploymentId", id)])?;
        Ok(begun.elapsed())
    }

    fn act(&self, action: &str, parameters: &[(&str, &str)]) -> Result<Value> {
        let mut all = vec![("SpaceId", self.space.as_str())];
        all.extend_from_slice(parameters);
        let answer = self.management.act(action, &all);
        let json = answer.json();
        if answer.status == 200 { Ok(json) } else { Err(format!("{action}: {json}").into()) }
    }
}

/// What a function's packages are made of.
pub struct Package {
    index: Vec<u8>,
    dependencies: Vec<(String, Vec<u8>)>,
}

impl Package {
    /// A package of an `index.js` alone.
    pub fn of(index: impl Into<Vec<u8>>) -> Self {
        Self { index: index.into(), dependencies: Vec::new() }
    }

    /// A folder's `index.js`, and what `node_modules` has.
    pub fn read(folder: &Path, node_modules: Option<&Path>) -> Result<Self> {
        let mut package = Self::of(fs::read(folder.join("index.js"))?);
        let mut folders: Vec<_> = node_modules.map(|path| (path.to_owned(), "node_modules".to_owned())).into_iter().collect();
        while let Some((folder, prefix)) = folders.pop() {
            for entry in fs::read_dir(folder)? {
                let entry = entry?;
                let name = entry.file_name().into_string().map_err(|name| format!("{} is not UTF-8", name.display()))?;
                // npm's own notes, and links to programs.
                if name.starts_with('.') {
                    continue;
                }
                let path = format!("{prefix}/{name}");
                if entry.file_type()?.is_dir() {
                    folders.push((entry.path(), path));
                } else {
                    package.dependencies.push((path, fs::read(entry.path())?));
                }
            }
        }
        package.dependencies.sort_unstable();
        Ok(package)
    }

    /// A zip whose scripts end in a number, so that nothing made for other numbers fits: one number for
    /// `index.js`, one for the dependencies.
    pub fn zip(&self, index: u32, dependencies: u32) -> Result<Vec<u8>> {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
        zip.start_file("index.js", options)?;
        zip.write_all(&self.index)?;
        write!(zip, "\n// {index}\n")?;
        for (path, bytes) in &self.dependencies {
            zip.start_file(path.as_str(), options)?;
            zip.write_all(bytes)?;
            if [".js", ".cjs", ".mjs"].iter().any(|extension| path.ends_with(extension)) {
                write!(zip, "\n// {dependencies}\n")?;
            }
        }
        Ok(zip.finish()?.into_inner())
    }
}
