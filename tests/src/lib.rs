//! What the end-to-end tests share: a started `mpcloud`, its command line, the official clients
//! installed from their registries, and raw clients for what those would never send.

#![deny(missing_docs)]

mod clients;
mod command;
mod envelope;
mod fixture;
pub mod gateways;
mod lock;
mod management;
mod moto;
mod server;
mod space;
mod surreal;
mod wire;

pub use clients::{node, python, python_of};
pub use command::{Finished, mpcloud, mpcloud_path};
pub use envelope::Answer;
pub use fixture::{function, plugin_library, tests_folder};
pub use management::{Management, Scheme, utc};
pub use moto::Moto;
pub use server::Server;
pub use space::Space;
pub use surreal::SurrealServer;
pub use wire::{Signed, Wire, post, signature, string_to_sign};

/// How often something is looked at again while a test waits for it.
pub(crate) const POLL: std::time::Duration = std::time::Duration::from_millis(10);

/// Looks until `done` gives a value.
///
/// # Panics
/// When 30 seconds pass before that.
pub fn wait_for<T>(what: &str, mut done: impl FnMut() -> Option<T>) -> T {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
    loop {
        if let Some(value) = done() {
            return value;
        }
        assert!(std::time::Instant::now() < deadline, "{what} did not happen within 30 s");
        std::thread::sleep(POLL);
    }
}
