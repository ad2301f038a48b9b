//! Running cases.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt, stream};

use super::backend::{Answering, Backend};
use crate::Result;

/// How many cases [`run_some`] has under way at the same time. Some of them wait most of the time.
const AT_ONCE: usize = 8;
/// How long a case may take. The longest one waits for a transaction to run out.
const PATIENCE: Duration = Duration::from_secs(180);

/// A space of a backend, as the cases of a contract use it.
pub(super) trait CaseSpace: Send + Sized + 'static {
    /// Opens one that nobody has used.
    fn open(backend: Arc<dyn Answering>) -> impl Future<Output = Result<Self>> + Send;
}

/// A case: something that a contract says.
pub(super) struct Case<S: 'static> {
    pub(super) name: &'static str,
    pub(super) run: fn(S) -> BoxFuture<'static, ()>,
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
            async move { attempt(backend, case).await.err().map(|failure| format!("{}: {failure}", case.name)) }
        })
        .buffer_unordered(AT_ONCE)
        .filter_map(|failure| async { failure })
        .collect()
        .await;
    assert!(failures.is_empty(), "{} of {count} cases failed\n\n{}", failures.len(), failures.join("\n\n"));
}

/// Runs one case in a runtime of its own, and panics when it fails or there is none of this name.
pub(super) fn run_case<S: CaseSpace, B: Backend, F: Future<Output = B>>(cases: &'static [Case<S>], name: &str, open: impl FnOnce() -> F) {
    let case = cases.iter().find(|case| case.name == name);
    let case = case.unwrap_or_else(|| panic!("there is no case `{name}`"));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.unwrap_or_else(|error| panic!("no runtime: {error}"));
    let outcome = runtime.block_on(async { attempt(Arc::new(open().await), case).await });
    if let Err(failure) = outcome {
        panic!("{name}: {failure}");
    }
}

async fn attempt<S: CaseSpace>(backend: Arc<dyn Answering>, case: &Case<S>) -> Result<(), String> {
    let space = S::open(backend).await.map_err(|error| format!("no space was opened: {error:?}"))?;
    let work = tokio::spawn(std::panic::AssertUnwindSafe((case.run)(space)).catch_unwind());
    let abort = work.abort_handle();
    match tokio::time::timeout(PATIENCE, work).await {
        Ok(Ok(Ok(()))) => Ok(()),
        Ok(Ok(Err(panic))) => Err(message(&*panic)),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => {
            abort.abort();
            Err(format!("it did not end within {PATIENCE:?}"))
        }
    }
}

fn message(panic: &(dyn Any + Send)) -> String {
    match (panic.downcast_ref::<String>(), panic.downcast_ref::<&str>()) {
        (Some(text), _) => text.clone(),
        (_, Some(text)) => (*text).to_owned(),
        _ => "it panicked".to_owned(),
    }
}
