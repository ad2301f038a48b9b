//! What V8 keeps of WebAssembly and does not count: the bytes of compiled modules, and the stacks of
//! suspended calls. `prelude/wasm.js` has the former counted, and takes the latter away.

use std::ffi::c_void;
use std::ptr::{self, NonNull};

use deno_v8 as v8;

use super::ops::{Args, Return, Scope};

/// `(bytes)`: an object for as long as which lives as many bytes are counted, for what V8 keeps for just as
/// long. JavaScript outside of the prelude must never see it: there is nothing behind it.
pub fn keep(scope: &mut Scope, args: Args, mut rv: Return) {
    let bytes = args.get(0);
    let len = if let Ok(view) = v8::Local::<v8::ArrayBufferView>::try_from(bytes) {
        view.byte_length()
    } else if let Ok(buffer) = v8::Local::<v8::ArrayBuffer>::try_from(bytes) {
        buffer.byte_length()
    } else if let Ok(buffer) = v8::Local::<v8::SharedArrayBuffer>::try_from(bytes) {
        buffer.byte_length()
    } else {
        0
    };
    unsafe extern "C" fn nothing(_: *mut c_void, _: usize, _: *mut c_void) {}
    // SAFETY: nobody reads or writes it, and there is nothing to free.
    let store = unsafe { v8::ArrayBuffer::new_backing_store_from_ptr(NonNull::dangling().as_ptr(), len, nothing, ptr::null_mut()) };
    rv.set(v8::ArrayBuffer::with_backing_store(scope, &store.make_shared()).into());
}
