//! The state as Parquet files, which other tools read too.
//!
//! | file | columns |
//! | --- | --- |
//! | sessions of a local day | `device` INT32, `start` TIMESTAMP (ms, UTC), `duration` INT32 (ms); by device and start |
//! | devices | `id` INT32, `key` 16 bytes (the first of the SHA-256 of the client's text), `first` TIMESTAMP, `channel` INT32; by id |
//! | raw events | `device` text, `start` TIMESTAMP, `duration` INT32, `kind` text (`launch` or `use`), `channel`, `platform`, `sdk` texts, `received` TIMESTAMP |

mod columns;
mod devices;
mod events;
mod sessions;

pub use devices::{merge_devices, write_devices};
pub use events::{Kind, RawEvent, read_events, write_events};
pub use sessions::{merge_sessions, read_sessions, write_sessions};
