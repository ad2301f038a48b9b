//! Bytes to text and back, in the encodings of `Buffer`.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use super::{Args, Env, Failure, Op, Result, Value};

/// The ops of this file.
pub const OPS: &[(&str, Op)] = &[("binary.text", Op::Sync(text)), ("binary.bytes", Op::Sync(bytes)), ("binary.isUtf8", Op::Sync(is_utf8))];

fn unknown(encoding: &str) -> Failure {
    Failure::type_error("ERR_UNKNOWN_ENCODING", format!("Unknown encoding: {encoding}"))
}

/// `(bytes, encoding)` → text. `encoding` is `utf8`, `latin1`, `hex`, `base64` or `base64url`.
fn text(_: &mut Env, args: &Args) -> Result {
    let bytes = args.bytes(0)?;
    Ok(Value::String(match args.str(1)? {
        "utf8" => String::from_utf8_lossy(bytes).into_owned(),
        "latin1" => bytes.iter().copied().map(char::from).collect(),
        "hex" => hex::encode(bytes),
        "base64" => STANDARD.encode(bytes),
        "base64url" => URL_SAFE_NO_PAD.encode(bytes),
        encoding => return Err(unknown(encoding)),
    }))
}

/// `(text, encoding)` → bytes. What is no part of the encoding is left out, or ends the text, as
/// in Node.js.
fn bytes(_: &mut Env, args: &Args) -> Result {
    let text = args.str(0)?;
    Ok(Value::Bytes(match args.str(1)? {
        "utf8" => text.as_bytes().to_vec(),
        "hex" => from_hex(text.as_bytes()),
        "base64" | "base64url" => from_base64(text.as_bytes()),
        encoding => return Err(unknown(encoding)),
    }))
}

fn from_hex(text: &[u8]) -> Vec<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let pairs = text.chunks_exact(2).map_while(|pair| match pair {
        // Two digits make at most 255.
        [high, low] => Some((digit(*high)? * 16 + digit(*low)?) as u8),
        _ => None,
    });
    pairs.collect()
}

/// Both alphabets, with or without padding; other characters are skipped.
fn from_base64(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 2);
    let (mut bits, mut count) = (0u32, 0);
    for byte in text {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            b'=' => break,
            _ => continue,
        };
        bits = (bits << 6) | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            // The eight bits above those that are left.
            bytes.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    bytes
}

/// `(bytes)` → whether they are UTF-8.
fn is_utf8(_: &mut Env, args: &Args) -> Result {
    Ok(std::str::from_utf8(args.bytes(0)?).is_ok().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_read_as_node_reads_it() {
        for (text, bytes) in [
            ("aGVsbG8=", b"hello".as_slice()),
            ("aGVsbG8", b"hello"),
            ("aGVs\nbG8=", b"hello"),
            ("aGVsbG8=aGVs", b"hello"),
            ("-_-_", &[0xfb, 0xff, 0xbf]),
            ("+/+/", &[0xfb, 0xff, 0xbf]),
            ("a", b""),
            ("", b""),
        ] {
            assert_eq!(from_base64(text.as_bytes()), bytes, "{text}");
        }
    }

    #[test]
    fn hex_ends_at_the_first_other_character() {
        assert_eq!(from_hex(b"00fFxx11"), [0, 255]);
        assert!(from_hex(b"0g").is_empty());
        assert_eq!(from_hex(b"012"), [1]);
    }
}
