//! The memory limit of an isolate: its heap, and what JavaScript keeps outside of it.
//!
//! V8 counts array buffers, memories of WebAssembly and the metadata of its modules as external memory,
//! each when it is made, when it grows, in whatever way, and when it is collected. With
//! `--enforce-global-heap-limit` that count and the heap have one limit. Whoever reaches it has garbage
//! collected, and if that does not help, the near-limit callback stops the call. So no function of
//! JavaScript's has to be wrapped for that, and no bytes of a module have to be read. Array buffers have
//! an allocator besides, because a `RangeError` is better than the end of the call. Tables and
//! garbage-collected objects of WebAssembly are on the heap. What V8 does not count is in
//! [`super::wasm`].

use std::alloc::{Layout, alloc, alloc_zeroed, dealloc};
use std::ffi::c_void;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use deno_v8 as v8;

use crate::runtime::{Guard, StopCause};

/// How much the heap may grow beyond its limit while the call that reached it is being ended. V8 ends
/// the process when one allocation does not fit, and one may take a gigabyte: `new Array(1e8)`.
/// QuickJS throws an error.
const HEADROOM: usize = if cfg!(feature = "v8") { 2 * 1024 * 1024 * 1024 } else { 16 * 1024 * 1024 };
/// How often the limit is raised by that before the call has ended.
const RAISES: usize = 3;
/// The same where it is not the heap that takes most of it. WebAssembly may fill one memory after the
/// other before it looks whether it should stop. An instance that goes on is lost ([`super::fatal`]).
const OUTSIDE: usize = 512 * 1024 * 1024;

/// An isolate's parameters for a heap limit in bytes.
pub fn params(limit: usize, buffers: &Buffers) -> v8::CreateParams {
    v8::CreateParams::default()
        .set_max_old_generation_size_in_bytes(limit)
        .allow_atomics_wait(false)
        .array_buffer_allocator(allocator(buffers))
}

/// Has a guard stop whatever reaches the memory limit of an isolate.
///
/// Without this the engine would end the whole process. The limit is raised each time, so that it
/// hardly ever does; the isolate must not be given new calls afterwards. Must live for as long as the
/// isolate.
pub struct Watch {
    guard: Arc<Guard>,
    isolate: v8::UnsafeRawIsolatePtr,
    limit: usize,
}

impl Watch {
    /// Watches an isolate with a limit in bytes.
    ///
    /// # Safety
    /// What this gives must live for as long as the isolate.
    pub unsafe fn over(isolate: &mut v8::OwnedIsolate, guard: Arc<Guard>, limit: usize) -> Box<Self> {
        // SAFETY: the pointer is used while the isolate lives only, by its own thread.
        let watch = Box::new(Self { guard, isolate: unsafe { isolate.as_raw_isolate_ptr() }, limit });
        watch.begin(isolate);
        watch
    }

    fn begin(&self, isolate: &mut v8::OwnedIsolate) {
        isolate.add_near_heap_limit_callback(near_limit, ptr::from_ref(self).cast_mut().cast());
    }

    /// Lowers the limit again that was raised.
    pub fn restore(&self, isolate: &mut v8::OwnedIsolate) {
        isolate.remove_near_heap_limit_callback(near_limit, self.limit);
        self.begin(isolate);
    }

    /// What the engine counts outside of the heap, in bytes.
    fn outside(&self) -> usize {
        // SAFETY: the isolate lives, and this is its thread.
        let mut isolate = unsafe { v8::Isolate::from_raw_isolate_ptr_unchecked(self.isolate) };
        usize::try_from(isolate.adjust_amount_of_external_allocated_memory(0)).unwrap_or(0)
    }
}

unsafe extern "C" fn near_limit(watch: *mut c_void, current: usize, initial: usize) -> usize {
    // SAFETY: whoever made it promised that it outlives the isolate.
    let watch = unsafe { &*watch.cast_const().cast::<Watch>() };
    watch.guard.stop(StopCause::Memory);
    if cfg!(not(feature = "v8")) {
        // What goes on regardless meets QuickJS' error in the end.
        return initial + HEADROOM;
    }
    let (room, most) = if watch.outside() > watch.limit / 2 { (OUTSIDE, OUTSIDE) } else { (HEADROOM, RAISES * HEADROOM) };
    if current >= initial + most { current } else { current + room }
}

/// The bytes of an isolate's array buffers, those that native ops filled included.
#[derive(Clone)]
pub struct Buffers(Arc<Count>);

struct Count {
    limit: usize,
    used: AtomicUsize,
}

impl Buffers {
    /// A count of none, with a limit in bytes.
    pub fn new(limit: usize) -> Self {
        Self(Arc::new(Count { limit, used: AtomicUsize::new(0) }))
    }

    /// Counts more bytes. `false` when they would go over the limit.
    pub fn reserve(&self, len: usize) -> bool {
        self.0.reserve(len)
    }

    /// Whether more bytes would stay within the limit.
    pub fn have_room(&self, len: usize) -> bool {
        self.0.used.load(Ordering::Relaxed).checked_add(len).is_some_and(|sum| sum <= self.0.limit)
    }

    /// How many bytes there are.
    pub fn used(&self) -> usize {
        self.0.used.load(Ordering::Relaxed)
    }

    /// The limit in bytes.
    pub fn limit(&self) -> usize {
        self.0.limit
    }

    /// Counts bytes for as long as what this gives is held.
    pub fn hold(&self, len: usize) -> Option<Held> {
        self.reserve(len).then(|| Held { buffers: self.clone(), len })
    }

    /// Counts bytes that are gone.
    pub fn release(&self, len: usize) {
        self.0.used.fetch_sub(len, Ordering::Relaxed);
    }
}

/// Bytes that are counted.
pub struct Held {
    buffers: Buffers,
    len: usize,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.buffers.release(self.len);
    }
}

impl Count {
    fn reserve(&self, len: usize) -> bool {
        self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| used.checked_add(len).filter(|sum| *sum <= self.limit)).is_ok()
    }
}

/// An allocator of array buffers that refuses more than the limit together: JavaScript sees a
/// `RangeError`.
fn allocator(buffers: &Buffers) -> v8::UniqueRef<v8::Allocator> {
    static TABLE: v8::RustAllocatorVtable<Count> = v8::RustAllocatorVtable { allocate, allocate_uninitialized, free, drop: forget };
    // SAFETY: the table's functions take the pointer for what it is, an `Arc<Count>`.
    unsafe { v8::new_rust_allocator(Arc::into_raw(buffers.0.clone()), &TABLE) }
}

fn layout(len: usize) -> Option<Layout> {
    // An empty allocation needs an address of its own as well.
    Layout::from_size_align(len.max(1), 16).ok()
}

unsafe extern "C" fn allocate(buffers: &Count, len: usize) -> *mut c_void {
    match layout(len).filter(|_| buffers.reserve(len)) {
        // SAFETY: the layout's size is not zero.
        Some(layout) => unsafe { alloc_zeroed(layout).cast() },
        None => ptr::null_mut(),
    }
}

unsafe extern "C" fn allocate_uninitialized(buffers: &Count, len: usize) -> *mut c_void {
    match layout(len).filter(|_| buffers.reserve(len)) {
        // SAFETY: the layout's size is not zero.
        Some(layout) => unsafe { alloc(layout).cast() },
        None => ptr::null_mut(),
    }
}

unsafe extern "C" fn free(buffers: &Count, data: *mut c_void, len: usize) {
    if let Some(layout) = layout(len).filter(|_| !data.is_null()) {
        buffers.used.fetch_sub(len, Ordering::Relaxed);
        // SAFETY: the engine gives back what one of the functions above gave it, with its length.
        unsafe { dealloc(data.cast(), layout) }
    }
}

unsafe extern "C" fn forget(buffers: *const Count) {
    // SAFETY: called once, with the pointer that `Arc::into_raw` gave.
    drop(unsafe { Arc::from_raw(buffers) });
}
