//! The scripts of `plugins/functions/node`, which are part of this library.

use std::sync::{Arc, LazyLock};

use deno_v8 as v8;

use super::code_cache::{CodeCache, Unit};
use super::ops::{Args, Return, Scope, state};

/// Names and sources, sorted by name.
const BUILTINS: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/builtins.rs"));

/// The names of all builtins.
pub fn names<'s>(scope: &mut Scope<'s, '_>) -> Option<v8::Local<'s, v8::Array>> {
    let mut names = Vec::with_capacity(BUILTINS.len());
    for (name, _) in BUILTINS {
        names.push(v8::String::new(scope, name)?.into());
    }
    Some(v8::Array::new_with_elements(scope, &names))
}

/// Whether functions may require a builtin of this name.
pub fn exists(name: &str) -> bool {
    !name.starts_with("internal/") && BUILTINS.binary_search_by_key(&name, |(name, _)| name).is_ok()
}

/// `(name)`: compiles a builtin to its function.
pub fn builtin(scope: &mut Scope, args: Args, mut rv: Return) {
    let name = args.get(0).to_rust_string_lossy(scope);
    if let Some(function) = compile(scope, &name) {
        rv.set(function.into());
    }
}

fn compile<'s>(scope: &mut Scope<'s, '_>, name: &str) -> Option<v8::Local<'s, v8::Function>> {
    let index = BUILTINS.binary_search_by_key(&name, |(name, _)| name).ok()?;
    let (_, source) = BUILTINS.get(index)?;
    // The builtins are the same for everybody, and stay for as long as the process.
    static CODES: LazyLock<Arc<CodeCache>> = LazyLock::new(|| Arc::new(CodeCache::new(usize::MAX)));
    let unit = Unit {
        name: &format!("node:{name}"),
        bytes: source.as_bytes(),
        source: source_of(scope, name, source)?,
        parameters: &["exports", "require", "module", "internal", "ops"],
    };
    let (function, fresh) = CODES.compile(scope, &unit)?;
    // There is no state while the snapshot is made.
    if let Some(state) = state(scope) {
        state.borrow_mut().fresh.extend(fresh);
    }
    Some(function)
}

#[cfg(not(test))]
fn source_of<'s>(scope: &mut Scope<'s, '_>, _: &str, source: &'static str) -> Option<v8::Local<'s, v8::String>> {
    v8::String::new_external_onebyte_static(scope, source.as_bytes())
}

/// Tests read the builtins from a folder, if `MPCLOUD_NODE_DIST` names one, so that a change of a
/// script needs no build.
#[cfg(test)]
fn source_of<'s>(scope: &mut Scope<'s, '_>, name: &str, source: &'static str) -> Option<v8::Local<'s, v8::String>> {
    match std::env::var_os("MPCLOUD_NODE_DIST") {
        Some(folder) => {
            let path = std::path::Path::new(&folder).join(format!("{name}.js"));
            v8::String::new(scope, &std::fs::read_to_string(path).unwrap_or_default())
        }
        None => v8::String::new_external_onebyte_static(scope, source.as_bytes()),
    }
}
