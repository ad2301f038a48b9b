//! An isolate with the prelude in its context.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use deno_v8 as v8;
use sdk_plugin::{Error, Result, codes};

use super::code_cache::Fresh;
use super::ops::{self, State};
use super::stopper::Stopper;
use super::{convert, memory, microtasks, modules, platform, prelude, snapshot};
use crate::native::{self, Failure};
use crate::runtime::{Guard, StopCause};

/// What a stretch does.
pub enum Entry<'a> {
    /// Calls the function: its number, and `ctx.args` as JSON text.
    Start(u32, &'a str),
    /// A service has answered: the call's number, whether it succeeded, and JSON text.
    Complete(u32, bool, &'a [u8]),
    /// A native op has ended: its number and its result.
    Settle(u32, &'a mut Option<native::Result>),
    /// A call has ended that left these behind: what waits for them is dropped.
    Forget(&'a [u32]),
    /// A timer is due: its number, and whether the call it belongs to still runs.
    Fire(u32, bool),
}

/// An isolate, for the thread that made it.
pub struct Isolate {
    // The order matters: handles go before the isolate, and its watch after it.
    start: v8::Global<v8::Function>,
    complete: v8::Global<v8::Function>,
    settle: v8::Global<v8::Function>,
    fire: v8::Global<v8::Function>,
    forget: v8::Global<v8::Function>,
    context: v8::Global<v8::Context>,
    isolate: v8::OwnedIsolate,
    watch: Box<memory::Watch>,
    guard: Arc<Guard>,
    state: Rc<RefCell<State>>,
    /// Microtasks of a call that was stopped are left: they would run on in the time of others.
    clogged: bool,
}

impl Isolate {
    /// An isolate with a heap limit in bytes, whose JavaScript `guard` ends.
    ///
    /// # Errors
    /// `FunctionServerError` when the prelude does not run, which is a fault of ours or a limit
    /// that is far too low.
    pub fn new(limit: usize, state: Rc<RefCell<State>>, guard: Arc<Guard>) -> Result<Self> {
        platform::start();
        let params = memory::params(limit, &state.borrow().buffers);
        let mut isolate = v8::Isolate::new(snapshot::with_blob(params));
        isolate.set_microtasks_policy(v8::MicrotasksPolicy::Explicit);
        // QuickJS does not take it from the parameters.
        isolate.set_allow_atomics_wait(false);
        // SAFETY: the field order drops the isolate before its watch.
        let watch = unsafe { memory::Watch::over(&mut isolate, guard.clone(), limit) };
        isolate.set_slot(state.clone());
        isolate.set_promise_reject_callback(ops::promise_rejected);
        isolate.set_host_import_module_dynamically_callback(modules::import_dynamically);
        isolate.set_host_initialize_import_meta_object_callback(modules::describe_module);
        let (context, entries) = {
            v8::scope!(let scope, &mut isolate);
            let context = v8::Context::new(scope, v8::ContextOptions::default());
            let scope = &mut v8::ContextScope::new(scope, context);
            // SAFETY: the guard interrupts what runs in the isolate, and with it goes the context.
            guard.arm(Box::new(unsafe { Stopper::new(scope, context) }));
            let entries = prelude::in_context(scope).and_then(|internal| prelude::entries(scope, internal));
            (v8::Global::new(scope, context), entries)
        };
        let Some(prelude::Entries { start, complete, settle, fire, forget }) = entries else {
            // The globals must go before the isolate does.
            drop(context);
            return Err(Error::new(codes::FUNCTION_SERVER, "the function's instance cannot start"));
        };
        Ok(Self { start, complete, settle, fire, forget, context, isolate, watch, guard, state, clogged: false })
    }

    /// Runs a stretch until `deadline`. Says why it was stopped, if it was.
    pub fn run(&mut self, entry: &mut Entry, deadline: Instant) -> Option<StopCause> {
        self.guard.begin(deadline);
        // What JavaScript has dropped makes room for what arrives; else it would not until the heap is full.
        if let Entry::Settle(_, Some(Ok(value))) = entry
            && !self.state.borrow().buffers.have_room(value.size())
        {
            self.isolate.low_memory_notification();
        }
        let thrown = {
            v8::scope_with_context!(let scope, &mut self.isolate, &self.context);
            v8::tc_scope!(let scope, scope);
            let this = v8::undefined(scope).into();
            let called = match entry {
                Entry::Start(call, args) => text(scope, args.as_bytes()).and_then(|args| {
                    let call = v8::Integer::new_from_unsigned(scope, *call).into();
                    v8::Local::new(scope, &self.start).call(scope, this, &[call, args.into()])
                }),
                Entry::Complete(id, succeeded, data) => text(scope, data).and_then(|data| {
                    let id = v8::Integer::new_from_unsigned(scope, *id).into();
                    let succeeded = v8::Boolean::new(scope, *succeeded).into();
                    v8::Local::new(scope, &self.complete).call(scope, this, &[id, succeeded, data.into()])
                }),
                Entry::Settle(id, result) => settled(scope, &self.state, result).and_then(|(succeeded, value)| {
                    let id = v8::Integer::new_from_unsigned(scope, *id).into();
                    let succeeded = v8::Boolean::new(scope, succeeded).into();
                    v8::Local::new(scope, &self.settle).call(scope, this, &[id, succeeded, value])
                }),
                Entry::Forget(ids) => {
                    let ids: Vec<v8::Local<v8::Value>> = ids.iter().map(|id| v8::Integer::new_from_unsigned(scope, *id).into()).collect();
                    let ids = v8::Array::new_with_elements(scope, &ids).into();
                    v8::Local::new(scope, &self.forget).call(scope, this, &[ids])
                }
                Entry::Fire(id, live) => {
                    let id = v8::Integer::new_from_unsigned(scope, *id).into();
                    let live = v8::Boolean::new(scope, *live).into();
                    v8::Local::new(scope, &self.fire).call(scope, this, &[id, live])
                }
            };
            let thrown = (called.is_none() && !self.guard.is_stopped()).then(|| match scope.exception() {
                Some(exception) => exception.to_rust_string_lossy(scope),
                None => "the engine refused to run the function".to_owned(),
            });
            scope.reset();
            if !self.guard.is_stopped() {
                microtasks::run(scope);
            }
            #[cfg(not(feature = "v8"))]
            if self.guard.is_stopped() {
                self.clogged |= microtasks::end(scope, &self.guard);
            }
            thrown
        };
        if !self.guard.is_stopped() {
            self.report_rejections();
        }
        let stopped = self.guard.end();
        if stopped.is_some() {
            self.isolate.cancel_terminate_execution();
        }
        // The prelude catches what functions throw; what comes through is a stack that was too
        // deep for the prelude itself.
        if let (Some(message), Entry::Start(call, _)) = (thrown, &entry) {
            self.state.borrow_mut().fail(*call, message, "");
        }
        stopped
    }

    /// Logs the promises that were rejected in this stretch and that nobody has handled by its end.
    fn report_rejections(&mut self) {
        let rejected = std::mem::take(&mut self.state.borrow_mut().rejected);
        if rejected.is_empty() {
            return;
        }
        v8::scope_with_context!(let scope, &mut self.isolate, &self.context);
        v8::tc_scope!(let scope, scope);
        for promise in rejected {
            let promise = v8::Local::new(scope, promise);
            if promise.state() == v8::PromiseState::Rejected && !promise.has_handler() {
                let reason = promise.result(scope).to_rust_string_lossy(scope);
                self.state.borrow().log(0, "error", format!("Unhandled promise rejection: {reason}"));
            }
        }
    }

    /// Whether it can run nothing more: it was given up, or would run what it must not.
    pub fn is_over(&self) -> bool {
        self.clogged || self.guard.is_lost()
    }

    /// Collects garbage.
    pub fn collect(&mut self) {
        self.isolate.low_memory_notification();
    }

    /// Collects garbage after the heap limit was reached, and lowers the limit again. Says whether what
    /// is left fits.
    pub fn recover(&mut self, limit: usize) -> bool {
        self.collect();
        self.watch.restore(&mut self.isolate);
        // With less room than that it would only come here again.
        self.memory_used() <= limit / 4 * 3
    }

    /// Runs what the engine has put off: garbage collection, finalizers. Says why it was stopped, if it
    /// was.
    pub fn tend(&mut self, deadline: Instant) -> Option<StopCause> {
        self.guard.begin(deadline);
        #[cfg(feature = "v8")]
        {
            let platform = v8::V8::get_current_platform();
            while !self.guard.is_stopped() && v8::Platform::pump_message_loop(&platform, &self.isolate, false) {}
        }
        #[cfg(not(feature = "v8"))]
        {
            v8::scope_with_context!(let scope, &mut self.isolate, &self.context);
            microtasks::run(scope);
            if self.guard.is_stopped() {
                self.clogged |= microtasks::end(scope, &self.guard);
            }
        }
        let stopped = self.guard.end();
        if stopped.is_some() {
            self.isolate.cancel_terminate_execution();
        }
        stopped
    }

    /// Keeps the bytecode of a function for other isolates.
    pub fn keep_code(&mut self, fresh: &Fresh) {
        v8::scope_with_context!(let scope, &mut self.isolate, &self.context);
        fresh.keep(scope);
    }

    /// The memory in use, in bytes: the heap, and what the engine counts outside of it.
    pub fn memory_used(&mut self) -> usize {
        let outside = self.isolate.adjust_amount_of_external_allocated_memory(0);
        self.isolate.get_heap_statistics().used_heap_size() + usize::try_from(outside).unwrap_or(0)
    }
}

impl Drop for Isolate {
    fn drop(&mut self) {
        // A panic may have left a stretch that has not ended: from here on nothing may interrupt it.
        self.guard.end();
    }
}

/// Whether an op succeeded, and its value or error.
fn settled<'s>(
    scope: &v8::PinScope<'s, '_>,
    state: &RefCell<State>,
    result: &mut Option<native::Result>,
) -> Option<(bool, v8::Local<'s, v8::Value>)> {
    let buffers = state.borrow().buffers.clone();
    let failure = match result.take()? {
        Ok(value) => match convert::to_js(scope, &buffers, value) {
            Some(value) => return Some((true, value)),
            None => Failure::range_error("ERR_MEMORY_ALLOCATION_FAILED", "the result does not fit into the function's memory"),
        },
        Err(failure) => failure,
    };
    convert::error(scope, &buffers, failure).map(|error| (false, error))
}

/// A string of the engine's, of UTF-8.
pub fn text<'s>(scope: &v8::PinScope<'s, '_>, utf8: &[u8]) -> Option<v8::Local<'s, v8::String>> {
    v8::String::new_from_utf8(scope, utf8, v8::NewStringType::Normal)
}
