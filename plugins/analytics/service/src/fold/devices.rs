//! Moved to `levels.rs`.
