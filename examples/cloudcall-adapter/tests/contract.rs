//! The adapter passes the conformance kits of its contracts, with a Cards on this machine.

mod cards;
