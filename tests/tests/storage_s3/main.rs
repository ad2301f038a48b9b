//! Objects in an S3 server: the contract, what becomes of it when the network fails, and whole
//! servers whose TOML names nothing but the bucket.

mod chaos;
mod cloud;
mod contract;
mod nodes;
mod proxy;
