//! The JavaScript engine of this process.

use std::sync::Once;

use deno_v8 as v8;

/// Starts the engine; once in a process, however many plugins and tests ask.
///
/// The platform is the unprotected one: with memory protection keys V8 would demand that every
/// isolate's thread descend from the one that came through here first, and a library that was
/// loaded with `dlopen` into an async host cannot promise that.
pub fn start() {
    static STARTED: Once = Once::new();
    STARTED.call_once(|| {
        v8::V8::initialize_platform(v8::new_unprotected_default_platform(0, false).make_shared());
        v8::V8::initialize();
    });
}
