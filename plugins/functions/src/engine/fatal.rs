//! What V8 does where it has no exception: it ends the process.
//!
//! A script can bring it there with one line, such as `'x'.repeat(5e8).split('')`, whose array would
//! be longer than any may be. No callback hears of all such errors, but V8 prints its own stack before
//! it raises the signal that ends the process. In place of that printer, which may take half a minute
//! in a large binary, and for the signals that come without it, the thread of that instance, whose
//! isolate is of no use any more, stops for ever, and the [`Guard`] tells of it: the instance gets no
//! more calls, those it had begun end with an error, and the others run elsewhere. On every other
//! thread the process ends as it would have.

use std::cell::Cell;
use std::ptr;
use std::sync::Once;

use crate::runtime::Guard;

/// The signals that V8's fatal errors end with.
const SIGNALS: [libc::c_int; 3] = [libc::SIGABRT, libc::SIGTRAP, libc::SIGILL];

thread_local! {
    /// Whom to tell that this thread is lost; null on threads that run no function.
    static GUARD: Cell<*const Guard> = const { Cell::new(ptr::null()) };
}

/// Runs a function's instance on this thread. `guard` is told if it never comes back.
pub fn contained<T>(guard: &Guard, work: impl FnOnce() -> T) -> T {
    install();
    struct Restore;
    impl Drop for Restore {
        fn drop(&mut self) {
            GUARD.set(ptr::null());
        }
    }
    GUARD.set(guard);
    let _restore = Restore;
    work()
}

/// Has V8 call [`on_fatal_error`] where it would print a stack. Its platform sets the printer, so this
/// comes after the platform.
#[cfg(feature = "v8")]
pub fn replace_stack_printer() {
    unsafe extern "C" {
        /// `v8::base::SetPrintStackTrace(void (*)())`, which no header for embedders has.
        #[link_name = "_ZN2v84base18SetPrintStackTraceEPFvvE"]
        fn set_print_stack_trace(printer: extern "C" fn());
    }
    // SAFETY: the declaration is that of V8 15.0, which the crate's version fixes; the function stays.
    unsafe { set_print_stack_trace(on_fatal_error) };
}

fn install() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        for signal in SIGNALS {
            // SAFETY: the action is zeroed, which is a valid one, and then set; `on_signal` does only
            // what a handler may do. The action before it is the default one, which `on_signal` restores.
            unsafe {
                let mut action: libc::sigaction = std::mem::zeroed();
                action.sa_sigaction = on_signal as *const () as usize;
                libc::sigemptyset(&raw mut action.sa_mask);
                libc::sigaction(signal, &raw const action, ptr::null_mut());
            }
        }
    });
}

extern "C" fn on_signal(signal: libc::c_int) {
    stop_if_contained();
    // SAFETY: restores the default action; what raised the signal goes on and ends the process.
    unsafe { libc::signal(signal, libc::SIG_DFL) };
}

#[cfg(feature = "v8")]
extern "C" fn on_fatal_error() {
    stop_if_contained();
}

/// Stops this thread for ever if it runs a function's instance.
fn stop_if_contained() {
    // The thread-local was touched when the instance began, so that this allocates nothing.
    let guard = GUARD.get();
    if guard.is_null() {
        return;
    }
    // SAFETY: `contained` borrows the guard for as long as the pointer is set.
    unsafe { &*guard }.lose();
    loop {
        // SAFETY: waits for a signal, and has no other effect.
        unsafe { libc::pause() };
    }
}
