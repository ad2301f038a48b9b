//! The folder `/tmp` of an isolate, in memory.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::ops::Bound;
use std::rc::Rc;
use std::time::{SystemTime, UNIX_EPOCH};

use super::{Result, Stat, fails};

/// Where the folder is.
pub const ROOT: &str = "/tmp";

/// The most bytes of all files together.
const MAX_BYTES: usize = 64 * 1024 * 1024;
/// What a file or folder takes besides its contents, so that their number is bounded as well.
const ENTRY: usize = 4096;
/// The longest path, in bytes, as on Linux.
pub const MAX_PATH: usize = 4096;

/// The bytes in use, shared by the folder and all its files.
#[derive(Clone, Default)]
struct Space(Rc<Cell<usize>>);

impl Space {
    fn take(&self, bytes: usize) -> Result<()> {
        let sum = self.0.get().checked_add(bytes).filter(|sum| *sum <= MAX_BYTES).ok_or_else(|| fails("ENOSPC"))?;
        self.0.set(sum);
        Ok(())
    }

    fn give(&self, bytes: usize) {
        self.0.set(self.0.get().saturating_sub(bytes));
    }
}

/// A file, which lives on while it is open.
pub struct File {
    contents: Vec<u8>,
    pub times: [f64; 3],
    pub mode: u32,
    pub number: u32,
    space: Space,
}

impl File {
    pub fn contents(&self) -> &[u8] {
        &self.contents
    }

    /// Writes at a place, after zeros if that is beyond the end.
    pub fn write(&mut self, at: usize, bytes: &[u8]) -> Result<()> {
        let end = at.checked_add(bytes.len()).ok_or_else(|| fails("EFBIG"))?;
        if end > self.contents.len() {
            self.resize(end)?;
        }
        if let Some(place) = self.contents.get_mut(at..end) {
            place.copy_from_slice(bytes);
        }
        self.times[0] = now();
        Ok(())
    }

    pub fn resize(&mut self, len: usize) -> Result<()> {
        let old = self.contents.len();
        if len > old {
            self.space.take(len - old)?;
            self.contents.resize(len, 0);
        } else {
            self.space.give(old - len);
            self.contents.truncate(len);
            self.contents.shrink_to(len.saturating_mul(2));
        }
        self.times[0] = now();
        Ok(())
    }

    pub fn stat(&self) -> Stat {
        Stat { folder: false, size: self.contents.len(), times: self.times, mode: self.mode, number: self.number }
    }
}

impl Drop for File {
    fn drop(&mut self) {
        self.space.give(self.contents.len() + ENTRY);
    }
}

/// A file that several may hold.
pub type Shared = Rc<RefCell<File>>;

struct Folder {
    times: [f64; 3],
    mode: u32,
    number: u32,
}

enum Node {
    File(Shared),
    Folder(Folder),
}

/// The folder, by absolute paths. It is empty at first.
#[derive(Default)]
pub struct Scratch {
    nodes: BTreeMap<String, Node>,
    space: Space,
    last: u32,
    made: Option<f64>,
}

impl Scratch {
    /// How many bytes it takes.
    pub fn used(&self) -> usize {
        self.space.0.get()
    }

    pub fn is_file(&self, path: &str) -> bool {
        matches!(self.nodes.get(path), Some(Node::File(_)))
    }

    fn is_folder(&self, path: &str) -> bool {
        path == ROOT || matches!(self.nodes.get(path), Some(Node::Folder(_)))
    }

    /// Whether something may be made at a path.
    pub fn has_parent(&self, path: &str) -> bool {
        let Some((parent, name)) = path.rsplit_once('/') else { return false };
        !matches!(name, "" | "." | "..") && name.len() <= 255 && path.len() <= MAX_PATH && self.is_folder(parent)
    }

    pub fn stat(&self, path: &str) -> Option<Stat> {
        if path == ROOT {
            return Some(Stat { folder: true, size: 4096, times: [self.made.unwrap_or_default(); 3], mode: 0o777, number: 2 });
        }
        Some(match self.nodes.get(path)? {
            Node::File(file) => file.borrow().stat(),
            Node::Folder(folder) => Stat { folder: true, size: 4096, times: folder.times, mode: folder.mode, number: folder.number },
        })
    }

    pub fn entries(&self, folder: &str) -> Vec<(&str, bool)> {
        let prefix = format!("{folder}/");
        let mut entries = Vec::new();
        let mut from = Bound::Excluded(prefix.clone());
        while let Some((path, node)) = self.nodes.range((from, Bound::Unbounded)).next() {
            let Some(name) = path.strip_prefix(&prefix) else { break };
            match name.split_once('/') {
                // A folder's contents may be apart from it: `a.txt` sorts between `a` and `a/b`.
                Some((above, _)) => from = Bound::Included(format!("{prefix}{above}0")),
                None => {
                    entries.push((name, matches!(node, Node::Folder(_))));
                    from = Bound::Excluded(path.clone());
                }
            }
        }
        entries
    }

    pub fn read(&self, path: &str) -> Option<Vec<u8>> {
        self.file(path).map(|file| file.borrow().contents.clone())
    }

    pub fn file(&self, path: &str) -> Option<Shared> {
        match self.nodes.get(path)? {
            Node::File(file) => Some(file.clone()),
            Node::Folder(_) => None,
        }
    }

    fn number(&mut self) -> u32 {
        self.last = self.last.wrapping_add(1);
        self.last.wrapping_add(2)
    }

    pub fn add_folder(&mut self, path: &str, mode: u32) -> Result<()> {
        self.space.take(ENTRY)?;
        let number = self.number();
        self.nodes.insert(path.to_owned(), Node::Folder(Folder { times: [now(); 3], mode: mode & 0o7777, number }));
        self.made.get_or_insert_with(now);
        Ok(())
    }

    pub fn add_file(&mut self, path: &str, mode: u32) -> Result<Shared> {
        self.space.take(ENTRY)?;
        let file = File { contents: Vec::new(), times: [now(); 3], mode: mode & 0o7777, number: self.number(), space: self.space.clone() };
        let file = Rc::new(RefCell::new(file));
        self.nodes.insert(path.to_owned(), Node::File(file.clone()));
        self.made.get_or_insert_with(now);
        Ok(file)
    }

    /// Removes a file or an empty folder.
    pub fn remove(&mut self, path: &str) -> Result<()> {
        if !self.entries(path).is_empty() {
            return Err(fails("ENOTEMPTY"));
        }
        if let Some(Node::Folder(_)) = self.nodes.remove(path) {
            self.space.give(ENTRY);
        }
        Ok(())
    }

    /// Moves what is at a path, and what is below it.
    /// The length of the longest path in a folder, or of the folder's own.
    pub fn longest_below(&self, folder: &str) -> usize {
        let prefix = format!("{folder}/");
        let below = self.nodes.range((Bound::Excluded(prefix.clone()), Bound::Unbounded)).map(|(path, _)| path);
        below.take_while(|path| path.starts_with(&prefix)).map(String::len).max().unwrap_or(0).max(folder.len())
    }

    pub fn rename(&mut self, from: &str, to: &str) {
        if let Some(node) = self.nodes.remove(from) {
            self.nodes.insert(to.to_owned(), node);
        }
        let prefix = format!("{from}/");
        let below = self.nodes.range((Bound::Excluded(prefix.clone()), Bound::Unbounded)).map(|(path, _)| path);
        let below: Vec<String> = below.take_while(|path| path.starts_with(&prefix)).cloned().collect();
        for path in below {
            if let (Some(node), Some(rest)) = (self.nodes.remove(&path), path.strip_prefix(from)) {
                self.nodes.insert(format!("{to}{rest}"), node);
            }
        }
    }

    pub fn touch(&mut self, path: &str, mode: Option<u32>, changed: Option<f64>, read: Option<f64>) {
        let set = |old_mode: &mut u32, times: &mut [f64; 3]| {
            *old_mode = mode.map_or(*old_mode, |mode| mode & 0o7777);
            times[0] = changed.unwrap_or(times[0]);
            times[1] = read.unwrap_or(times[1]);
        };
        match self.nodes.get_mut(path) {
            Some(Node::File(file)) => {
                let file = &mut *file.borrow_mut();
                set(&mut file.mode, &mut file.times);
            }
            Some(Node::Folder(folder)) => set(&mut folder.mode, &mut folder.times),
            None => {}
        }
    }
}

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64() * 1000.0).floor()
}
