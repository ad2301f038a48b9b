//! OpenSSL's errors, as Node.js throws them.

use openssl::error::{Error, ErrorStack};

use crate::native::{Failure, Value};

/// Names of OpenSSL's libraries by number, as they begin the codes of Node.js. Errors of others,
/// such as the providers, have none.
const LIBRARIES: &[(i32, &str)] = &[
    (2, "SYS_"),
    (3, "BN_"),
    (4, "RSA_"),
    (5, "DH_"),
    (6, "EVP_"),
    (7, "BUF_"),
    (8, "OBJ_"),
    (9, "PEM_"),
    (10, "DSA_"),
    (11, "X509_"),
    (13, "ASN1_"),
    (14, "CONF_"),
    (15, "CRYPTO_"),
    (16, "EC_"),
    (32, "BIO_"),
    (33, "PKCS7_"),
    (34, "X509V3_"),
    (35, "PKCS12_"),
    (36, "RAND_"),
    (52, "KDF_"),
    (53, "SM2_"),
];

/// The error that came first, with the later ones in `opensslErrorStack`. OpenSSL fails without
/// one at times; the error then says `fallback` and has no code, as in Node.js.
pub fn failure(stack: &ErrorStack, fallback: &str) -> Failure {
    let Some((first, later)) = stack.errors().split_first() else { return Failure::error("", fallback) };
    let reason = reason(first);
    let library = LIBRARIES.iter().find(|(number, _)| *number == first.library_code()).map_or("", |(_, name)| name);
    let code = format!("ERR_OSSL_{library}{}", reason.to_uppercase().replace(' ', "_"));
    let mut failure = Failure::error(code, text(first)).with("library", first.library().unwrap_or("")).with("reason", reason);
    if !later.is_empty() {
        failure = failure.with("opensslErrorStack", later.iter().rev().map(|error| Value::String(text(error))).collect::<Vec<_>>());
    }
    failure
}

/// The first error as a text, if there is one.
pub fn first(stack: &ErrorStack) -> Option<String> {
    stack.errors().first().map(text)
}

/// For operations that fail for reasons that OpenSSL always gives.
pub fn openssl(stack: ErrorStack) -> Failure {
    failure(&stack, "the operation failed")
}

fn reason(error: &Error) -> String {
    error.reason().map_or_else(|| format!("reason({})", error.reason_code()), str::to_owned)
}

fn text(error: &Error) -> String {
    let library = error.library().map_or_else(|| format!("lib({})", error.library_code()), str::to_owned);
    format!("error:{:08X}:{library}::{}", error.code(), reason(error))
}

/// An error that OpenSSL has, and that is found before it is asked: its code, number, library and
/// reason.
pub fn like(code: &'static str, number: u32, library: &'static str, reason: &'static str) -> Failure {
    Failure::error(code, format!("error:{number:08X}:{library}::{reason}")).with("library", library).with("reason", reason)
}

/// `ERR_CRYPTO_INVALID_DIGEST`
pub fn invalid_digest(name: &str) -> Failure {
    Failure::type_error("ERR_CRYPTO_INVALID_DIGEST", format!("Invalid digest: {name}"))
}

/// `ERR_CRYPTO_INVALID_CURVE`
pub fn invalid_curve() -> Failure {
    Failure::type_error("ERR_CRYPTO_INVALID_CURVE", "Invalid EC curve name")
}
