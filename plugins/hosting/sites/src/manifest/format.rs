//! Manifests as objects in the storage: gzip of JSON arrays, one a line; and lists of deployments.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::sync::Arc;

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use http::HeaderValue;
use sdk_plugin::{Error, Result};
use serde::{Deserialize, Serialize};

use super::{File, Hash, Manifest, content_type};
use crate::code::{INVALID_LIST, TOO_MANY_FILES};
use crate::path;

/// The longest line, in bytes: a path whose every byte is escaped, and the rest.
const MAX_LINE: u64 = 16 * 1024;

/// Path, digest in hexadecimal, size, origin, time, given type.
#[derive(Serialize, Deserialize)]
struct Line<'a>(#[serde(borrow)] std::borrow::Cow<'a, str>, &'a str, u64, #[serde(borrow)] std::borrow::Cow<'a, str>, u64, Option<String>);

/// Texts that many files share.
#[derive(Default)]
struct Shared {
    texts: HashMap<String, Arc<str>>,
    types: HashMap<(Option<Arc<str>>, String), HeaderValue>,
}

impl Shared {
    fn text(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.texts.get(text) {
            return known.clone();
        }
        let shared: Arc<str> = text.into();
        self.texts.insert(text.to_owned(), shared.clone());
        shared
    }

    fn content_type(&mut self, path: &str, given: Option<&Arc<str>>) -> HeaderValue {
        let extension = path.rsplit('/').next().and_then(|name| name.rsplit_once('.')).map_or("", |(_, extension)| extension);
        let made = || content_type(path, given.map(|given| &**given));
        self.types.entry((given.cloned(), extension.to_owned())).or_insert_with(made).clone()
    }
}

/// A manifest as an object.
///
/// # Errors
/// Never, in practice.
pub fn encode(manifest: &Manifest) -> Result<Vec<u8>> {
    let mut out = GzEncoder::new(Vec::new(), Compression::fast());
    for file in manifest.files() {
        let given_type = file.given_type.as_deref().map(str::to_owned);
        let hash = hex::encode(file.hash);
        let line = Line((&*file.path).into(), &hash, file.size, (&*file.origin).into(), file.modified, given_type);
        serde_json::to_writer(&mut out, &line).map_err(Error::internal)?;
        out.write_all(b"\n").map_err(Error::internal)?;
    }
    out.finish().map_err(Error::internal)
}

/// An object as a manifest.
///
/// # Errors
/// `InternalError` when it is none.
pub fn decode(object: &[u8]) -> Result<Manifest> {
    let mut reader = BufReader::new(GzDecoder::new(object));
    let (mut files, mut shared, mut text) = (Vec::new(), Shared::default(), Vec::new());
    loop {
        text.clear();
        reader.by_ref().take(MAX_LINE).read_until(b'\n', &mut text).map_err(Error::internal)?;
        if text.is_empty() {
            return Ok(Manifest::new(files));
        }
        let Line(path, hash, size, origin, modified, given_type) = serde_json::from_slice(&text).map_err(Error::internal)?;
        let hash = parse_hash(hash).ok_or_else(|| Error::internal("a manifest with a digest that is none"))?;
        let origin = shared.text(&origin);
        if path.ends_with('/') {
            files.push(File { hash, ..File::folder(&path, modified) });
            continue;
        }
        let given_type = given_type.map(|given| shared.text(&given));
        let content_type = shared.content_type(&path, given_type.as_ref());
        files.push(File { path: (&*path).into(), hash, size, origin, modified, given_type, content_type });
    }
}

/// A file that a deployment shall have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its path.
    pub path: String,
    /// The digest of its contents.
    pub hash: Hash,
    /// Its size in bytes.
    pub size: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    path: String,
    sha256: String,
    size: u64,
}

/// Reads the list of a deployment: a JSON object with `path`, `sha256` and `size` a line.
///
/// # Errors
/// `InvalidDeployment.List` with the line at fault, `QuotaExceeded.WebHostingFiles`.
pub fn entries(list: &[u8], most: u64) -> Result<Vec<Entry>> {
    let mut entries = Vec::new();
    let mut sizes: HashMap<Hash, u64> = HashMap::new();
    let lines = list.split(|byte| *byte == b'\n').enumerate().filter(|(_, line)| !line.trim_ascii().is_empty());
    for (index, line) in lines {
        let refuse = |why: &str| Error::new(INVALID_LIST, format!("line {} of the list: {why}", index + 1));
        if entries.len() as u64 >= most {
            return Err(Error::new(TOO_MANY_FILES, format!("a site may have at most {most} files")));
        }
        let Listed { path, sha256, size } = serde_json::from_slice(line).map_err(|e| refuse(&e.to_string()))?;
        let checked = path::check(&path).map_err(|e| refuse(e.message()))?;
        if checked.ends_with('/') {
            return Err(refuse("the path is that of a folder"));
        }
        let hash = parse_hash(&sha256).ok_or_else(|| refuse("`sha256` is not 64 hexadecimal digits"))?;
        if *sizes.entry(hash).or_insert(size) != size {
            return Err(refuse("the same contents have another size before"));
        }
        entries.push(Entry { path: checked.to_owned(), hash, size });
    }
    entries.sort_by(|a, b| a.path.cmp(&b.path));
    let twice = entries.windows(2).find_map(|pair| match pair {
        [a, b] if a.path == b.path => Some(a.path.clone()),
        _ => None,
    });
    match twice {
        Some(path) => Err(Error::new(INVALID_LIST, format!("the list names `{path}` twice"))),
        None => Ok(entries),
    }
}

fn parse_hash(text: &str) -> Option<Hash> {
    hex::decode(text).ok()?.try_into().ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::tests::file;
    use super::*;

    #[test]
    fn a_manifest_survives_the_storage() {
        let mut given = file("a \"quoted\"\u{7f}/图.html", "x");
        given.given_type = Some("text/plain".into());
        given.content_type = content_type("x", Some("text/plain"));
        let manifest = Manifest::new(vec![given, file("b.js", "y"), File::folder("empty/", 5), file("c", "")]);
        assert_eq!(decode(&encode(&manifest).unwrap()).unwrap(), manifest);
        assert_eq!(decode(&encode(&Manifest::default()).unwrap()).unwrap(), Manifest::default());
        assert!(decode(b"nothing").is_err());
    }

    #[test]
    fn a_manifest_of_many_files_is_small_and_quick() {
        let files = (0..50_000).map(|n| file(&format!("assets/images/folder-{}/picture-{n}.png", n % 100), &n.to_string()));
        let manifest = Manifest::new(files.collect());
        let object = encode(&manifest).unwrap();
        assert!(object.len() < 8 << 20, "{}", object.len());
        assert!(manifest.weight() < 16 << 20, "{}", manifest.weight());
        assert_eq!(decode(&object).unwrap(), manifest);
    }

    #[test]
    fn a_list_is_read_line_by_line() {
        let hash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let line = |path: &str, size: u64| {
            format!("{{\"path\":{},\"sha256\":\"{hash}\",\"size\":{size}}}\n", serde_json::to_string(path).unwrap())
        };
        let read = entries(format!("{}\r\n{}", line("b", 0), line("/a", 0)).as_bytes(), 2).unwrap();
        assert_eq!(read.iter().map(|entry| entry.path.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        assert!(entries(b"", 1).unwrap().is_empty());
        for bad in [
            line("../a", 0),
            line("a/", 0),
            line("a", 0) + &line("/a", 0),
            line("a", 0) + &line("b", 1),
            line("a", 0).replace("e3b0", "xyz0"),
            line("a", 0).replace("size", "sise"),
            "{".to_owned(),
        ] {
            assert_eq!(entries(bad.as_bytes(), 9).unwrap_err().code(), INVALID_LIST, "{bad}");
        }
        assert_eq!(entries((line("a", 0) + &line("b", 0)).as_bytes(), 1).unwrap_err().code(), TOO_MANY_FILES);
    }
}
