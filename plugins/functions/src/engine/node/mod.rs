//! What functions see of Node.js, a file for each builtin.

mod dns;
mod fetch;
mod http;
mod httpclient;
mod https;
mod net;
mod server;
mod zlib;
