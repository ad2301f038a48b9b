//! Runs what the READMEs tell their readers to do.
//!
//! A fenced block takes part by words after its language: `sh run` is run by bash, in the order of
//! the file; `js file=NAME` and `toml file=NAME` are written to a file first, and a TOML file is
//! then checked by `mpcloud check`. All happens in one temporary folder with the repository's
//! `examples` in it, the built `mpcloud` in `PATH` and a server of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Result;
use crate::cargo::{artefacts, root};
use crate::run::Server;
use crate::step::succeed;

/// A fenced block that takes part.
#[derive(Debug, PartialEq, Eq)]
enum Block {
    Run(String),
    File { name: String, check: bool, text: String },
}

/// Checks the READMEs, and the example that they point at.
pub fn check() -> Result {
    check_configuration(&root().join("examples/mpcloud.toml"), &Folder::new()?)?;
    for file in ["README.md", "README.zh-CN.md"] {
        let blocks = blocks(&fs::read_to_string(root().join(file))?);
        if !blocks.iter().any(|block| matches!(block, Block::Run(_))) {
            return Err(format!("{file} has no `sh run` block").into());
        }
        follow(&blocks).map_err(|e| format!("{file}: {e}"))?;
        println!("{file}: {} blocks work", blocks.len());
    }
    Ok(())
}

fn follow(blocks: &[Block]) -> Result {
    let folder = Folder::new()?;
    let data = folder.0.join("data");
    let server = Server::start(&data, "127.0.0.1:0")?;
    let path =
        std::env::join_paths([artefacts(false)].into_iter().chain(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())))?;
    for block in blocks {
        match block {
            Block::Run(text) => {
                let mut bash = Command::new("bash");
                bash.args(["-euo", "pipefail", "-c", text]).current_dir(&folder.0).env("PATH", &path).env("MPCLOUD_DATA", &data);
                succeed(&mut bash).map_err(|_| format!("this failed:\n{text}"))?;
            }
            Block::File { name, check, text } => {
                let file = folder.0.join(name);
                fs::write(&file, text)?;
                if *check {
                    check_configuration(&file, &folder)?;
                }
            }
        }
    }
    drop(server);
    Ok(())
}

fn check_configuration(file: &Path, folder: &Folder) -> Result {
    let mut mpcloud = Command::new(artefacts(false).join("mpcloud"));
    mpcloud.arg("check").arg("-c").arg(file).arg("--data").arg(folder.0.join("checked")).current_dir(&folder.0);
    succeed(&mut mpcloud).map_err(|_| format!("mpcloud check refuses {}", file.display()).into())
}

/// A temporary folder with what a reader has in a checkout.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Result<Self> {
        let path = std::env::temp_dir().join(format!("mpcloud-readme-{}", std::process::id()));
        fs::create_dir_all(&path)?;
        let folder = Self(path);
        std::os::unix::fs::symlink(root().join("examples"), folder.0.join("examples"))?;
        Ok(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let Some(info) = line.strip_prefix("```").filter(|info| !info.is_empty()) else { continue };
        let body: Vec<&str> = lines.by_ref().take_while(|line| !line.starts_with("```")).collect();
        let text = body.join("\n") + "\n";
        let mut words = info.split_whitespace();
        let language = words.next().unwrap_or_default();
        match words.next() {
            Some("run") if language == "sh" => blocks.push(Block::Run(text)),
            Some(word) => {
                if let Some(name) = word.strip_prefix("file=").and_then(|name| Path::new(name).file_name()?.to_str()) {
                    blocks.push(Block::File { name: name.to_owned(), check: language == "toml", text });
                }
            }
            None => {}
        }
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_marked_blocks_take_part() {
        let text = "a\n```sh\nno\n```\n```sh run\nyes\nand yes\n```\n```toml file=../m.toml\nx = 1\n```\n```js file=d.js\n1\n```\n";
        assert_eq!(
            blocks(text),
            [
                Block::Run("yes\nand yes\n".into()),
                Block::File { name: "m.toml".into(), check: true, text: "x = 1\n".into() },
                Block::File { name: "d.js".into(), check: false, text: "1\n".into() },
            ]
        );
    }
}
