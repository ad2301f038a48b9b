//! `mpcloud storage`.

mod get;
mod list;
mod put;
mod remove;

use std::io::{Read, Write};

use clap::Subcommand;
use serde_json::Value;

use self::get::Get;
use self::list::List;
use self::put::Put;
use self::remove::Remove;
use super::client::Client;
use super::output::text;
use super::progress::Progress;
use super::{Failure, Options};

/// The commands on files.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Upload a file, or all files of a folder
    Put(Put),
    /// Download a file
    Get(Get),
    /// List files
    #[command(visible_alias = "list")]
    Ls(List),
    /// Delete files
    #[command(visible_alias = "delete")]
    Rm(Remove),
}

impl Command {
    pub fn run(self, options: &Options) -> Result<(), Failure> {
        match self {
            Self::Put(put) => put.run(options),
            Self::Get(get) => get.run(options),
            Self::Ls(list) => list.run(options),
            Self::Rm(remove) => remove.run(options),
        }
    }
}

/// Calls `each` with every file of a space whose name begins so, page by page.
fn every(client: &Client, space: &str, prefix: &str, mut each: impl FnMut(Value)) -> Result<(), Failure> {
    let mut next = String::new();
    loop {
        let parameters = [("SpaceId", space), ("Prefix", prefix), ("PageSize", "100"), ("NextToken", &next)];
        let reply = client.call("ListFile", &parameters)?;
        reply.get("DataList").and_then(Value::as_array).into_iter().flatten().cloned().for_each(&mut each);
        next = text(&reply, &["Paginator", "NextToken"]);
        if next.is_empty() {
            return Ok(());
        }
    }
}

/// A name, id or URL as actions take it: names are escaped as they are in URLs, and commas separate.
fn named(name: &str) -> String {
    let is_url = name.starts_with("http://") || name.starts_with("https://");
    let escaped = |c: char| matches!(c, ',') || (!is_url && matches!(c, '%' | '?' | '#'));
    name.chars().map(|c| if escaped(c) { format!("%{:02X}", u32::from(c)) } else { c.to_string() }).collect()
}

/// A number of bytes for people.
fn size(bytes: u64) -> String {
    let units = ["KB", "MB", "GB", "TB"];
    let mut shown = format!("{bytes} B");
    let mut count = bytes as f64;
    for unit in units {
        count /= 1000.0;
        if count < 1.0 {
            break;
        }
        shown = format!("{count:.1} {unit}");
    }
    shown
}

/// Passes bytes on, and shows how many there were.
struct Counted<'a, T> {
    inner: T,
    done: u64,
    whole: u64,
    words: &'a str,
    progress: &'a mut Progress,
}

impl<T> Counted<'_, T> {
    fn count(&mut self, more: usize) {
        self.done += more as u64;
        let percent = self.done.saturating_mul(100).checked_div(self.whole).map(|percent| percent.min(100));
        self.progress.show(percent, self.words);
    }
}

impl<T: Read> Read for Counted<'_, T> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.count(count);
        Ok(count)
    }
}

impl<T: Write> Write for Counted<'_, T> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let count = self.inner.write(bytes)?;
        self.count(count);
        Ok(count)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::{named, size};

    #[test]
    fn names_are_escaped_and_addresses_are_not() {
        assert_eq!(named("a,b?c#d%e 图"), "a%2Cb%3Fc%23d%25e 图");
        assert_eq!(named("http://h/files/s/a%20b,c?x=1"), "http://h/files/s/a%20b%2Cc?x=1");
    }

    #[test]
    fn sizes_are_short() {
        for (bytes, shown) in [(0, "0 B"), (999, "999 B"), (1000, "1.0 KB"), (1_500_000, "1.5 MB"), (5_368_709_120, "5.4 GB")] {
            assert_eq!(size(bytes), shown);
        }
    }
}
