//! Which channels a report shows: those that were asked for, or the first by a figure.

use crate::{ChannelId, Error, Result, Snapshot};

/// What tables call all channels that are not shown. It has no place there, unlike a channel of that name.
pub(super) const OTHERS: &str = "(all others)";

/// A channel that is shown. It has no number when nobody came by it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Chosen {
    pub name: String,
    pub id: Option<ChannelId>,
}

/// The channels of these names, each once, where it comes first.
///
/// # Errors
/// [`Error::Parameter`] when there are more than `most` names.
pub(super) fn asked(snapshot: &Snapshot, names: &[String], most: usize) -> Result<Vec<Chosen>> {
    if names.len() > most {
        return Err(Error::parameter(format!("`channels` has {} names, and at most {most} are allowed", names.len())));
    }
    let mut met = std::collections::HashSet::new();
    let each_once = names.iter().filter(|name| met.insert(name.as_str()));
    Ok(each_once.map(|name| Chosen { name: name.clone(), id: snapshot.channels.id(name) }).collect())
}

/// Of channels with a figure, the `count` with the highest; equal ones by name, absent figures last.
pub(super) fn highest<F: PartialOrd>(snapshot: &Snapshot, figures: impl IntoIterator<Item = (ChannelId, F)>, count: usize) -> Vec<Chosen> {
    let mut ranked: Vec<_> = figures.into_iter().map(|(id, figure)| (figure, snapshot.channels.name(id), id)).collect();
    ranked.sort_by(|one, other| other.0.partial_cmp(&one.0).unwrap_or(std::cmp::Ordering::Equal).then_with(|| one.1.cmp(other.1)));
    ranked.into_iter().take(count).map(|(_, name, id)| Chosen { name: name.to_owned(), id: Some(id) }).collect()
}
