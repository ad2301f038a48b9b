//! The JavaScript engine of this process.

use std::sync::Once;

use deno_v8 as v8;

#[cfg(feature = "v8")]
use super::fatal;

/// V8 15.0 leaves out the interrupt check of a loop that follows a loop of a known, small number of
/// turns, such as the one that `new Array(1000)` becomes in optimized code: the flag that says "skip
/// the next check" stays set when that loop has no check of its own
/// (`LoopStackCheckElisionReducer`). `for (;;) list.push(new Array(1000))` could then be ended by
/// nothing, neither at its deadline nor at its heap limit. The analysis behind it runs only for loop
/// unrolling.
///
/// The limit of the heap is one of all memory that V8 counts ([`super::memory`]).
///
/// One `WebAssembly.Memory` holds at most 4,096 pages of 64 KiB, so that a function which takes more
/// than it may has not taken much more by the time it is stopped. A module has 64 MiB of code and
/// data, and is compiled at once, in the time of its call: nobody would run the tasks that V8 puts off
/// for that while no JavaScript runs.
const FLAGS: &str = "--no-turboshaft-loop-unrolling --enforce-global-heap-limit --maximum-global-heap-limit-factor=1 \
                     --wasm-max-mem-pages=4096 --wasm-max-module-size=67108864 --no-wasm-async-compilation";

/// Starts the engine; once in a process, however many plugins and tests ask.
///
/// The platform is the unprotected one: with memory protection keys V8 would demand that every
/// isolate's thread descend from the one that came through here first, and a library that was
/// loaded with `dlopen` into an async host cannot promise that.
pub fn start() {
    static STARTED: Once = Once::new();
    STARTED.call_once(|| {
        v8::V8::set_flags_from_string(FLAGS);
        v8::V8::initialize_platform(v8::new_unprotected_default_platform(0, false).make_shared());
        #[cfg(feature = "v8")]
        fatal::replace_stack_printer();
        v8::V8::initialize();
    });
}
