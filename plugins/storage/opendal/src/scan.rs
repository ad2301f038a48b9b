//! Pages of objects of a store that lists paths in their order, and from any on.
//!
//! The order of paths is that of keys, but for keys that end in white space: those lie at a path
//! with a mark ([`Layout`](crate::layout::Layout)), behind the paths of keys that continue them
//! with a space. Before such a key is listed, it is looked whether there is the shorter one.

use std::collections::HashSet;

use futures_util::TryStreamExt;
use sdk_plugin::contract::storage::{List, Listing, Object};
use sdk_plugin::{Result, codes};

use crate::backend::{describe, failure};
use crate::layout::Name;
use crate::store::Store;

/// The entries that a store is asked for at once; more than this is too many for some.
const AT_ONCE: usize = 1000;

impl Store {
    /// Lists a page whose limits were checked.
    pub(crate) async fn scan(&self, space: &str, list: &List) -> Result<Listing> {
        let home = self.layout.space(space)?;
        let path = format!("{home}{}", list.prefix);
        let mut lister = self.operator.lister_with(&path).recursive(true).limit(AT_ONCE.min(list.limit + 1));
        if let Some(after) = &list.after {
            lister = lister.start_after(&format!("{home}{after}"));
        }
        let mut entries = lister.await.map_err(|e| failure(&list.prefix, e))?;
        let mut page = Page { list, objects: Vec::new(), next: None };
        let mut looked_for = HashSet::new();
        while let Some(entry) = entries.try_next().await.map_err(|e| failure(&list.prefix, e))? {
            let Some(name) = entry.path().strip_prefix(&home) else { continue };
            let Some(Name::File(key)) = self.layout.decode(name) else { continue };
            if key.as_str() > list.prefix.as_str() && !key.starts_with(&list.prefix) {
                break;
            }
            for shorter in ends_in_white_space(&key) {
                if page.wants(shorter) && looked_for.insert(shorter.to_owned()) {
                    match self.stat(space, shorter).await {
                        Ok(object) => page.push(object),
                        Err(error) if error.code() == codes::NOT_FOUND => {}
                        Err(error) => return Err(error),
                    }
                }
            }
            if page.wants(&key) {
                match describe(&key, entry.metadata()) {
                    Some(object) => page.push(object),
                    None => match self.stat_path(entry.path(), &key).await {
                        Ok(object) => page.push(object),
                        Err(error) if error.code() == codes::NOT_FOUND => {}
                        Err(error) => return Err(error),
                    },
                }
            }
            if page.next.is_some() {
                break;
            }
        }
        Ok(Listing { objects: page.objects, next: page.next })
    }
}

/// The keys that a key continues with a space, and that end in white space.
fn ends_in_white_space(key: &str) -> impl Iterator<Item = &str> {
    key.match_indices(' ').map(|(end, _)| &key[..end]).filter(|shorter| shorter.ends_with(char::is_whitespace))
}

struct Page<'a> {
    list: &'a List,
    objects: Vec<Object>,
    /// The last key, once there is one more object than the page may have.
    next: Option<String>,
}

impl Page<'_> {
    /// Whether a key belongs to the page, or to a later one.
    fn wants(&self, key: &str) -> bool {
        key.starts_with(&self.list.prefix)
            && self.list.after.as_deref().is_none_or(|after| key > after)
            && self.objects.last().is_none_or(|last| key > last.key.as_str())
    }

    fn push(&mut self, object: Object) {
        if self.objects.len() < self.list.limit {
            self.objects.push(object);
        } else {
            self.next = self.objects.last().map(|last| last.key.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ends_in_white_space;

    #[test]
    fn keys_that_are_looked_for() {
        let shorter = |key| ends_in_white_space(key).collect::<Vec<_>>();
        assert!(shorter("my photo 1.jpg").is_empty());
        assert_eq!(shorter("a   b"), ["a ", "a  "]);
        assert_eq!(shorter("图\u{3000} x"), ["图\u{3000}"]);
        assert_eq!(shorter("c  /x"), ["c "]);
        assert!(shorter(" a").is_empty());
    }
}
