//! What only the engine knows of a value, and the state that follows asynchronous code.

use deno_v8 as v8;

use super::microtasks;
use super::ops::{Args, Return, Scope};

/// `(value)`: which kind of built-in object a value is, or `undefined` for a plain one.
///
/// Unlike `instanceof` and `Symbol.toStringTag`, no JavaScript can pretend it.
pub fn kind(scope: &mut Scope, args: Args, mut rv: Return) {
    let value = args.get(0);
    let name = if !value.is_object() {
        return;
    } else if value.is_proxy() {
        "Proxy"
    } else if value.is_array_buffer_view() {
        "ArrayBufferView"
    } else if value.is_promise() {
        "Promise"
    } else if value.is_native_error() {
        "Error"
    } else if value.is_date() {
        "Date"
    } else if value.is_reg_exp() {
        "RegExp"
    } else if value.is_map() {
        "Map"
    } else if value.is_set() {
        "Set"
    } else if value.is_array_buffer() {
        "ArrayBuffer"
    } else if value.is_shared_array_buffer() {
        "SharedArrayBuffer"
    } else if value.is_weak_map() {
        "WeakMap"
    } else if value.is_weak_set() {
        "WeakSet"
    } else if value.is_map_iterator() {
        "MapIterator"
    } else if value.is_set_iterator() {
        "SetIterator"
    } else if value.is_generator_object() {
        "Generator"
    } else if value.is_async_function() {
        "AsyncFunction"
    } else if value.is_generator_function() {
        "GeneratorFunction"
    } else if value.is_arguments_object() {
        "Arguments"
    } else if value.is_number_object() {
        "NumberObject"
    } else if value.is_string_object() {
        "StringObject"
    } else if value.is_boolean_object() {
        "BooleanObject"
    } else if value.is_big_int_object() {
        "BigIntObject"
    } else if value.is_symbol_object() {
        "SymbolObject"
    } else if value.is_module_namespace_object() {
        "Module"
    } else if value.is_external() {
        "External"
    } else {
        return;
    };
    if let Some(name) = v8::String::new(scope, name) {
        rv.set(name.into());
    }
}

/// `(promise)`: `[0]` while it is pending, `[1, value]`, or `[2, reason]`.
pub fn promise_details(scope: &mut Scope, args: Args, mut rv: Return) {
    let Ok(promise) = v8::Local::<v8::Promise>::try_from(args.get(0)) else { return };
    let state = match promise.state() {
        v8::PromiseState::Pending => 0,
        v8::PromiseState::Fulfilled => 1,
        v8::PromiseState::Rejected => 2,
    };
    let mut elements = vec![v8::Integer::new(scope, state).into()];
    if state != 0 {
        elements.push(promise.result(scope));
    }
    rv.set(v8::Array::new_with_elements(scope, &elements).into());
}

/// `(proxy)`: `[target, handler]`.
pub fn proxy_details(scope: &mut Scope, args: Args, mut rv: Return) {
    let Ok(proxy) = v8::Local::<v8::Proxy>::try_from(args.get(0)) else { return };
    let elements = [proxy.get_target(scope), proxy.get_handler(scope)];
    rv.set(v8::Array::new_with_elements(scope, &elements).into());
}

/// `(iterator)`: what an iterator of a map or a set still gives, without moving it.
pub fn preview(scope: &mut Scope, args: Args, mut rv: Return) {
    let value = args.get(0);
    if !value.is_map_iterator() && !value.is_set_iterator() {
        return;
    }
    let Ok(object) = v8::Local::<v8::Object>::try_from(value) else { return };
    if let (Some(entries), pairs) = object.preview_entries(scope) {
        let pairs = v8::Boolean::new(scope, pairs).into();
        rv.set(v8::Array::new_with_elements(scope, &[entries.into(), pairs]).into());
    }
}

/// `(object, enumerable only)`: its own keys, symbols too, without those that are indices.
pub fn own_names(scope: &mut Scope, args: Args, mut rv: Return) {
    let Ok(object) = v8::Local::<v8::Object>::try_from(args.get(0)) else { return };
    let filter = if args.get(1).is_true() { v8::PropertyFilter::ONLY_ENUMERABLE } else { v8::PropertyFilter::ALL_PROPERTIES };
    let wanted = v8::GetPropertyNamesArgs {
        mode: v8::KeyCollectionMode::OwnOnly,
        property_filter: filter,
        index_filter: v8::IndexFilter::SkipIndices,
        key_conversion: v8::KeyConversionMode::ConvertToString,
    };
    if let Some(names) = object.get_property_names(scope, wanted) {
        rv.set(names.into());
    }
}

/// `()`: the value that promises carry from where `then` is called to where their callbacks run.
pub fn async_context(scope: &mut Scope, _: Args, mut rv: Return) {
    rv.set(scope.get_continuation_preserved_embedder_data());
}

/// `(value)`: sets that value for what runs now and what it begins.
pub fn set_async_context(scope: &mut Scope, args: Args, _: Return) {
    scope.set_continuation_preserved_embedder_data(args.get(0));
}

/// `()`: runs the microtasks, unless one of them is running.
pub fn run_microtasks(scope: &mut Scope, _: Args, _: Return) {
    microtasks::run(scope);
}

/// `()`: the heap in bytes: `[in use, reserved, limit, of array buffers]`.
pub fn heap(scope: &mut Scope, _: Args, mut rv: Return) {
    let heap = scope.get_heap_statistics();
    let sizes = [heap.used_heap_size(), heap.total_heap_size(), heap.heap_size_limit(), heap.external_memory()];
    // Sizes stay far below 2^53.
    let sizes = sizes.map(|size| v8::Number::new(scope, size as f64).into());
    rv.set(v8::Array::new_with_elements(scope, &sizes).into());
}
