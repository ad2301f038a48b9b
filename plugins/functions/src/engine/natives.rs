//! The native ops as functions that the prelude sees, and their results.

use std::sync::LazyLock;

use deno_v8 as v8;

use super::convert::{self, Budget};
use super::ops::{Args, Return, Scope, Shared, state};
use crate::native::{self, Args as Values, Failure, Op};

/// The ops as an array of `[name, function, whether it answers later]`.
pub fn table<'s>(scope: &mut Scope<'s, '_>) -> Option<v8::Local<'s, v8::Array>> {
    let mut entries = Vec::new();
    for (index, (name, op)) in native::ops().enumerate() {
        let name = v8::String::new(scope, name)?;
        let later = v8::Boolean::new(scope, matches!(op, Op::Async(_)));
        let index = v8::Integer::new_from_unsigned(scope, u32::try_from(index).ok()?);
        let function = match op {
            Op::Sync(_) => v8::Function::builder(sync),
            Op::Async(_) => v8::Function::builder(begin),
        };
        let function = function.data(index.into()).build(scope)?;
        entries.push(v8::Array::new_with_elements(scope, &[name.into(), function.into(), later.into()]).into());
    }
    Some(v8::Array::new_with_elements(scope, &entries))
}

/// The functions behind the table, as a snapshot names them.
#[cfg(feature = "v8")]
pub fn references() -> [v8::ExternalReference; 2] {
    use v8::MapFnTo;
    [v8::ExternalReference { function: sync.map_fn_to() }, v8::ExternalReference { function: begin.map_fn_to() }]
}

fn op(scope: &mut Scope, args: &Args) -> Option<Op> {
    static OPS: LazyLock<Vec<Op>> = LazyLock::new(|| native::ops().map(|(_, op)| *op).collect());
    let index = args.data().uint32_value(scope)?;
    OPS.get(index as usize).copied()
}

/// The arguments of an op. `None` when an error was thrown, because they are too large.
fn values(scope: &mut Scope, args: &Args, from: i32) -> Option<Values> {
    let buffers = state(scope)?.borrow().buffers.clone();
    let mut budget = Budget::new(buffers.limit());
    let mut values = Vec::new();
    for index in from..args.length() {
        match convert::from_js(scope, args.get(index), &mut budget) {
            Some(value) => values.push(value),
            None => {
                let failure = Failure::range_error("ERR_OUT_OF_RANGE", "the arguments are larger than the function may pass on at once");
                if let Some(error) = convert::error(scope, &buffers, failure) {
                    scope.throw_exception(error);
                }
                return None;
            }
        }
    }
    Some(Values::new(values))
}

/// Has the engine count what an op keeps, which may end the call: it is the function's memory.
fn count(scope: &mut Scope, state: &Shared) {
    let change = {
        let mut state = state.borrow_mut();
        let kept = i64::try_from(state.env.kept()).unwrap_or(i64::MAX);
        kept - std::mem::replace(&mut state.counted, kept)
    };
    if change != 0 {
        scope.adjust_amount_of_external_allocated_memory(change);
    }
}

fn sync(scope: &mut Scope, args: Args, mut rv: Return) {
    let (Some(Op::Sync(op)), Some(state)) = (op(scope, &args), state(scope)) else { return };
    let Some(values) = values(scope, &args, 0) else { return };
    // Getters of the arguments have run by now, so that nothing comes here while the state is borrowed.
    let (result, buffers) = {
        let mut state = state.borrow_mut();
        let state = &mut *state;
        state.env.deadline = state.running.get(&state.current).map_or_else(std::time::Instant::now, |running| running.call.deadline);
        (op(&mut state.env, &values), state.buffers.clone())
    };
    count(scope, &state);
    let returned = match result {
        Ok(value) => match convert::to_js(scope, &buffers, value) {
            Some(value) => {
                rv.set(value);
                return;
            }
            None => Failure::range_error("ERR_MEMORY_ALLOCATION_FAILED", "the result does not fit into the function's memory"),
        },
        Err(failure) => failure,
    };
    if let Some(error) = convert::error(scope, &buffers, returned) {
        scope.throw_exception(error);
    }
}

/// `(id, …)`: begins an op whose result `internal.settle` gets with that id.
fn begin(scope: &mut Scope, args: Args, _: Return) {
    let (Some(Op::Async(op)), Some(state)) = (op(scope, &args), state(scope)) else { return };
    let id = args.get(0).uint32_value(scope).unwrap_or(0);
    let Some(values) = values(scope, &args, 1) else { return };
    let (begun, buffers) = {
        let mut state = state.borrow_mut();
        (state.begin(id, op, &values), state.buffers.clone())
    };
    count(scope, &state);
    if let Err(failure) = begun
        && let Some(error) = convert::error(scope, &buffers, failure)
    {
        scope.throw_exception(error);
    }
}
