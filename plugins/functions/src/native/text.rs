//! Character encodings, as the Encoding Standard of the WHATWG names them.

use encoding_rs::{Decoder, DecoderResult, Encoding};

use super::{Args, Env, Failure, Op, Result, Value};

/// The ops of this file.
pub const OPS: &[(&str, Op)] = &[
    ("text.label", Op::Sync(label)),
    ("text.decode", Op::Sync(decode)),
    ("text.decoder", Op::Sync(decoder)),
    ("text.push", Op::Sync(push)),
];

fn encoding(label: &str) -> Result<&'static Encoding> {
    Encoding::for_label(label.as_bytes())
        .ok_or_else(|| Failure::range_error("ERR_ENCODING_NOT_SUPPORTED", format!("The \"{label}\" encoding is not supported")))
}

fn damaged(encoding: &'static Encoding) -> Failure {
    let message = format!("The encoded data was not valid for encoding {}", encoding.name().to_ascii_lowercase());
    Failure::type_error("ERR_ENCODING_INVALID_ENCODED_DATA", message)
}

/// `(label)` → the encoding's name in lower case.
fn label(_: &mut Env, args: &Args) -> Result {
    Ok(encoding(args.str(0)?)?.name().to_ascii_lowercase().into())
}

/// `(label, bytes, fatal, ignoreBOM)` → the text of bytes that are all there.
fn decode(_: &mut Env, args: &Args) -> Result {
    let encoding = encoding(args.str(0)?)?;
    let (bytes, fatal, keep_mark) = (args.bytes(1)?, args.flag(2), args.flag(3));
    let (text, invalid) = if keep_mark { encoding.decode_without_bom_handling(bytes) } else { encoding.decode_with_bom_removal(bytes) };
    if invalid && fatal {
        return Err(damaged(encoding));
    }
    Ok(Value::String(text.into_owned()))
}

/// `(label, ignoreBOM)` → a decoder of bytes that come in pieces.
fn decoder(env: &mut Env, args: &Args) -> Result {
    let encoding = encoding(args.str(0)?)?;
    let decoder = if args.flag(1) { encoding.new_decoder_without_bom_handling() } else { encoding.new_decoder_with_bom_removal() };
    Ok(env.resources.add(decoder)?.into())
}

/// `(decoder, bytes, fatal, last)` → the text that is complete. The decoder is gone after the last
/// piece, and after an error.
fn push(env: &mut Env, args: &Args) -> Result {
    let (id, bytes, fatal, last) = (args.u32(0)?, args.bytes(1)?, args.flag(2), args.flag(3));
    let decoder: &mut Decoder = env.resources.get(id)?;
    let encoding = decoder.encoding();
    let too_long = || Failure::range_error("ERR_STRING_TOO_LONG", "the text is too long");
    let mut text = String::new();
    let invalid = if fatal {
        text.reserve(decoder.max_utf8_buffer_length_without_replacement(bytes.len()).ok_or_else(too_long)?);
        let (result, _) = decoder.decode_to_string_without_replacement(bytes, &mut text, last);
        matches!(result, DecoderResult::Malformed(..))
    } else {
        text.reserve(decoder.max_utf8_buffer_length(bytes.len()).ok_or_else(too_long)?);
        let _ = decoder.decode_to_string(bytes, &mut text, last);
        false
    };
    if last || invalid {
        env.resources.close(id);
    }
    if invalid { Err(damaged(encoding)) } else { Ok(text.into()) }
}
