//! Published vectors, and arguments that nobody should give.
#![allow(clippy::unwrap_used)]
