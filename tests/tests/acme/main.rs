//! Custom domains and their certificates: the server against Debian's `pebble`, an authority that
//! validates for real, and a DNS server of the test's own.

mod certificates;
mod cloud;
mod dns;
mod nodes;
mod ownership;
mod pebble;
mod renewal;
mod server_names;
mod triggers;
