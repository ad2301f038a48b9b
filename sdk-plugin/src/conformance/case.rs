//! Running cases in spaces of a backend.

use std::sync::Arc;

use futures_util::{StreamExt, stream};

pub(super) use super::attempt::Case;
use super::attempt::{attempt, run_alone};
use super::backend::{Answering, Backend};
use crate::Result;

/// How many cases [`run_some`] has under way at the same time. Some of them wait most of the time.
const AT_ONCE: usize = 8;
/// A space of a backend, as the cases of a contract use it.
pub(super) trait CaseSpace: Send + Sized + 'static {
    /// Opens one that nobody has used.
    fn open(backend: Arc<dyn Answering>) -> impl Future<Output = Result<Self>> + Send;
}

/// Runs the cases whose names are wanted, and panics when one fails or none is wanted.
pub(super) async fn run_some<S: CaseSpace>(cases: &'static [Case<S>], backend: impl Backend, wanted: impl Fn(&str) -> bool) {
    let backend: Arc<dyn Answering> = Arc::new(backend);
    let chosen: Vec<&Case<S>> = cases.iter().filter(|case| wanted(case.name)).collect();
    assert!(!chosen.is_empty(), "no case has such a name");
    let count = chosen.len();
    let failures: Vec<String> = stream::iter(chosen)
        .map(|case| {
            let backend = backend.clone();
            async move { in_space(backend, case).await.err().map(|failure| format!("{}: {failure}", case.name)) }
        })
        .buffer_unordered(AT_ONCE)
        .filter_map(|failure| async { failure })
        .collect()
        .await;
    assert!(failures.is_empty(), "{} of {count} cases failed\n\n{}", failures.len(), failures.join("\n\n"));
}

/// Runs one case in a runtime of its own, and panics when it fails or there is none of this name.
pub(super) fn run_case<S: CaseSpace, B: Backend, F: Future<Output = B>>(cases: &'static [Case<S>], name: &str, open: impl FnOnce() -> F) {
    run_alone(cases, name, || async {
        let opened = S::open(Arc::new(open().await)).await;
        opened.unwrap_or_else(|error| panic!("no space was opened: {error:?}"))
    });
}

async fn in_space<S: CaseSpace>(backend: Arc<dyn Answering>, case: &Case<S>) -> Result<(), String> {
    let space = S::open(backend).await.map_err(|error| format!("no space was opened: {error:?}"))?;
    attempt((case.run)(space)).await
}
