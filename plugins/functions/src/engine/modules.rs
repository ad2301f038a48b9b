//! The modules of a package: CommonJS functions, and the graphs of ES modules.

use std::collections::HashMap;

use deno_v8 as v8;

use super::code_cache::Unit;
use super::convert;
use super::isolate::text;
use super::ops::{Args, Return, Scope, state, string};
use crate::native::Failure;
use crate::package::{ROOT, Wanted};

/// The ES modules of an isolate.
#[derive(Default)]
pub struct Modules {
    by_path: HashMap<String, v8::Global<v8::Module>>,
    /// By the module's hash: hashes may collide.
    known: HashMap<i32, Vec<Known>>,
    /// A graph is being linked. CommonJS modules that it imports run meanwhile.
    linking: bool,
    /// `internal.exportsOf`, which runs a CommonJS module or a builtin.
    pub exports_of: Option<v8::Global<v8::Function>>,
    /// `internal.importModule`, which `import()` calls.
    pub import: Option<v8::Global<v8::Function>>,
}

struct Known {
    module: v8::Global<v8::Module>,
    path: String,
    /// What a module that is no ES module exports.
    exports: Option<v8::Global<v8::Value>>,
}

/// Compiles a CommonJS module to a function of `exports`, `require`, `module`, `__filename` and
/// `__dirname`. A syntax error is thrown.
pub fn compile(scope: &mut Scope, args: Args, mut rv: Return) {
    let path = string(scope, &args, 0);
    let Some(state) = state(scope) else { return };
    let (package, cache) = {
        let state = state.borrow();
        (state.package.clone(), state.code_cache.clone())
    };
    let contents = package.source(&path);
    // A `#!` line is not part of a function's body.
    let contents = if contents.starts_with(b"#!") {
        contents.iter().position(|b| *b == b'\n').map_or(&[][..], |end| &contents[end..])
    } else {
        contents
    };
    let Some(source) = text(scope, contents) else { return };
    let unit = Unit { name: &path, bytes: contents, source, parameters: &["exports", "require", "module", "__filename", "__dirname"] };
    if let Some((function, fresh)) = cache.compile(scope, &unit) {
        state.borrow_mut().fresh.extend(fresh);
        rv.set(function.into());
    }
}

/// `(path)`: whether a file is an ES module.
pub fn is_es_module(scope: &mut Scope, args: Args, mut rv: Return) {
    let path = string(scope, &args, 0);
    rv.set_bool(state(scope).is_some_and(|state| state.borrow().package.is_es_module(&path)));
}

/// `(folder, specifier)`: links and runs a module and what it imports. Gives its namespace, and a
/// promise of its having run. What cannot be found or linked is thrown.
pub fn import_module(scope: &mut Scope, args: Args, mut rv: Return) {
    let (folder, specifier) = (string(scope, &args, 0), string(scope, &args, 1));
    let imported = (|| {
        let module = module_for(scope, &folder, &specifier)?;
        let status = module.get_status();
        // The engine ends the process when it meets a module that it is at work with.
        let shared = state(scope)?;
        if shared.borrow().modules.linking || matches!(status, v8::ModuleStatus::Instantiating | v8::ModuleStatus::Evaluating) {
            let message = format!("Cannot require() ES Module {specifier} in a cycle: it is being loaded");
            return throw(scope, Failure::error("ERR_REQUIRE_CYCLE_MODULE", message));
        }
        if status == v8::ModuleStatus::Uninstantiated {
            shared.borrow_mut().modules.linking = true;
            let linked = module.instantiate_module(scope, resolve);
            shared.borrow_mut().modules.linking = false;
            linked?;
        }
        let done = module.evaluate(scope)?;
        Some(v8::Array::new_with_elements(scope, &[module.get_module_namespace(), done]))
    })();
    if let Some(imported) = imported {
        rv.set(imported.into());
    }
}

/// `(promise)`: `undefined` while it is pending, `true` when it was fulfilled; else its reason is thrown.
pub fn outcome(scope: &mut Scope, args: Args, mut rv: Return) {
    let Ok(promise) = v8::Local::<v8::Promise>::try_from(args.get(0)) else { return };
    match promise.state() {
        v8::PromiseState::Pending => {}
        v8::PromiseState::Fulfilled => rv.set_bool(true),
        v8::PromiseState::Rejected => {
            promise.mark_as_handled();
            let reason = promise.result(scope);
            scope.throw_exception(reason);
        }
    }
}

fn resolve<'s>(
    context: v8::Local<'s, v8::Context>,
    specifier: v8::Local<'s, v8::String>,
    _attributes: v8::Local<'s, v8::FixedArray>,
    referrer: v8::Local<'s, v8::Module>,
) -> Option<v8::Local<'s, v8::Module>> {
    // SAFETY: the engine calls this with the context entered, and the scope ends with the function.
    v8::callback_scope!(unsafe scope, context);
    let specifier = specifier.to_rust_string_lossy(scope);
    let path = path_of(scope, referrer).unwrap_or_else(|| format!("{ROOT}/index.js"));
    let folder = path.rsplit_once('/').map_or(ROOT, |(folder, _)| folder).to_owned();
    module_for(scope, &folder, &specifier)
}

fn path_of(scope: &mut Scope, module: v8::Local<v8::Module>) -> Option<String> {
    let state = state(scope)?;
    let state = state.borrow();
    let known = state.modules.known.get(&module.get_identity_hash().get())?;
    known.iter().find(|known| known.module == module).map(|known| known.path.clone())
}

/// The module that a specifier means; `None` when an exception was thrown.
fn module_for<'s>(scope: &mut Scope<'s, '_>, folder: &str, specifier: &str) -> Option<v8::Local<'s, v8::Module>> {
    let state = state(scope)?;
    let specifier = specifier.strip_prefix("file://").unwrap_or(specifier);
    let builtin = specifier.strip_prefix("node:").unwrap_or(specifier);
    let (path, is_builtin) = if super::builtins::exists(builtin) {
        (format!("node:{builtin}"), true)
    } else {
        let package = state.borrow().package.clone();
        let Some(path) = package.resolve(folder, specifier, Wanted::Import) else {
            return throw(
                scope,
                Failure::error("ERR_MODULE_NOT_FOUND", format!("Cannot find module '{specifier}' imported from '{folder}'")),
            );
        };
        (path, false)
    };
    if let Some(known) = state.borrow().modules.by_path.get(&path) {
        return Some(v8::Local::new(scope, known));
    }
    let is_es_module = !is_builtin && state.borrow().package.is_es_module(&path);
    let (module, exports) = if is_es_module { (compile_module(scope, &path)?, None) } else { synthetic(scope, &path)? };
    let mut state = state.borrow_mut();
    let (global, hash) = (v8::Global::new(scope, module), module.get_identity_hash().get());
    state.modules.known.entry(hash).or_default().push(Known { module: global.clone(), path: path.clone(), exports });
    state.modules.by_path.insert(path, global);
    Some(module)
}

fn throw<T>(scope: &mut Scope, failure: Failure) -> Option<T> {
    let buffers = state(scope)?.borrow().buffers.clone();
    if let Some(error) = convert::error(scope, &buffers, failure) {
        scope.throw_exception(error);
    }
    None
}

fn compile_module<'s>(scope: &mut Scope<'s, '_>, path: &str) -> Option<v8::Local<'s, v8::Module>> {
    let package = state(scope)?.borrow().package.clone();
    let name = v8::String::new(scope, path)?;
    let origin = v8::ScriptOrigin::new(scope, name.into(), 0, 0, false, -1, None, false, false, true, None);
    let code = text(scope, package.source(path))?;
    let mut source = v8::script_compiler::Source::new(code, Some(&origin));
    v8::script_compiler::compile_module(scope, &mut source)
}

/// A module whose exports are those of a CommonJS module, a JSON file or a builtin. It runs now, so
/// that the names of its exports are known.
fn synthetic<'s>(scope: &mut Scope<'s, '_>, path: &str) -> Option<(v8::Local<'s, v8::Module>, Option<v8::Global<v8::Value>>)> {
    let exports_of = state(scope)?.borrow().modules.exports_of.clone()?;
    let name = v8::String::new(scope, path)?;
    let this = v8::undefined(scope).into();
    let exports = v8::Local::new(scope, &exports_of).call(scope, this, &[name.into()])?;
    let default = v8::String::new(scope, "default")?;
    let mut names = vec![default];
    if let Ok(object) = v8::Local::<v8::Object>::try_from(exports)
        && let Some(own) = object.get_own_property_names(scope, v8::GetPropertyNamesArgs::default())
    {
        for index in 0..own.length() {
            if let Some(key) = own.get_index(scope, index)
                && let Ok(key) = v8::Local::<v8::String>::try_from(key)
                && !key.strict_equals(default.into())
            {
                names.push(key);
            }
        }
    }
    let module = v8::Module::create_synthetic_module(scope, name, &names, evaluate_synthetic);
    Some((module, Some(v8::Global::new(scope, exports))))
}

fn evaluate_synthetic<'s>(context: v8::Local<'s, v8::Context>, module: v8::Local<'s, v8::Module>) -> Option<v8::Local<'s, v8::Value>> {
    // SAFETY: the engine calls this with the context entered, and the scope ends with the function.
    v8::callback_scope!(unsafe scope, context);
    let exports = {
        let state = state(scope)?;
        let state = state.borrow();
        let known = state.modules.known.get(&module.get_identity_hash().get())?;
        known.iter().find(|known| known.module == module)?.exports.clone()?
    };
    let exports = v8::Local::new(scope, exports);
    let default = v8::String::new(scope, "default")?;
    module.set_synthetic_module_export(scope, default, exports)?;
    if let Ok(object) = v8::Local::<v8::Object>::try_from(exports)
        && let Some(own) = object.get_own_property_names(scope, v8::GetPropertyNamesArgs::default())
    {
        for index in 0..own.length() {
            let Some(key) = own.get_index(scope, index) else { continue };
            let Ok(name) = v8::Local::<v8::String>::try_from(key) else { continue };
            if name.strict_equals(default.into()) {
                continue;
            }
            let value = object.get(scope, key)?;
            // A getter may have added a name meanwhile, which the module does not have.
            v8::tc_scope!(let scope, scope);
            let _ = module.set_synthetic_module_export(scope, name, value);
        }
    }
    let resolver = v8::PromiseResolver::new(scope)?;
    let undefined = v8::undefined(scope).into();
    resolver.resolve(scope, undefined)?;
    Some(resolver.get_promise(scope).into())
}

/// `import()`.
pub fn import_dynamically<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    _options: v8::Local<'s, v8::Data>,
    resource_name: v8::Local<'s, v8::Value>,
    specifier: v8::Local<'s, v8::String>,
    _attributes: v8::Local<'s, v8::FixedArray>,
) -> Option<v8::Local<'s, v8::Promise>> {
    let import = state(scope)?.borrow().modules.import.clone()?;
    let from = resource_name.to_rust_string_lossy(scope);
    let folder = from.rsplit_once('/').map(|(folder, _)| folder).filter(|folder| folder.starts_with(ROOT)).unwrap_or(ROOT);
    let folder = v8::String::new(scope, folder)?;
    let this = v8::undefined(scope).into();
    let promise = v8::Local::new(scope, &import).call(scope, this, &[folder.into(), specifier.into()])?;
    v8::Local::<v8::Promise>::try_from(promise).ok()
}

/// `import.meta`: `url`, `filename` and `dirname`, as in Node.js.
pub unsafe extern "C" fn describe_module(context: v8::Local<v8::Context>, module: v8::Local<v8::Module>, meta: v8::Local<v8::Object>) {
    // SAFETY: the engine calls this with the context entered, and the scope ends with the function.
    v8::callback_scope!(unsafe scope, context);
    let Some(path) = path_of(scope, module) else { return };
    let folder = path.rsplit_once('/').map_or(ROOT, |(folder, _)| folder);
    for (key, value) in [("dirname", folder), ("filename", &path), ("url", &format!("file://{path}"))] {
        if let (Some(key), Some(value)) = (v8::String::new(scope, key), text(scope, value.as_bytes())) {
            let _ = meta.create_data_property(scope, key.into(), value.into());
        }
    }
}
