//! The scripts that every isolate begins with.

use deno_v8 as v8;

use super::{ops, snapshot};

/// The prelude, in the order in which its parts need each other. Each is a function of `internal`,
/// the object that they share, and `ops`, the functions of [`ops`]; no other code sees either.
const PARTS: [(&str, &str); 10] = [
    ("mpcloud:native", include_str!("prelude/native.js")),
    ("mpcloud:wasm", include_str!("prelude/wasm.js")),
    ("mpcloud:console", include_str!("prelude/console.js")),
    ("mpcloud:timers", include_str!("prelude/timers.js")),
    ("mpcloud:services", include_str!("prelude/services.js")),
    ("mpcloud:cloud", include_str!("prelude/cloud.js")),
    ("mpcloud:builtins", include_str!("prelude/builtins.js")),
    ("mpcloud:module", include_str!("prelude/module.js")),
    ("mpcloud:context", include_str!("prelude/context.js")),
    ("mpcloud:entries", include_str!("prelude/entries.js")),
];

/// What is taken away before.
const FIRST: Option<(&str, &str)> = if cfg!(feature = "v8") { None } else { Some(("mpcloud:quickjs", include_str!("prelude/quickjs.js"))) };

/// The functions of the prelude that the worker calls.
pub struct Entries {
    pub start: v8::Global<v8::Function>,
    pub complete: v8::Global<v8::Function>,
    pub settle: v8::Global<v8::Function>,
    pub fire: v8::Global<v8::Function>,
    pub forget: v8::Global<v8::Function>,
}

/// `internal` of a new context, whether it is in the snapshot or not.
pub fn in_context<'s>(scope: &mut v8::PinScope<'s, '_>) -> Option<v8::Local<'s, v8::Object>> {
    match snapshot::internal(scope) {
        Some(internal) => Some(internal),
        None => install(scope),
    }
}

/// Runs the prelude. Gives `internal`.
pub fn install<'s>(scope: &mut v8::PinScope<'s, '_>) -> Option<v8::Local<'s, v8::Object>> {
    let internal = v8::Object::new(scope);
    let table = ops::table(scope)?;
    v8::tc_scope!(let scope, scope);
    for (name, source) in FIRST.into_iter().chain(PARTS) {
        let name = v8::String::new(scope, name)?;
        let origin = v8::ScriptOrigin::new(scope, name.into(), 0, 0, false, -1, None, false, false, false, None);
        let source = v8::String::new(scope, source)?;
        let part = v8::Script::compile(scope, source, Some(&origin)).and_then(|script| script.run(scope));
        let part = part.and_then(|part| v8::Local::<v8::Function>::try_from(part).ok());
        let this = v8::undefined(scope).into();
        if part.and_then(|part| part.call(scope, this, &[internal.into(), table.into()])).is_none() {
            let reason = scope.exception().map(|e| e.to_rust_string_lossy(scope)).unwrap_or_default();
            tracing::error!(part = %name.to_rust_string_lossy(scope), reason, "the prelude failed");
            return None;
        }
    }
    Some(internal)
}

/// What the worker and the modules call of `internal`.
pub fn entries(scope: &mut v8::PinScope, internal: v8::Local<v8::Object>) -> Option<Entries> {
    let function = |name: &str| {
        let name = v8::String::new(scope, name)?;
        let function = v8::Local::<v8::Function>::try_from(internal.get(scope, name.into())?).ok()?;
        Some(v8::Global::new(scope, function))
    };
    if let Some(state) = ops::state(scope) {
        let mut state = state.borrow_mut();
        state.modules.exports_of = function("exportsOf");
        state.modules.import = function("importModule");
    }
    Some(Entries {
        start: function("start")?,
        complete: function("complete")?,
        settle: function("settle")?,
        fire: function("fire")?,
        forget: function("forget")?,
    })
}
