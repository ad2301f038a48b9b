//! Which file of a site a path leads to.

use crate::current::Live;
use crate::manifest::File;

/// Where a path leads.
#[derive(Debug, PartialEq, Eq)]
pub enum Target<'a> {
    /// To a file.
    File(&'a File),
    /// To a folder with an index document, whose path this is.
    Folder(String),
    /// Nowhere.
    Nothing,
}

/// Finds out where a decoded path, without its first slash, leads.
///
/// The root and folders, whose paths end in a slash, lead to their index documents. An index
/// document whose path has a slash is that of the root alone.
pub fn resolve<'a>(live: &'a Live, path: &str) -> Target<'a> {
    let file = |path: &str| live.manifest.get(path).filter(|file| !file.is_folder());
    let is_for_all = !live.index.is_empty() && !live.index.contains('/');
    if path.is_empty() {
        return file(&live.index).map_or(Target::Nothing, Target::File);
    }
    if path.ends_with('/') {
        let index = if is_for_all { file(&format!("{path}{}", live.index)) } else { None };
        return index.map_or(Target::Nothing, Target::File);
    }
    if let Some(file) = file(path) {
        return Target::File(file);
    }
    if is_for_all && file(&format!("{path}/{}", live.index)).is_some() {
        return Target::Folder(format!("{path}/"));
    }
    Target::Nothing
}
