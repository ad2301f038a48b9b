//! How calls are signed, encrypted and checked. Nothing here knows an API.

pub mod certificate;
pub mod content;
pub mod keys;
pub mod response;
pub mod text;
