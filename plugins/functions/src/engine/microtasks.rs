//! Microtasks of an isolate that may be stopped while it runs them.
//!
//! V8 ends with the one that was stopped and drops the others. QuickJS ends that one only: a promise whose
//! callbacks make others like it would go on for ever. There, they are run one by one.

#[cfg(not(feature = "v8"))]
use std::time::{Duration, Instant};

#[cfg(not(feature = "v8"))]
use deno_v8 as v8;

use super::ops::Scope;
#[cfg(not(feature = "v8"))]
use crate::runtime::Guard;

/// How long the microtasks of a stopped isolate may take to end.
#[cfg(not(feature = "v8"))]
const ENDING: Duration = Duration::from_secs(1);

/// Runs microtasks until none is left or the isolate is stopped.
#[cfg(feature = "v8")]
pub fn run(scope: &mut Scope) {
    scope.perform_microtask_checkpoint();
}

/// Runs microtasks until none is left or the isolate is stopped.
#[cfg(not(feature = "v8"))]
pub fn run(scope: &mut Scope) {
    while !scope.is_execution_terminating() {
        if !run_one(scope) {
            // Lets go of the targets that `WeakRef.deref` kept for these microtasks.
            scope.perform_microtask_checkpoint();
            return;
        }
    }
}

/// Ends the microtasks of an isolate that was stopped, and still is. Says whether that took too long, so
/// that some are left: the isolate must not be used any more.
#[cfg(not(feature = "v8"))]
pub fn end(scope: &mut Scope, guard: &Guard) -> bool {
    let deadline = Instant::now() + ENDING;
    guard.remind();
    while run_one(scope) {
        if Instant::now() >= deadline {
            return true;
        }
        guard.remind();
    }
    false
}

/// Runs a microtask, if there is one.
#[cfg(not(feature = "v8"))]
fn run_one(scope: &mut Scope) -> bool {
    v8::tc_scope!(let scope, scope);
    let platform = v8::V8::get_current_platform();
    // It says no for a microtask that was stopped, too.
    v8::Platform::pump_message_loop(&platform, scope, false) || scope.has_caught()
}
