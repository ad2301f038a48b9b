//! Pages of objects in the order of their keys.
//!
//! Folders are walked one level at a time, for stores that do not list in this order from any
//! key on; for those that do, see [`crate::scan`]. What is held of a folder is bounded by the size
//! of a page, so that it may have any number of objects.

use std::collections::BinaryHeap;

use futures_util::TryStreamExt;
use opendal::ErrorKind;
use sdk_plugin::contract::storage::{List, Listing, Object};
use sdk_plugin::{Error, Result, codes};

use crate::backend::{describe, failure};
use crate::layout::{Layout, Name};
use crate::store::Store;

/// The largest page.
const MAX_LIMIT: usize = 1000;

/// An entry of a folder. A folder's key ends in a slash, so that the order of entries is the
/// order of the keys under them.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Item {
    key: String,
    path: String,
    /// What the listing told of it; a folder or an object of which it told too little has none.
    known: Option<(u64, i64, String)>,
}

/// A folder that is being walked.
struct Folder {
    key: String,
    /// The next entries, last first.
    items: Vec<Item>,
    /// Whether there may be more entries than `items` had room for.
    more: bool,
    /// The last entry that was taken.
    last: Option<String>,
}

impl Folder {
    fn new(key: String) -> Self {
        Self { key, items: Vec::new(), more: true, last: None }
    }
}

impl Store {
    /// Lists a page.
    pub async fn list(&self, space: &str, list: &List) -> Result<Listing> {
        if !(1..=MAX_LIMIT).contains(&list.limit) {
            return Err(Error::invalid_params(format!("limit is {}, and may be 1 to {MAX_LIMIT}", list.limit)));
        }
        let start = list.prefix.rfind('/').map_or("", |end| &list.prefix[..=end]);
        // A prefix does not lead elsewhere either.
        self.layout.folder(space, start.trim_end_matches('/'))?;
        let can = self.operator.info().capability();
        if self.layout == Layout::Flat && can.list_with_recursive && can.list_with_start_after {
            return self.scan(space, list).await;
        }
        let mut objects: Vec<Object> = Vec::new();
        let mut walk = vec![Folder::new(start.to_owned())];
        while let Some(folder) = walk.last_mut() {
            let Some(item) = folder.items.pop() else {
                if folder.more {
                    self.read(space, folder, list).await?;
                } else {
                    walk.pop();
                }
                continue;
            };
            folder.last = Some(item.key.clone());
            if item.key.ends_with('/') {
                walk.push(Folder::new(item.key));
                continue;
            }
            if objects.len() == list.limit {
                let next = objects.last().map(|object| object.key.clone());
                return Ok(Listing { objects, next });
            }
            match item.known {
                Some((size, modified, etag)) => objects.push(Object { key: item.key, size, modified, etag }),
                None => match self.stat_path(&item.path, &item.key).await {
                    Ok(object) => objects.push(object),
                    // Deleted since the folder was read.
                    Err(error) if error.code() == codes::NOT_FOUND => {}
                    Err(error) => return Err(error),
                },
            }
        }
        Ok(Listing { objects, next: None })
    }

    /// Reads the next entries of a folder.
    async fn read(&self, space: &str, folder: &mut Folder, list: &List) -> Result<()> {
        let path = self.layout.folder(space, folder.key.trim_end_matches('/'))?;
        let room = list.limit + 1;
        let mut smallest = BinaryHeap::with_capacity(room + 1);
        folder.more = false;
        let mut entries = match self.operator.lister(&path).await {
            Ok(entries) => entries,
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(()),
            Err(e) => return Err(failure(&folder.key, e)),
        };
        while let Some(entry) = entries.try_next().await.map_err(|e| failure(&folder.key, e))? {
            let Some(name) = entry.path().strip_prefix(&path).filter(|name| !name.is_empty()) else { continue };
            let (key, is_file) = match self.layout.decode(name) {
                Some(Name::File(name)) => (format!("{}{name}", folder.key), true),
                Some(Name::Folder(name)) => (format!("{}{name}/", folder.key), false),
                None => continue,
            };
            let fits = key.starts_with(&list.prefix) || (!is_file && list.prefix.starts_with(&key));
            let after = list.after.as_deref().is_none_or(|after| key.as_str() > after || (!is_file && after.starts_with(&key)));
            let new = folder.last.as_ref().is_none_or(|last| key > *last);
            if fits && after && new {
                let known = describe(&key, entry.metadata()).filter(|_| is_file).map(|o| (o.size, o.modified, o.etag));
                smallest.push(Item { key, path: entry.path().to_owned(), known });
                if smallest.len() > room {
                    smallest.pop();
                    folder.more = true;
                }
            }
        }
        folder.items = smallest.into_sorted_vec();
        folder.items.reverse();
        Ok(())
    }
}
