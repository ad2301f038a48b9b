//! What V8 does where it has no exception: it ends the process.
//!
//! A script can bring it there with one line, such as `'x'.repeat(5e8).split('')`, whose array would
//! be longer than any may be. No callback hears of it in time. So the signal is caught, and the
//! thread of that instance, whose isolate is of no use any more, stops for ever; its calls end at
//! their deadline, and the next call gets another instance. On every other thread the process ends
//! as it would have.

use std::cell::Cell;
use std::ptr;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

/// The signals that V8's fatal errors end with.
const SIGNALS: [libc::c_int; 3] = [libc::SIGABRT, libc::SIGTRAP, libc::SIGILL];

thread_local! {
    /// Where to note that this thread is lost; null on threads that run no function.
    static LOST: Cell<*const AtomicBool> = const { Cell::new(ptr::null()) };
}

/// Runs a function's instance on this thread. `lost` tells others if it never comes back.
pub fn contained<T>(lost: &AtomicBool, work: impl FnOnce() -> T) -> T {
    install();
    struct Restore;
    impl Drop for Restore {
        fn drop(&mut self) {
            LOST.set(ptr::null());
        }
    }
    LOST.set(lost);
    let _restore = Restore;
    work()
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
    // The thread-local was touched when the instance began, so that this allocates nothing.
    let lost = LOST.get();
    if lost.is_null() {
        // SAFETY: restores the default action; what raised the signal goes on and ends the process.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
        return;
    }
    // SAFETY: `contained` borrows the flag for as long as the pointer is set.
    unsafe { &*lost }.store(true, Ordering::Release);
    loop {
        // SAFETY: waits for a signal, and has no other effect.
        unsafe { libc::pause() };
    }
}
