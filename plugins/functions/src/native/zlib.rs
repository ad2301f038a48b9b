//! Compression: deflate in its three wrappings, and brotli. JavaScript drives a stream step by step,
//! so that each op is short and a bomb meets the limits of whoever reads.

use brotli::enc::StandardAlloc;
use brotli::enc::backward_references::BrotliEncoderMode;
use brotli::enc::encode::{BrotliEncoderOperation, BrotliEncoderStateStruct};
use brotli::{BrotliDecompressStream, BrotliResult, BrotliState};
use zlib_rs::{Deflate, DeflateConfig, DeflateFlush, Inflate, InflateError, InflateFlush, Method, Status, Strategy};

use super::{Args, Env, Failure, Op, Result, Value};

/// The ops of this file.
pub const OPS: &[(&str, Op)] = &[
    ("zlib.open", Op::Sync(open)),
    ("zlib.step", Op::Sync(step)),
    ("zlib.params", Op::Sync(params)),
    ("zlib.reset", Op::Sync(reset)),
    ("zlib.crc32", Op::Sync(crc32)),
];

/// The most input that one step takes, and the most output that it gives.
const STEP: usize = 256 * 1024;
/// The same for a compressor that is slow.
const SLOW_STEP: usize = 64 * 1024;
/// What the streams of one isolate may use together.
const MAX_MEMORY: usize = 256 * 1024 * 1024;
/// The largest block that brotli compresses at once, as a power of two.
const MAX_BLOCK: u32 = 18;

/// Brotli's parameters, by the numbers of its encode.h.
const MODE: u32 = 0;
const QUALITY: u32 = 1;
const WINDOW: u32 = 2;
const BLOCK: u32 = 3;
const SIZE_HINT: u32 = 5;

/// How much memory the open streams of an isolate have, by estimate.
#[derive(Default)]
pub struct Memory(std::rc::Rc<std::cell::Cell<usize>>);

/// A part of it; given back when dropped.
struct Share(std::rc::Rc<std::cell::Cell<usize>>, usize);

impl Memory {
    /// How many bytes it is.
    pub fn used(&self) -> usize {
        self.0.get()
    }

    fn take(&self, bytes: usize) -> Result<Share> {
        let used = self.0.get() + bytes;
        if used > MAX_MEMORY {
            return Err(Failure::range_error(
                "ERR_MEMORY_ALLOCATION_FAILED",
                format!("the function's compression streams need more than {} MB; close some", MAX_MEMORY / 1024 / 1024),
            ));
        }
        self.0.set(used);
        Ok(Share(self.0.clone(), bytes))
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.0.set(self.0.get() - self.1);
    }
}

/// The modes of Node.js's binding, by its numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Mode {
    Deflate,
    Inflate,
    Gzip,
    Gunzip,
    DeflateRaw,
    InflateRaw,
    Unzip,
    BrotliDecode,
    BrotliEncode,
}

struct Stream {
    mode: Mode,
    settings: Settings,
    coder: Coder,
    /// Whether the input has begun, and how.
    begun: bool,
    ended: bool,
    /// What it uses, for as long as it lives.
    memory: Vec<Share>,
}

#[derive(Clone)]
struct Settings {
    level: i32,
    window: i32,
    memory: i32,
    strategy: Strategy,
    dictionary: Option<Vec<u8>>,
    brotli: Vec<(u32, u32)>,
}

enum Coder {
    Deflate(Box<Deflate>),
    Inflate(Box<Inflate>),
    Encode(Box<BrotliEncoderStateStruct<StandardAlloc>>),
    Decode(Box<BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>>),
}

fn fail(code: &'static str, errno: i32, message: &str) -> Failure {
    Failure::error(code, message).with("errno", f64::from(errno))
}

fn number(options: &Value, key: &str, default: i32, least: i32, most: i32) -> Result<i32> {
    match options.get(key).and_then(Value::as_number) {
        None => Ok(default),
        Some(number) if number.fract() == 0.0 && number >= f64::from(least) && number <= f64::from(most) => Ok(number as i32),
        Some(number) => Err(Failure::range_error(
            "ERR_OUT_OF_RANGE",
            format!("The value of \"options.{key}\" is out of range. It must be >= {least} and <= {most}. Received {number}"),
        )),
    }
}

fn strategy(number: i32) -> Strategy {
    match number {
        1 => Strategy::Filtered,
        2 => Strategy::HuffmanOnly,
        3 => Strategy::Rle,
        4 => Strategy::Fixed,
        _ => Strategy::Default,
    }
}

impl Settings {
    fn new(mode: Mode, options: &Value) -> Result<Self> {
        let least = if matches!(mode, Mode::Inflate | Mode::Gunzip | Mode::Unzip) { 0 } else { 8 };
        let window = match number(options, "windowBits", 15, least, 15)? {
            0 => 0,
            // zlib has no window of 256 bytes.
            8 => 9,
            window => window,
        };
        let mut brotli = Vec::new();
        if let Some(Value::Map(params)) = options.get("params") {
            for (key, value) in params {
                let key = key.parse::<u32>().ok().filter(|key| *key <= 9);
                let value = value.as_number().or_else(|| value.as_bool().map(|value| f64::from(u8::from(value))));
                let (Some(key), Some(value)) = (key, value) else {
                    return Err(Failure::range_error("ERR_BROTLI_INVALID_PARAM", "an option of params is not a valid Brotli parameter"));
                };
                brotli.push((key, value.clamp(0.0, f64::from(u32::MAX)) as u32));
            }
        }
        Ok(Self {
            level: number(options, "level", -1, -1, 9)?,
            window,
            memory: number(options, "memLevel", 8, 1, 9)?,
            strategy: strategy(number(options, "strategy", 0, 0, 4)?),
            dictionary: options.get("dictionary").and_then(Value::as_bytes).map(<[u8]>::to_vec),
            brotli,
        })
    }

    fn quality(&self) -> u32 {
        self.brotli(QUALITY, 11).min(11)
    }

    fn brotli(&self, parameter: u32, default: u32) -> u32 {
        self.brotli.iter().rev().find(|(key, _)| *key == parameter).map_or(default, |(_, value)| *value)
    }

    /// What a stream uses, by the figures of zlib's manual and of measurements of brotli.
    fn memory(&self, mode: Mode) -> usize {
        match mode {
            Mode::Deflate | Mode::Gzip | Mode::DeflateRaw => (1 << (self.window + 3)) + (1 << (self.memory + 9)) + 64 * 1024,
            Mode::Inflate | Mode::Gunzip | Mode::InflateRaw | Mode::Unzip => 96 * 1024,
            // What the stream's window needs is added when its first byte is there.
            Mode::BrotliDecode => 256 * 1024,
            Mode::BrotliEncode => {
                let window = 1usize << self.brotli(WINDOW, 22).clamp(10, 24);
                if self.quality() >= 10 { 12 * window + (16 << 20) } else { 4 * window + (8 << 20) }
            }
        }
    }

    fn coder(&self, mode: Mode) -> Result<Coder> {
        let window = match mode {
            Mode::Gzip | Mode::Gunzip => self.window + 16,
            Mode::Unzip => self.window + 32,
            Mode::DeflateRaw | Mode::InflateRaw => -self.window,
            _ => self.window,
        };
        Ok(match mode {
            Mode::Deflate | Mode::Gzip | Mode::DeflateRaw => {
                let config = DeflateConfig {
                    level: self.level,
                    method: Method::Deflated,
                    window_bits: window,
                    mem_level: self.memory,
                    strategy: self.strategy,
                };
                let mut deflate = Box::new(Deflate::new_with_config(config));
                if let Some(dictionary) = self.dictionary.as_deref().filter(|_| mode != Mode::Gzip) {
                    deflate.set_dictionary(dictionary).map_err(|_| fail("Z_STREAM_ERROR", -2, "Failed to set dictionary"))?;
                }
                Coder::Deflate(deflate)
            }
            Mode::Inflate | Mode::Gunzip | Mode::InflateRaw | Mode::Unzip => {
                // Both are within what `Inflate` takes.
                let mut inflate = Box::new(Inflate::new(mode != Mode::InflateRaw, window.unsigned_abs() as u8));
                if mode == Mode::InflateRaw
                    && let Some(dictionary) = &self.dictionary
                {
                    inflate.set_dictionary(dictionary).map_err(|_| fail("Z_DATA_ERROR", -3, "Bad dictionary"))?;
                }
                Coder::Inflate(inflate)
            }
            Mode::BrotliEncode => {
                let mut encoder = Box::new(BrotliEncoderStateStruct::new(StandardAlloc::default()));
                let params = &mut encoder.params;
                // Each is within a few bits.
                params.quality = self.quality() as i32;
                params.lgwin = self.brotli(WINDOW, 22).clamp(10, 24) as i32;
                params.lgblock = self.brotli(BLOCK, MAX_BLOCK).clamp(16, MAX_BLOCK) as i32;
                params.size_hint = self.brotli(SIZE_HINT, 0) as usize;
                params.mode = match self.brotli(MODE, 0) {
                    1 => BrotliEncoderMode::BROTLI_MODE_TEXT,
                    2 => BrotliEncoderMode::BROTLI_MODE_FONT,
                    _ => BrotliEncoderMode::BROTLI_MODE_GENERIC,
                };
                Coder::Encode(encoder)
            }
            Mode::BrotliDecode => {
                let alloc = StandardAlloc::default;
                Coder::Decode(Box::new(BrotliState::<StandardAlloc, StandardAlloc, StandardAlloc>::new_strict(alloc(), alloc(), alloc())))
            }
        })
    }
}

/// `(mode, options)` → the stream's number.
fn open(env: &mut Env, args: &Args) -> Result {
    let mode = match args.u32(0)? {
        1 => Mode::Deflate,
        2 => Mode::Inflate,
        3 => Mode::Gzip,
        4 => Mode::Gunzip,
        5 => Mode::DeflateRaw,
        6 => Mode::InflateRaw,
        7 => Mode::Unzip,
        8 => Mode::BrotliDecode,
        9 => Mode::BrotliEncode,
        _ => return Err(Failure::range_error("ERR_OUT_OF_RANGE", "Bad argument: mode")),
    };
    let settings = Settings::new(mode, args.get(1))?;
    let dictionary = settings.dictionary.as_ref().map_or(0, Vec::len);
    let memory = env.compression.take(settings.memory(mode) + dictionary)?;
    let coder = settings.coder(mode)?;
    Ok(env.resources.add(Stream { mode, settings, coder, begun: false, ended: false, memory: vec![memory] })?.into())
}

/// `(stream, flush, bytes, most)` → `[output, how many bytes were taken, whether the stream ended]`.
/// JavaScript goes on with the rest of the input for as long as the output is full.
fn step(env: &mut Env, args: &Args) -> Result {
    let (flush, input, most) = (args.u32(1)?, args.bytes(2)?, args.u32(3)? as usize);
    let memory = &env.compression;
    let stream = env.resources.get::<Stream>(args.u32(0)?)?;
    if !stream.begun
        && stream.mode == Mode::BrotliDecode
        && let Some(first) = input.first()
    {
        stream.begun = true;
        stream.memory.push(memory.take(1 << brotli_window(*first))?);
    }
    let slow = stream.mode == Mode::BrotliEncode && stream.settings.quality() > 6;
    let whole = input.len();
    let input = input.get(..if slow { SLOW_STEP } else { STEP }).unwrap_or(input);
    // What follows this step's part must not be flushed or finished yet.
    let flush = if input.len() < whole { 0 } else { flush };
    let mut output = vec![0; most.clamp(1, STEP)];
    let (taken, given) = stream.step(flush, input, &mut output)?;
    output.truncate(given);
    output.shrink_to_fit();
    Ok(Value::List(vec![output.into(), taken.into(), stream.ended.into()]))
}

/// The window of a brotli stream as a power of two (RFC 7932, 9.1).
fn brotli_window(first: u8) -> u32 {
    match (first & 1, first >> 1 & 7, first >> 4 & 7) {
        (0, ..) => 16,
        (_, 0, 0) => 17,
        (_, 0, n) => 8 + u32::from(n),
        (_, n, _) => 17 + u32::from(n),
    }
}

impl Stream {
    fn step(&mut self, flush: u32, input: &[u8], output: &mut [u8]) -> Result<(usize, usize)> {
        match &mut self.coder {
            Coder::Deflate(deflate) => {
                let before = (deflate.total_in(), deflate.total_out());
                let flush = match flush {
                    1 => DeflateFlush::PartialFlush,
                    2 => DeflateFlush::SyncFlush,
                    3 => DeflateFlush::FullFlush,
                    4 => DeflateFlush::Finish,
                    5 => DeflateFlush::Block,
                    _ => DeflateFlush::NoFlush,
                };
                let status = deflate.compress(input, output, flush).map_err(|error| fail("Z_STREAM_ERROR", -2, error.as_str()))?;
                self.ended = status == Status::StreamEnd;
                Ok(((deflate.total_in() - before.0) as usize, (deflate.total_out() - before.1) as usize))
            }
            Coder::Inflate(_) => self.inflate(flush, input, output),
            Coder::Encode(encoder) => {
                let operation = match flush {
                    1 => BrotliEncoderOperation::BROTLI_OPERATION_FLUSH,
                    2 => BrotliEncoderOperation::BROTLI_OPERATION_FINISH,
                    _ => BrotliEncoderOperation::BROTLI_OPERATION_PROCESS,
                };
                let (mut left, mut taken, mut room, mut given) = (input.len(), 0, output.len(), 0);
                let worked = encoder.compress_stream(
                    operation,
                    &mut left,
                    input,
                    &mut taken,
                    &mut room,
                    output,
                    &mut given,
                    &mut None,
                    &mut |_, _, _, _| (),
                );
                if !worked {
                    return Err(fail("ERR__ERROR_COMPRESSION_FAILED", -2, "Compression failed"));
                }
                self.ended = encoder.is_finished();
                Ok((taken, given))
            }
            Coder::Decode(decoder) => {
                let (mut left, mut taken, mut room, mut given, mut total) = (input.len(), 0, output.len(), 0, 0);
                let result = BrotliDecompressStream(&mut left, &mut taken, input, &mut room, &mut given, output, &mut total, decoder);
                match result {
                    BrotliResult::ResultSuccess => self.ended = true,
                    BrotliResult::NeedsMoreInput if flush == 2 && given < output.len() => {
                        return Err(fail("Z_BUF_ERROR", -5, "unexpected end of file"));
                    }
                    BrotliResult::NeedsMoreInput | BrotliResult::NeedsMoreOutput => {}
                    BrotliResult::ResultFailure => {
                        let name = format!("{:?}", decoder.error_code).replace("BROTLI_DECODER_ERROR_", "ERR__ERROR_");
                        return Err(Failure::error(name, "Decompression failed").with("errno", -2.0));
                    }
                }
                Ok((taken, given))
            }
        }
    }

    fn inflate(&mut self, flush: u32, input: &[u8], output: &mut [u8]) -> Result<(usize, usize)> {
        // Node.js reads the members of a gzip file one after another, and ignores what follows them.
        if self.ended {
            if !matches!(self.mode, Mode::Gunzip | Mode::Unzip) || input.first() != Some(&0x1f) {
                return Ok((input.len(), 0));
            }
            self.coder = self.settings.coder(Mode::Gunzip)?;
            self.ended = false;
        }
        let Coder::Inflate(inflate) = &mut self.coder else { return Ok((0, 0)) };
        let before = (inflate.total_in(), inflate.total_out());
        let how = match flush {
            0 => InflateFlush::NoFlush,
            5 => InflateFlush::Block,
            6 => InflateFlush::Trees,
            _ => InflateFlush::SyncFlush,
        };
        let mut result = inflate.decompress(input, output, how);
        if let (Err(InflateError::NeedDict { .. }), Some(dictionary)) = (&result, &self.settings.dictionary) {
            inflate.set_dictionary(dictionary).map_err(|_| fail("Z_DATA_ERROR", -3, "Bad dictionary"))?;
            let taken = (inflate.total_in() - before.0) as usize;
            result = inflate.decompress(input.get(taken..).unwrap_or_default(), output, how);
        }
        let (taken, given) = ((inflate.total_in() - before.0) as usize, (inflate.total_out() - before.1) as usize);
        match result {
            Ok(Status::StreamEnd) => self.ended = true,
            // The last input, and room for more: the rest is missing.
            Ok(_) if flush == 4 && given < output.len() && taken == input.len() => {
                return Err(fail("Z_BUF_ERROR", -5, "unexpected end of file"));
            }
            Ok(_) => {}
            Err(InflateError::NeedDict { .. }) => return Err(fail("Z_NEED_DICT", 2, "Missing dictionary")),
            Err(InflateError::DataError) => return Err(fail("Z_DATA_ERROR", -3, inflate.error_message().unwrap_or("invalid data"))),
            Err(InflateError::MemError) => return Err(fail("Z_MEM_ERROR", -4, "insufficient memory")),
            Err(InflateError::StreamError) => return Err(fail("Z_STREAM_ERROR", -2, "stream error")),
        }
        Ok((taken, given))
    }
}

/// `(stream, level)`: another level for what follows, as far as the stream can change it. The
/// caller has flushed.
fn params(env: &mut Env, args: &Args) -> Result {
    let level = args.number(1)?;
    let stream = env.resources.get::<Stream>(args.u32(0)?)?;
    if let Coder::Deflate(deflate) = &mut stream.coder {
        // zlib-rs changes between levels of one method only, and leaves the stream as it was else.
        let _ = deflate.set_level(level.clamp(-1.0, 9.0) as i32);
    }
    Ok(Value::Undefined)
}

/// `(stream)`: begins anew.
fn reset(env: &mut Env, args: &Args) -> Result {
    let stream = env.resources.get::<Stream>(args.u32(0)?)?;
    stream.coder = stream.settings.coder(stream.mode)?;
    stream.ended = false;
    Ok(Value::Undefined)
}

/// `(bytes, start)` → the checksum of gzip and zip.
fn crc32(_: &mut Env, args: &Args) -> Result {
    Ok(zlib_rs::crc32::crc32(args.u32(1)?, args.bytes(0)?).into())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn run(stream: &mut Stream, finish: u32, mut input: &[u8]) -> Result<Vec<u8>> {
        let mut all = Vec::new();
        let mut output = [0; 100];
        for _ in 0..100_000 {
            let (taken, given) = stream.step(finish, input, &mut output)?;
            all.extend_from_slice(&output[..given]);
            input = &input[taken..];
            if stream.ended || input.is_empty() && given < output.len() {
                break;
            }
        }
        Ok(all)
    }

    fn stream(mode: Mode) -> Stream {
        let settings = Settings::new(mode, &Value::Undefined).unwrap();
        let coder = settings.coder(mode).unwrap();
        Stream { mode, settings, coder, begun: false, ended: false, memory: Vec::new() }
    }

    #[test]
    fn what_is_packed_is_unpacked_again() {
        let data: Vec<u8> = (0..100_000u32).map(|i| (i.wrapping_mul(i) >> 7) as u8).collect();
        for (pack, unpack, finish) in [
            (Mode::Deflate, Mode::Inflate, 4),
            (Mode::Gzip, Mode::Gunzip, 4),
            (Mode::Gzip, Mode::Unzip, 4),
            (Mode::Deflate, Mode::Unzip, 4),
            (Mode::DeflateRaw, Mode::InflateRaw, 4),
            (Mode::BrotliEncode, Mode::BrotliDecode, 2),
        ] {
            let packed = run(&mut stream(pack), finish, &data).unwrap();
            assert!(packed.len() < data.len());
            assert_eq!(run(&mut stream(unpack), finish, &packed).unwrap(), data, "{unpack:?}");
            let error = run(&mut stream(unpack), finish, &packed[..packed.len() - 9]).unwrap_err();
            assert_eq!((&*error.code, error.message.as_str()), ("Z_BUF_ERROR", "unexpected end of file"), "{unpack:?}");
        }
    }

    #[test]
    fn damage_is_told_as_by_node() {
        for (mode, bytes, message) in [
            (Mode::Inflate, &[1u8, 2, 3, 4][..], "incorrect header check"),
            (Mode::Gunzip, &[1, 2, 3, 4], "incorrect header check"),
            (Mode::InflateRaw, &[0xff; 9], "invalid block type"),
        ] {
            let error = run(&mut stream(mode), 4, bytes).unwrap_err();
            assert_eq!((&*error.code, error.message.as_str()), ("Z_DATA_ERROR", message), "{mode:?}");
        }
    }

    #[test]
    fn memory_is_counted_and_given_back() {
        let memory = Memory::default();
        let share = memory.take(MAX_MEMORY).unwrap();
        assert!(memory.take(1).is_err());
        drop(share);
        assert!(memory.take(1).is_ok());
        assert_eq!([0x0b, 0x0f, 0x10, 0x01, 0x21].map(brotli_window), [22, 24, 16, 17, 10]);
    }
}
