//! Character encodings, as the Encoding Standard of the WHATWG names them.

use encoding_rs::Encoding;

use super::{Args, Env, Failure, Op, Result, Value};

/// The ops of this file.
pub const OPS: &[(&str, Op)] = &[("text.label", Op::Sync(label)), ("text.decode", Op::Sync(decode))];

fn encoding(label: &str) -> Result<&'static Encoding> {
    Encoding::for_label(label.as_bytes())
        .ok_or_else(|| Failure::range_error("ERR_ENCODING_NOT_SUPPORTED", format!("The \"{label}\" encoding is not supported")))
}

/// `(label)` → the encoding's name in lower case.
fn label(_: &mut Env, args: &Args) -> Result {
    Ok(encoding(args.str(0)?)?.name().to_ascii_lowercase().into())
}

/// `(label, bytes, fatal, ignoreBOM)` → the text of bytes that are all there.
fn decode(_: &mut Env, args: &Args) -> Result {
    let encoding = encoding(args.str(0)?)?;
    let (bytes, fatal, keep_mark) = (args.bytes(1)?, args.flag(2), args.flag(3));
    let (text, damaged) = if keep_mark { encoding.decode_without_bom_handling(bytes) } else { encoding.decode_with_bom_removal(bytes) };
    if damaged && fatal {
        let message = format!("The encoded data was not valid for encoding {}", encoding.name().to_ascii_lowercase());
        return Err(Failure::type_error("ERR_ENCODING_INVALID_ENCODED_DATA", message));
    }
    Ok(Value::String(text.into_owned()))
}
