//! JavaScript values to the values of native ops, and back.

use std::ffi::c_void;

use deno_v8 as v8;

use super::isolate::text;
use super::memory::Buffers;
use crate::native::{Failure, Kind, Value};

type Scope<'s, 'i> = v8::PinScope<'s, 'i>;

/// How deep arrays and objects may nest.
const MAX_DEPTH: usize = 32;

/// How many values the arguments of one op may have together.
const MAX_VALUES: usize = 100_000;

/// What the arguments of one op may still take: nothing interrupts their conversion.
pub struct Budget {
    values: usize,
    bytes: usize,
}

impl Budget {
    /// The budget of one op: so many bytes of texts and buffers.
    pub fn new(bytes: usize) -> Self {
        Self { values: MAX_VALUES, bytes }
    }

    fn take(&mut self, values: usize, bytes: usize) -> Option<()> {
        self.values = self.values.checked_sub(values)?;
        self.bytes = self.bytes.checked_sub(bytes)?;
        Some(())
    }
}

/// A JavaScript value for an op; `None` when it is larger than the budget. What cannot cross is
/// `undefined`.
pub fn from_js(scope: &Scope, value: v8::Local<v8::Value>, budget: &mut Budget) -> Option<Value> {
    from_js_at(scope, value, budget, 0)
}

fn from_js_at(scope: &Scope, value: v8::Local<v8::Value>, budget: &mut Budget, depth: usize) -> Option<Value> {
    budget.take(1, 0)?;
    if let Ok(string) = v8::Local::<v8::String>::try_from(value) {
        budget.take(0, string.length())?;
        return Some(Value::String(string_of(scope, string)));
    }
    if value.is_number() {
        return Some(Value::Number(value.number_value(scope).unwrap_or(f64::NAN)));
    }
    if value.is_boolean() {
        return Some(Value::Bool(value.is_true()));
    }
    if let Ok(view) = v8::Local::<v8::ArrayBufferView>::try_from(value) {
        return bytes(view, budget);
    }
    if let Ok(buffer) = v8::Local::<v8::ArrayBuffer>::try_from(value) {
        let Some(view) = v8::Uint8Array::new(scope, buffer, 0, buffer.byte_length()) else { return Some(Value::Undefined) };
        return bytes(view.into(), budget);
    }
    if depth >= MAX_DEPTH || value.is_function() {
        return Some(Value::Undefined);
    }
    if let Ok(array) = v8::Local::<v8::Array>::try_from(value) {
        let length = array.length();
        if length as usize > budget.values {
            return None;
        }
        let mut items = Vec::with_capacity(length as usize);
        for index in 0..length {
            items.push(match array.get_index(scope, index) {
                Some(item) => from_js_at(scope, item, budget, depth + 1)?,
                None => Value::Undefined,
            });
        }
        return Some(Value::List(items));
    }
    match v8::Local::<v8::Object>::try_from(value) {
        Ok(object) => entries(scope, object, budget, depth),
        Err(_) => Some(Value::Undefined),
    }
}

/// A string with U+FFFD for each half of a surrogate pair.
#[cfg(feature = "v8")]
pub fn string_of(scope: &Scope, string: v8::Local<v8::String>) -> String {
    string.to_rust_string_lossy(scope)
}

/// A string with U+FFFD for each half of a surrogate pair: QuickJS' own conversion makes three of one.
#[cfg(not(feature = "v8"))]
pub fn string_of(scope: &Scope, string: v8::Local<v8::String>) -> String {
    let mut utf8 = vec![0; string.utf8_length(scope)];
    let written = string.write_utf8_v2(scope, &mut utf8, v8::WriteFlags::kReplaceInvalidUtf8, None);
    utf8.truncate(written);
    String::from_utf8(utf8).unwrap_or_default()
}

fn bytes(view: v8::Local<v8::ArrayBufferView>, budget: &mut Budget) -> Option<Value> {
    let length = view.byte_length();
    budget.take(0, length)?;
    let mut bytes = vec![0; length];
    let copied = view.copy_contents(&mut bytes);
    bytes.truncate(copied);
    Some(Value::Bytes(bytes))
}

fn entries(scope: &Scope, object: v8::Local<v8::Object>, budget: &mut Budget, depth: usize) -> Option<Value> {
    let Some(names) = object.get_own_property_names(scope, v8::GetPropertyNamesArgs::default()) else {
        return Some(Value::Map(Vec::new()));
    };
    if names.length() as usize > budget.values {
        return None;
    }
    let mut entries = Vec::with_capacity(names.length() as usize);
    for index in 0..names.length() {
        let Some(name) = names.get_index(scope, index) else { continue };
        let Some(value) = object.get(scope, name) else { continue };
        entries.push((name.to_rust_string_lossy(scope), from_js_at(scope, value, budget, depth + 1)?));
    }
    Some(Value::Map(entries))
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

fn store(buffers: &Buffers, mut bytes: Vec<u8>) -> Option<v8::UniqueRef<v8::BackingStore>> {
    // What is counted is what is held.
    bytes.shrink_to_fit();
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
