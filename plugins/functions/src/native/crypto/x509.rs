//! X.509 certificates, as `X509Certificate` shows them.

use openssl::asn1::{Asn1StringRef, Asn1TimeRef};
use openssl::hash::MessageDigest;
use openssl::x509::{GeneralNameRef, X509, X509KeyUsage, X509NameRef, X509Ref, X509VerifyResult};

use super::der::{dotted, element, elements, extension};
use super::failure::{failure, openssl};
use super::keys::{self, Key};
use super::limits;
use crate::native::{Args, Env, Op, Result, Value};

/// The ops of this file.
pub const OPS: &[(&str, Op)] =
    &[("crypto.x509.read", Op::Sync(read)), ("crypto.x509.verify", Op::Sync(verify)), ("crypto.x509.issued", Op::Sync(issued))];

fn certificate(bytes: &[u8]) -> Result<X509> {
    if bytes.len() > limits::KEY_TEXT {
        return Err(limits::too_costly("reading such a long certificate"));
    }
    let unreadable = |stack| failure(&stack, "Failed to read the certificate");
    // OpenSSL would ask for the passphrase of an encrypted one on a terminal.
    if bytes.windows(9).any(|window| window == b"Proc-Type") {
        return X509::from_der(bytes).map_err(unreadable);
    }
    X509::from_pem(bytes).or_else(|stack| X509::from_der(bytes).map_err(|_| stack)).map_err(unreadable)
}

/// `(PEM or DER)` → all that there is to know.
fn read(_: &mut Env, args: &Args) -> Result {
    let certificate = certificate(args.bytes(0)?)?;
    let fingerprint = |digest| -> Result<String> {
        let bytes = certificate.digest(digest).map_err(openssl)?;
        Ok(bytes.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":"))
    };
    let serial = certificate.serial_number().to_bn().and_then(|number| number.to_hex_str().map(|text| text.to_string()));
    let public = certificate.public_key().ok().map(|key| keys::held(&Key::Public(key))).transpose()?;
    let pem = certificate.to_pem().map_err(openssl)?;
    let der = certificate.to_der().map_err(openssl)?;
    Ok(Value::map([
        ("subject", name(certificate.subject_name()).into()),
        ("subjectFields", fields(certificate.subject_name())),
        ("issuer", name(certificate.issuer_name()).into()),
        ("issuerFields", fields(certificate.issuer_name())),
        ("subjectAltName", alternatives(&certificate).into()),
        ("infoAccess", access(&certificate).into()),
        ("validFrom", time(certificate.not_before()).into()),
        ("validTo", time(certificate.not_after()).into()),
        ("serialNumber", serial.map_err(openssl)?.into()),
        ("fingerprint", fingerprint(MessageDigest::sha1())?.into()),
        ("fingerprint256", fingerprint(MessageDigest::sha256())?.into()),
        ("fingerprint512", fingerprint(MessageDigest::sha512())?.into()),
        ("keyUsage", usages(&der).into()),
        ("ca", is_authority(&certificate, &der).into()),
        ("raw", der.into()),
        ("pem", String::from_utf8_lossy(&pem).into_owned().into()),
        ("publicKey", public.unwrap_or_default()),
    ]))
}

fn time(time: &Asn1TimeRef) -> String {
    time.to_string()
}

fn text(value: &Asn1StringRef) -> String {
    value.to_string().unwrap_or_else(|_| String::from_utf8_lossy(value.as_slice()).into_owned())
}

/// A line for each part, escaped as RFC 2253 says.
fn name(name: &X509NameRef) -> String {
    let mut lines = Vec::new();
    for entry in name.entries() {
        let key = entry.object().nid().short_name().map_or_else(|_| entry.object().to_string(), str::to_owned);
        lines.push(format!("{key}={}", escaped(&text(entry.data()))));
    }
    lines.join("\n")
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let last = text.chars().count().saturating_sub(1);
    for (index, character) in text.chars().enumerate() {
        match character {
            ',' | '+' | '"' | '\\' | '<' | '>' | ';' => {
                out.push('\\');
                out.push(character);
            }
            '#' | ' ' if index == 0 => {
                out.push('\\');
                out.push(character);
            }
            ' ' if index == last => out.push_str("\\ "),
            control if (control as u32) < 32 || control as u32 == 127 => out.push_str(&format!("\\{:02X}", control as u32)),
            other => out.push(other),
        }
    }
    out
}

/// Names and values, in order.
fn fields(name: &X509NameRef) -> Value {
    let mut fields = Vec::new();
    for entry in name.entries() {
        let key = entry.object().nid().short_name().map_or_else(|_| entry.object().to_string(), str::to_owned);
        fields.push(Value::List(vec![key.into(), text(entry.data()).into()]));
    }
    Value::List(fields)
}

fn alternatives(certificate: &X509Ref) -> Option<String> {
    let names = certificate.subject_alt_names()?;
    Some(names.iter().filter_map(general).collect::<Vec<_>>().join(", "))
}

/// A name, quoted as JSON when it could be taken for several.
fn general(name: &GeneralNameRef) -> Option<String> {
    let quoted = |text: &str| {
        if text.chars().any(|c| matches!(c, '"' | '\\' | ',' | '\'') || !(' '..='~').contains(&c)) {
            serde_json::Value::from(text).to_string()
        } else {
            text.to_owned()
        }
    };
    if let Some(name) = name.dnsname() {
        return Some(format!("DNS:{}", quoted(name)));
    }
    if let Some(uri) = name.uri() {
        return Some(format!("URI:{}", quoted(uri)));
    }
    if let Some(email) = name.email() {
        return Some(format!("email:{}", quoted(email)));
    }
    if let Some(directory) = name.directory_name() {
        return Some(format!("DirName:{}", quoted(&self::name(directory).replace('\n', ","))));
    }
    let address = name.ipaddress()?;
    Some(match (<[u8; 4]>::try_from(address), <[u8; 16]>::try_from(address)) {
        (Ok(four), _) => format!("IP Address:{}", std::net::Ipv4Addr::from(four)),
        (_, Ok(sixteen)) => {
            let groups = std::net::Ipv6Addr::from(sixteen).segments();
            format!("IP Address:{}", groups.map(|group| format!("{group:X}")).join(":"))
        }
        _ => "IP Address:<invalid>".to_owned(),
    })
}

fn access(certificate: &X509Ref) -> Option<String> {
    let info = certificate.authority_info()?;
    let mut lines = Vec::new();
    for entry in &info {
        let method = entry.method().nid().long_name().map_or_else(|_| entry.method().to_string(), str::to_owned);
        if let Some(location) = general(entry.location()) {
            lines.push(format!("{method} - {location}"));
        }
    }
    Some(lines.join("\n"))
}

/// The object identifiers of the extended key usage.
fn usages(der: &[u8]) -> Option<Vec<Value>> {
    let (_, list, _) = element(extension(der, &[0x55, 0x1d, 0x25])?)?;
    Some(elements(list).map(|(_, id)| Value::String(dotted(id))).collect())
}

/// Whether the basic constraints make it an authority, and the key usage, if there is one, lets it
/// sign certificates.
fn is_authority(certificate: &X509Ref, der: &[u8]) -> bool {
    let constraints = extension(der, &[0x55, 0x1d, 0x13]).and_then(element);
    let authority = constraints.is_some_and(|(_, inner, _)| elements(inner).any(|(tag, value)| tag == 1 && value != [0]));
    authority && certificate.key_usage().is_none_or(|usage| usage.contains(X509KeyUsage::KEY_CERT_SIGN))
}

/// `(certificate, public key)` → whether the key signed it.
fn verify(_: &mut Env, args: &Args) -> Result {
    let (certificate, key) = (certificate(args.bytes(0)?)?, keys::public(args.bytes(1)?)?);
    Ok(certificate.verify(&key).unwrap_or(false).into())
}

/// `(certificate, issuer)` → whether the issuer's names say that it issued it.
fn issued(_: &mut Env, args: &Args) -> Result {
    let (certificate, issuer) = (certificate(args.bytes(0)?)?, certificate(args.bytes(1)?)?);
    Ok((issuer.issued(&certificate) == X509VerifyResult::OK).into())
}
