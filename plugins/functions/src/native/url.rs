//! URLs as the URL Standard of the WHATWG has them.

use url::{Position, Url, quirks};

use super::{Args, Env, Failure, Op, Result, Value};

/// The ops of this file.
pub const OPS: &[(&str, Op)] = &[
    ("url.parse", Op::Sync(parse)),
    ("url.set", Op::Sync(set)),
    ("url.domainToASCII", Op::Sync(domain_to_ascii)),
    ("url.domainToUnicode", Op::Sync(domain_to_unicode)),
];

/// The longest URL, in bytes: parsing cannot be interrupted.
const MAX: usize = 4 * 1024 * 1024;

fn bounded(text: &str) -> Result<&str> {
    if text.len() > MAX {
        return Err(Failure::type_error("ERR_INVALID_URL", "the URL is too long"));
    }
    Ok(text)
}

/// The URL, and the offsets where its parts begin or end: after the scheme and its colon, after the
/// user name, after the password, before and after the host name, the port or -1, and before the
/// path, the search and the hash. A serialised URL has only ASCII, so that bytes are characters.
fn parts(url: &Url) -> Value {
    let at = |position| Value::from(url[..position].len());
    // Without a password, its positions may be around the `@`.
    let password = match url.password() {
        Some(_) => [Position::BeforePassword, Position::AfterPassword],
        None => [Position::AfterUsername; 2],
    };
    Value::List(vec![
        Value::from(url.as_str()),
        Value::from(url.scheme().len() + 1),
        at(Position::BeforeUsername),
        at(Position::AfterUsername),
        at(password[0]),
        at(password[1]),
        at(Position::BeforeHost),
        at(Position::AfterHost),
        url.port().map_or(Value::Number(-1.0), |port| Value::from(u32::from(port))),
        at(Position::BeforePath),
        at(Position::AfterPath),
        at(Position::AfterQuery),
    ])
}

/// `(text, base?)` → the parts, or `undefined` when it is no URL.
fn parse(_: &mut Env, args: &Args) -> Result {
    let text = bounded(args.str(0)?)?;
    let url = match args.get(1).as_str() {
        Some(base) => Url::parse(bounded(base)?).and_then(|base| base.join(text)),
        None => Url::parse(text),
    };
    Ok(url.map_or(Value::Undefined, |url| parts(&url)))
}

/// `(href, part, text)` → the parts after one was set. A text that cannot be that part changes
/// nothing.
fn set(_: &mut Env, args: &Args) -> Result {
    let text = bounded(args.str(2)?)?;
    let Ok(mut url) = Url::parse(bounded(args.str(0)?)?) else { return Ok(Value::Undefined) };
    match args.str(1)? {
        "protocol" => drop(quirks::set_protocol(&mut url, text)),
        "username" => drop(quirks::set_username(&mut url, text)),
        "password" => drop(quirks::set_password(&mut url, text)),
        "host" => drop(quirks::set_host(&mut url, text)),
        "hostname" => drop(quirks::set_hostname(&mut url, text)),
        "port" => drop(quirks::set_port(&mut url, text)),
        "pathname" => quirks::set_pathname(&mut url, text),
        "search" => quirks::set_search(&mut url, text),
        "hash" => quirks::set_hash(&mut url, text),
        _ => {}
    }
    Ok(parts(&url))
}

/// `(domain)` → it in Punycode, or an empty text.
fn domain_to_ascii(_: &mut Env, args: &Args) -> Result {
    Ok(quirks::domain_to_ascii(bounded(args.str(0)?)?).into())
}

/// `(domain)` → it in Unicode, or an empty text.
fn domain_to_unicode(_: &mut Env, args: &Args) -> Result {
    Ok(quirks::domain_to_unicode(bounded(args.str(0)?)?).into())
}
