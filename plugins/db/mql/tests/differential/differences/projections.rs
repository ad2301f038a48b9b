//! Projections.

use super::Difference;
use crate::case::Kind;

pub const ALL: &[Difference] = &[
    Difference {
        name: "$slice in an exclusion",
        covers: |seen| {
            seen.kind() == Kind::Find
                && seen.our_value().is_some()
                && seen.has("$slice")
                && seen.their_error() == Some("Cannot do exclusion and inclusion in projection.")
        },
        because: "$slice by itself is an exclusion: the other fields stay: reference/operator/projection/slice",
    },
    Difference {
        name: "fields beside a $slice",
        covers: |seen| seen.kind() == Kind::Find && seen.values().is_some() && seen.has("$slice"),
        because: "$slice by itself is an exclusion: the other fields stay: reference/operator/projection/slice",
    },
];
