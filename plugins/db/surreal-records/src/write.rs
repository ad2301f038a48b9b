//! Changes of records, which are made together or not at all.

use std::sync::Arc;

use bytes::Bytes;

/// What a record must be for a change to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expect {
    /// Not there.
    Absent,
    /// There, with this content.
    Is(Bytes),
    /// Whatever.
    Anything,
}

/// What becomes of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Then {
    /// It stays as it is; the expectation alone counts.
    Keep,
    /// It is made, or gets this content.
    Put(Bytes),
    /// It is removed if it is there.
    Remove,
    /// It is removed if it has this content.
    RemoveIf(Bytes),
}

/// One change.
#[derive(Clone, Debug)]
pub struct Write {
    /// The record's table.
    pub table: Arc<str>,
    /// The record's key.
    pub key: String,
    /// What it must be.
    pub expect: Expect,
    /// What it becomes.
    pub then: Then,
}

/// What came of several changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// All were made.
    All,
    /// None was made, because the record of this one was not as expected.
    Unexpected(usize),
}
