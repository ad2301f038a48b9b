//! The scripts of `plugins/functions/node`, which are part of this library.

use deno_v8 as v8;

use super::ops::{Args, Return, Scope};

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

/// `(name)`: compiles a builtin to its function.
pub fn builtin(scope: &mut Scope, args: Args, mut rv: Return) {
    let name = args.get(0).to_rust_string_lossy(scope);
    if let Some(function) = compile(scope, &name) {
        rv.set(function);
    }
}

fn compile<'s>(scope: &mut Scope<'s, '_>, name: &str) -> Option<v8::Local<'s, v8::Value>> {
    let index = BUILTINS.binary_search_by_key(&name, |(name, _)| name).ok()?;
    let (_, source) = BUILTINS.get(index)?;
    let source = source_of(scope, name, source)?;
    let name = v8::String::new(scope, &format!("node:{name}"))?;
    let origin = v8::ScriptOrigin::new(scope, name.into(), 0, 0, false, -1, None, false, false, false, None);
    v8::Script::compile(scope, source, Some(&origin))?.run(scope)
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
