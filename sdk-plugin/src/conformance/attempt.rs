//! Attempts at cases.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

/// How long a case may take. The longest one waits for a transaction to run out.
const PATIENCE: Duration = Duration::from_secs(180);

/// A case: something that a contract says, shown by `S`.
pub(super) struct Case<S: 'static> {
    pub(super) name: &'static str,
    pub(super) run: fn(S) -> BoxFuture<'static, ()>,
}

/// Runs one case in a runtime of its own, and panics when it fails or there is none of this name.
pub(super) fn run_alone<S: 'static, F: Future<Output = S>>(cases: &[Case<S>], name: &str, open: impl FnOnce() -> F) {
    let case = cases.iter().find(|case| case.name == name);
    let case = case.unwrap_or_else(|| panic!("there is no case `{name}`"));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.unwrap_or_else(|error| panic!("no runtime: {error}"));
    let outcome = runtime.block_on(async { attempt((case.run)(open().await)).await });
    if let Err(failure) = outcome {
        panic!("{name}: {failure}");
    }
}

/// Does what a case does, and tells why it failed.
pub(super) async fn attempt(work: BoxFuture<'static, ()>) -> Result<(), String> {
    let work = tokio::spawn(AssertUnwindSafe(work).catch_unwind());
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
