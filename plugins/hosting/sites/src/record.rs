//! The record of a site. All that decides what a site is, and what of it may be removed, is in one
//! document, which changes as a whole: every change names the version that it was made from.

use serde::{Deserialize, Serialize};

use crate::manifest::Manifest;

/// How many releases are kept, the current one included.
pub const KEPT: usize = 10;
/// How many deployments of a site may be open; a newer one takes the place of the oldest.
const MAX_OPEN: usize = 10;

/// A site.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Site {
    /// The space.
    pub space: String,
    /// Changes with every change.
    pub version: u64,
    /// When it was opened, in milliseconds since 1970.
    pub opened: u64,
    /// What is served for folders.
    pub index: String,
    /// What is served where there is no file; empty for a page of mpcloud's own.
    pub error: String,
    /// The status of that.
    pub error_status: u16,
    /// Who may see it: addresses and ranges of addresses. Everybody when it is empty.
    pub allowed: Vec<String>,
    /// The releases that are kept, oldest first. The last one is the current one.
    pub releases: Vec<Release>,
    /// The number of the next release.
    pub next: u64,
    /// Deployments that may still be committed.
    pub open: Vec<Open>,
    /// Whether something may have become needless since the last sweep.
    pub garbage: bool,
    /// When it was last swept, in milliseconds since 1970.
    pub swept: u64,
}

/// What made a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A deployment.
    Deployment,
    /// Uploads and deletions of files. Those that follow each other are one release to go back to.
    Files,
    /// Going back to a release. Going back again takes its place.
    Rollback,
}

/// A release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Release {
    /// Counts from 1.
    pub number: u64,
    /// What made it.
    pub kind: Kind,
    /// The release whose files it has: its own number, unless it goes back to another.
    pub source: u64,
    /// The name of its manifest.
    pub manifest: String,
    /// When it was made, in milliseconds since 1970.
    pub created: u64,
    /// How many files it has.
    pub files: u64,
    /// How many bytes they have.
    pub bytes: u64,
    /// The deployment that it is of; empty for none.
    pub deployment: String,
}

/// A deployment that has not been committed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Open {
    /// Its id.
    pub id: String,
    /// Until when it may be committed, in milliseconds since 1970.
    pub expires: u64,
}

impl Site {
    /// A site without files.
    pub fn new(space: &str, now: u64) -> Self {
        Self {
            space: space.to_owned(),
            version: 1,
            opened: now,
            index: "index.html".to_owned(),
            error: "error.html".to_owned(),
            error_status: 404,
            allowed: Vec::new(),
            releases: Vec::new(),
            next: 1,
            open: Vec::new(),
            garbage: false,
            swept: now,
        }
    }

    /// The release that visitors see.
    pub fn current(&self) -> Option<&Release> {
        self.releases.last()
    }

    /// Makes a manifest the current release.
    pub fn release(&mut self, kind: Kind, name: &str, manifest: &Manifest, deployment: &str, now: u64) {
        let number = self.next;
        let files = manifest.files().len() as u64;
        self.push(Release {
            number,
            kind,
            source: number,
            manifest: name.to_owned(),
            created: now,
            files,
            bytes: manifest.bytes(),
            deployment: deployment.to_owned(),
        });
    }

    /// Goes back to a release: to that with a number, or to the one before the current one's
    /// files. Gives its number; none when there is none.
    pub fn roll_back(&mut self, to: Option<u64>, now: u64) -> Option<u64> {
        let current = self.current()?.source;
        let target = match to {
            Some(number) => self.releases.iter().find(|release| release.number == number)?,
            None => {
                self.releases.iter().filter(|release| release.source < current).max_by_key(|release| (release.source, release.number))?
            }
        };
        let source = target.source;
        let release = Release { number: self.next, kind: Kind::Rollback, created: now, deployment: String::new(), ..target.clone() };
        self.push(release);
        Some(source)
    }

    fn push(&mut self, release: Release) {
        // Going back step by step shall not push out what there is to go back to.
        let follows = self.current().is_some_and(|current| current.kind == release.kind);
        if follows && release.kind != Kind::Deployment {
            self.releases.pop();
            self.garbage = true;
        }
        self.releases.push(release);
        self.next += 1;
        while self.releases.len() > KEPT {
            self.releases.remove(0);
            self.garbage = true;
        }
    }

    /// Opens a deployment.
    pub fn open(&mut self, id: &str, expires: u64) {
        while self.open.len() >= MAX_OPEN {
            self.open.remove(0);
            self.garbage = true;
        }
        self.open.push(Open { id: id.to_owned(), expires });
    }

    /// Whether a deployment may be committed.
    pub fn is_open(&self, id: &str) -> bool {
        self.open.iter().any(|open| open.id == id)
    }

    /// Closes a deployment.
    pub fn close(&mut self, id: &str) {
        self.open.retain(|open| open.id != id);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn site(kinds: &[Kind]) -> Site {
        let mut site = Site::new("s", 0);
        for kind in kinds {
            let name = format!("m{}", site.next);
            site.release(*kind, &name, &Manifest::default(), "", 0);
        }
        site
    }

    fn numbers(site: &Site) -> Vec<u64> {
        site.releases.iter().map(|release| release.number).collect()
    }

    #[test]
    fn the_last_releases_are_kept_and_changes_of_files_count_once() {
        let mut many = site(&[Kind::Deployment; 12]);
        assert_eq!(numbers(&many), (3..=12).collect::<Vec<_>>());
        assert!(many.garbage);
        many.release(Kind::Files, "m", &Manifest::default(), "", 0);
        let few = site(&[Kind::Deployment, Kind::Files, Kind::Files, Kind::Files, Kind::Deployment]);
        assert_eq!(numbers(&few), [1, 4, 5]);
    }

    #[test]
    fn going_back_again_goes_further_back() {
        let mut site = site(&[Kind::Deployment; 3]);
        assert_eq!(site.roll_back(None, 0), Some(2));
        assert_eq!((site.current().unwrap().number, site.current().unwrap().manifest.as_str()), (4, "m2"));
        assert_eq!(site.roll_back(None, 0), Some(1));
        assert_eq!(site.roll_back(None, 0), None);
        assert_eq!(numbers(&site), [1, 2, 3, 5]);
        assert_eq!(site.roll_back(Some(3), 0), Some(3));
        assert_eq!(site.current().unwrap().manifest, "m3");
        assert_eq!(site.roll_back(None, 0), Some(2));
        assert_eq!(site.roll_back(Some(99), 0), None);
        assert_eq!(Site::new("s", 0).roll_back(None, 0), None);
    }

    #[test]
    fn few_deployments_are_open() {
        let mut site = Site::new("s", 0);
        for n in 0..12 {
            site.open(&n.to_string(), 0);
        }
        assert!(!site.is_open("1") && site.is_open("2") && site.is_open("11"));
        site.close("11");
        assert!(!site.is_open("11"));
    }
}
