//! Stops an isolate from another thread.
//!
//! Engines look for a stop between steps of JavaScript, and some of their own functions are one step that
//! takes years, such as QuickJS' `Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1)`. Ending
//! the thread by force could leave the allocator's locks behind, and the process with them. So it is
//! left to go on, in what time nobody else wants, and its instance is lost.

use deno_v8 as v8;

use crate::runtime::Interrupt;

/// Stops an isolate.
pub struct Stopper {
    isolate: v8::IsolateHandle,
    thread: libc::pid_t,
    #[cfg(not(feature = "v8"))]
    counter: Option<quickjs::Counter>,
}

impl Stopper {
    /// For the isolate of a context, and of an instance's thread: the one that runs now.
    ///
    /// # Safety
    /// While it is told to interrupt, the context must live.
    pub unsafe fn new(isolate: &v8::Isolate, context: v8::Local<v8::Context>) -> Self {
        #[cfg(feature = "v8")]
        let _ = context;
        Self {
            isolate: isolate.thread_safe_handle(),
            // SAFETY: has no conditions.
            thread: unsafe { libc::gettid() },
            // SAFETY: promised by the caller.
            #[cfg(not(feature = "v8"))]
            counter: unsafe { quickjs::Counter::of(context) },
        }
    }
}

impl Interrupt for Stopper {
    fn interrupt(&self) {
        self.isolate.terminate_execution();
        self.remind();
    }

    fn remind(&self) {
        #[cfg(not(feature = "v8"))]
        if let Some(counter) = &self.counter {
            counter.run_out();
        }
    }

    fn abandon(&self) {
        // SAFETY: the structure is one of numbers, and only read.
        let done = unsafe {
            let parameters: libc::sched_param = std::mem::zeroed();
            libc::sched_setscheduler(self.thread, libc::SCHED_IDLE, &raw const parameters)
        };
        if done != 0 {
            tracing::warn!(error = %std::io::Error::last_os_error(), "the thread of a function that cannot be stopped keeps its priority");
        }
    }
}

#[cfg(not(feature = "v8"))]
mod quickjs {
    //! QuickJS looks for a stop once in 10,000 calls and turns of loops, which take minutes when each does
    //! much.

    use std::ffi::c_void;

    use deno_v8 as v8;

    unsafe extern "C" {
        fn JS_TriggerInterrupt(context: *mut c_void);
    }

    /// How `v8x` marks the handle of a context.
    const CONTEXT: u64 = 0x7632;

    /// What counts the calls until QuickJS looks for a stop.
    pub struct Counter(*mut c_void);

    // SAFETY: all that is done to it from elsewhere is a store of one number.
    unsafe impl Send for Counter {}
    // SAFETY: as above.
    unsafe impl Sync for Counter {}

    impl Counter {
        /// That of a context; `None` when its handle is not what it was in the version this was written for.
        ///
        /// # Safety
        /// The context must live while it is used.
        pub unsafe fn of(context: v8::Local<v8::Context>) -> Option<Self> {
            // SAFETY: a handle points to two words at least.
            let [pointer, mark] = unsafe { std::ptr::from_ref(&*context).cast::<[u64; 2]>().read_unaligned() };
            (mark == CONTEXT && pointer != 0).then_some(Self(pointer as *mut c_void))
        }

        /// Has QuickJS look now. A count that it writes at the same moment may undo that: to be repeated.
        pub fn run_out(&self) {
            // SAFETY: the context lives, as `of` was promised.
            unsafe { JS_TriggerInterrupt(self.0) }
        }
    }
}
