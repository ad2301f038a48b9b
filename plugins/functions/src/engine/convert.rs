//! JavaScript values to the values of native ops, and back.

use std::ffi::c_void;

use deno_v8 as v8;

use super::isolate::text;
use super::memory::Buffers;
use crate::native::{Failure, Kind, Value};

type Scope<'s, 'i> = v8::PinScope<'s, 'i>;

/// How deep arrays and objects may nest.
const MAX_DEPTH: usize = 32;

/// A JavaScript value for an op. What cannot cross is `undefined`.
pub fn from_js(scope: &Scope, value: v8::Local<v8::Value>) -> Value {
    from_js_at(scope, value, 0)
}

fn from_js_at(scope: &Scope, value: v8::Local<v8::Value>, depth: usize) -> Value {
    if value.is_string() {
        return Value::String(value.to_rust_string_lossy(scope));
    }
    if value.is_number() {
        return Value::Number(value.number_value(scope).unwrap_or(f64::NAN));
    }
    if value.is_boolean() {
        return Value::Bool(value.is_true());
    }
    if let Ok(view) = v8::Local::<v8::ArrayBufferView>::try_from(value) {
        let mut bytes = vec![0; view.byte_length()];
        let copied = view.copy_contents(&mut bytes);
        bytes.truncate(copied);
        return Value::Bytes(bytes);
    }
    if let Ok(buffer) = v8::Local::<v8::ArrayBuffer>::try_from(value) {
        let length = buffer.byte_length();
        let Some(view) = v8::Uint8Array::new(scope, buffer, 0, length) else { return Value::Undefined };
        let mut bytes = vec![0; length];
        let copied = view.copy_contents(&mut bytes);
        bytes.truncate(copied);
        return Value::Bytes(bytes);
    }
    if depth >= MAX_DEPTH || value.is_function() {
        return Value::Undefined;
    }
    if let Ok(array) = v8::Local::<v8::Array>::try_from(value) {
        let item = |index| array.get_index(scope, index).map_or(Value::Undefined, |item| from_js_at(scope, item, depth + 1));
        return Value::List((0..array.length()).map(item).collect());
    }
    match v8::Local::<v8::Object>::try_from(value) {
        Ok(object) => Value::Map(entries(scope, object, depth)),
        Err(_) => Value::Undefined,
    }
}

fn entries(scope: &Scope, object: v8::Local<v8::Object>, depth: usize) -> Vec<(String, Value)> {
    let Some(names) = object.get_own_property_names(scope, v8::GetPropertyNamesArgs::default()) else { return Vec::new() };
    let mut entries = Vec::with_capacity(names.length() as usize);
    for index in 0..names.length() {
        let Some(name) = names.get_index(scope, index) else { continue };
        let Some(value) = object.get(scope, name) else { continue };
        entries.push((name.to_rust_string_lossy(scope), from_js_at(scope, value, depth + 1)));
    }
    entries
}

/// An op's value for JavaScript. `None` when the engine has no room for it.
pub fn to_js<'s>(scope: &Scope<'s, '_>, buffers: &Buffers, value: Value) -> Option<v8::Local<'s, v8::Value>> {
    Some(match value {
        Value::Undefined => v8::undefined(scope).into(),
        Value::Null => v8::null(scope).into(),
        Value::Bool(value) => v8::Boolean::new(scope, value).into(),
        Value::Number(value) => v8::Number::new(scope, value).into(),
        Value::String(value) => text(scope, value.as_bytes())?.into(),
        Value::Bytes(bytes) => {
            let length = bytes.len();
            let store = store(buffers, bytes)?.make_shared();
            let buffer = v8::ArrayBuffer::with_backing_store(scope, &store);
            v8::Uint8Array::new(scope, buffer, 0, length)?.into()
        }
        Value::List(items) => {
            let mut elements = Vec::with_capacity(items.len());
            for item in items {
                elements.push(to_js(scope, buffers, item)?);
            }
            v8::Array::new_with_elements(scope, &elements).into()
        }
        Value::Map(entries) => {
            let object = v8::Object::new(scope);
            for (key, value) in entries {
                let (key, value) = (text(scope, key.as_bytes())?, to_js(scope, buffers, value)?);
                object.create_data_property(scope, key.into(), value)?;
            }
            object.into()
        }
    })
}

/// An op's error for JavaScript.
pub fn error<'s>(scope: &Scope<'s, '_>, buffers: &Buffers, failure: Failure) -> Option<v8::Local<'s, v8::Value>> {
    let message = text(scope, failure.message.as_bytes())?;
    let error = match failure.kind {
        Kind::Error => v8::Exception::error(scope, message),
        Kind::TypeError => v8::Exception::type_error(scope, message),
        Kind::RangeError => v8::Exception::range_error(scope, message),
    };
    let object = v8::Local::<v8::Object>::try_from(error).ok()?;
    // Some of Node.js' errors have no code.
    let code = Some(("code", Value::from(&*failure.code))).filter(|_| !failure.code.is_empty());
    for (name, value) in code.into_iter().chain(failure.fields) {
        let (name, value) = (text(scope, name.as_bytes())?, to_js(scope, buffers, value)?);
        object.create_data_property(scope, name.into(), value)?;
    }
    Some(error)
}

/// Bytes of an op that count against the function's memory for as long as JavaScript holds them.
struct Counted {
    bytes: Vec<u8>,
    buffers: Buffers,
}

fn store(buffers: &Buffers, bytes: Vec<u8>) -> Option<v8::UniqueRef<v8::BackingStore>> {
    let length = bytes.len();
    if !buffers.reserve(length) {
        return None;
    }
    let mut counted = Box::new(Counted { bytes, buffers: buffers.clone() });
    let data = counted.bytes.as_mut_ptr().cast();
    // SAFETY: the bytes stay where they are for as long as the box lives, which `release` ends.
    Some(unsafe { v8::ArrayBuffer::new_backing_store_from_ptr(data, length, release, Box::into_raw(counted).cast()) })
}

unsafe extern "C" fn release(_: *mut c_void, _: usize, counted: *mut c_void) {
    // SAFETY: called once, with the pointer that `store` made of a box.
    let counted = unsafe { Box::from_raw(counted.cast::<Counted>()) };
    counted.buffers.release(counted.bytes.len());
}
