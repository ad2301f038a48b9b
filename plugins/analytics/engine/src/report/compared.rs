//! Reports of some days that can be shown beside earlier ones.

use serde::Serialize;

use super::Range;
use super::audience::Audience;
use super::trend::Params;
use crate::{Result, Snapshot, Unit};

/// The figures of some days, and of earlier ones beside them.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Compared<S> {
    /// The buckets' unit.
    pub unit: Unit,
    /// What was asked for.
    #[serde(flatten)]
    pub series: S,
    /// The earlier days, where they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comparison: Option<S>,
}

impl<S> Compared<S> {
    /// Makes both.
    pub(super) fn of(snapshot: &Snapshot, params: &Params, series_of: impl Fn(&Audience<'_>, Range, Unit) -> S) -> Result<Self> {
        let (range, compared) = params.ranges()?;
        let audience = Audience::of(snapshot, params.channel.as_deref());
        let series = |range| series_of(&audience, range, params.unit);
        Ok(Self { unit: params.unit, series: series(range), comparison: compared.map(series) })
    }

    /// What was asked for, then the earlier days.
    pub(super) fn all(&self) -> impl Iterator<Item = &S> {
        std::iter::once(&self.series).chain(&self.comparison)
    }
}
