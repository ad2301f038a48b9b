//! Tells the handshake which target it is compiled for.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-env=MPCLOUD_TARGET={}", std::env::var("TARGET").unwrap_or_default());
}
