//! What the builtin `crypto` and the web's `crypto.subtle` compute: OpenSSL, which Node.js is made
//! of, so that functions find the same algorithms, key formats and error texts.
//!
//! Keys cross as DER: PKCS#8 for private and SubjectPublicKeyInfo for public ones. JavaScript holds
//! those bytes, so that nothing needs freeing; [`keys`] remembers the last few in parsed form.
//!
//! Sync ops are not interrupted, and neither is what runs beside the isolate. So everything whose
//! cost grows with a number that functions choose has a limit in [`limits`].

mod cipher;
mod der;
mod dh;
mod digest;
mod ec;
mod failure;
mod jwk;
mod kdf;
mod keygen;
mod keys;
mod limits;
mod prime;
mod random;
mod rsa;
mod sign;
mod x509;

#[cfg(test)]
mod tests;

use super::Op;

/// The ops of this folder.
pub const OPS: &[&[(&str, Op)]] = &[
    cipher::OPS,
    dh::OPS,
    digest::OPS,
    ec::OPS,
    jwk::OPS,
    kdf::OPS,
    keygen::OPS,
    keys::OPS,
    prime::OPS,
    random::OPS,
    rsa::OPS,
    sign::OPS,
    x509::OPS,
];
