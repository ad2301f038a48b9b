//! Contents of files that are kept in memory. They are known by their digests, so what is kept is
//! never stale. Compressed contents are made once for each digest, by few threads at a time.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use brotli::enc::BrotliEncoderParams;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::HeaderValue;
use moka::future::Cache;
use sdk_plugin::contract::Calls;
use sdk_plugin::{Error, Result};
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;

use crate::config::Config;
use crate::current::copy;
use crate::manifest::{File, Hash};
use crate::serve::encoding::Encoding;
use crate::service::{Service, blocking};

/// What is smaller is not compressed: it would hardly become smaller, in bytes.
const WORTHWHILE: u64 = 256;
/// From this size on digests are computed elsewhere, and brotli takes less care, in bytes.
const LARGE: usize = 256 * 1024;
/// How much memory something takes beside its bytes.
const OVERHEAD: usize = 256;

/// Contents in memory, in one encoding.
#[derive(Debug)]
pub struct Kept {
    pub bytes: Bytes,
    pub etag: HeaderValue,
}

/// The contents that are kept.
pub struct Contents {
    /// None for what does not become smaller.
    kept: Cache<(Hash, Encoding), Option<Arc<Kept>>>,
    largest: u64,
    largest_compressed: u64,
    compressing: Semaphore,
}

impl Contents {
    /// Keeps as much as the configuration allows.
    pub fn new(config: &Config) -> Self {
        let weigh = |_: &(Hash, Encoding), kept: &Option<Arc<Kept>>| {
            u32::try_from(kept.as_ref().map_or(0, |kept| kept.bytes.len()) + OVERHEAD).unwrap_or(u32::MAX)
        };
        let threads = std::thread::available_parallelism().map_or(1, |threads| threads.get().div_ceil(2));
        Self {
            kept: Cache::builder().max_capacity(config.cache_bytes).weigher(weigh).time_to_idle(Duration::from_secs(3600)).build(),
            largest: config.max_cached_file_bytes.min(config.cache_bytes),
            largest_compressed: config.max_compressed_file_bytes,
            compressing: Semaphore::new(threads),
        }
    }

    /// Whether a file of a size is kept in memory.
    pub fn keeps(&self, size: u64) -> bool {
        size <= self.largest
    }
}

/// The entity tag of contents in an encoding.
pub fn etag(hash: &Hash, encoding: Encoding) -> HeaderValue {
    let mut text = String::with_capacity(40);
    text.push('"');
    for byte in hash.iter().take(16) {
        for nibble in [byte >> 4, byte & 15] {
            text.push(char::from_digit(nibble.into(), 16).unwrap_or('0'));
        }
    }
    text.push_str(match encoding {
        Encoding::Identity => "\"",
        Encoding::Gzip => "-gz\"",
        Encoding::Brotli => "-br\"",
    });
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("\"\""))
}

impl<C: Calls> Service<C> {
    /// The contents of a file, which must be one that is kept.
    ///
    /// # Errors
    /// What the storage answers.
    pub(crate) async fn contents(&self, space: &str, file: &File) -> Result<Arc<Kept>> {
        let key = (file.hash, Encoding::Identity);
        if let Some(Some(kept)) = self.contents.kept.get(&key).await {
            return Ok(kept);
        }
        let read = async {
            let bytes = self.whole(space, file).await?;
            Ok::<_, Error>(Some(Arc::new(Kept { bytes, etag: etag(&file.hash, Encoding::Identity) })))
        };
        let kept = self.contents.kept.try_get_with(key, read).await.map_err(|error| copy(&error))?;
        kept.ok_or_else(|| Error::internal("contents without bytes"))
    }

    /// All of a file. What is kept serves every space that has contents with this digest, so it is
    /// checked, whatever a manifest says.
    async fn whole(&self, space: &str, file: &File) -> Result<Bytes> {
        let size = usize::try_from(file.size).map_err(Error::internal)?;
        let bytes = self.objects.read(space, file, 0, file.size).await?.collect(size).await?;
        if bytes.len() != size {
            return Err(Error::internal("a file's contents in the storage have another size").with_context("file", &file.path));
        }
        let digest = if bytes.len() < LARGE {
            digest_of(&bytes)
        } else {
            let bytes = bytes.clone();
            blocking(move || Ok(digest_of(&bytes))).await?
        };
        if digest != file.hash {
            return Err(Error::internal("a file's contents in the storage have another digest").with_context("file", &file.path));
        }
        Ok(bytes)
    }

    /// The contents of a file, compressed; none when that is not worthwhile, or others are being
    /// compressed already.
    ///
    /// # Errors
    /// What the storage answers.
    pub(crate) async fn compressed(&self, space: &str, file: &File, encoding: Encoding) -> Result<Option<Arc<Kept>>> {
        if encoding == Encoding::Identity || !(WORTHWHILE..=self.contents.largest_compressed).contains(&file.size) {
            return Ok(None);
        }
        let key = (file.hash, encoding);
        if let Some(kept) = self.contents.kept.get(&key).await {
            return Ok(kept);
        }
        let compress = async {
            let Ok(_turn) = self.contents.compressing.try_acquire() else { return Err(None) };
            let bytes = if self.contents.keeps(file.size) {
                self.contents(space, file).await.map(|kept| kept.bytes.clone())
            } else {
                self.whole(space, file).await
            };
            let bytes = bytes.map_err(Some)?;
            let packed = blocking(move || Ok(pack(&bytes, encoding))).await.map_err(Some)?;
            Ok::<_, Option<Error>>(packed.map(|bytes| Arc::new(Kept { bytes, etag: etag(&file.hash, encoding) })))
        };
        match self.contents.kept.try_get_with(key, compress).await {
            Ok(kept) => Ok(kept),
            Err(error) => match &*error {
                Some(error) => Err(copy(error)),
                None => Ok(None),
            },
        }
    }
}

fn digest_of(bytes: &[u8]) -> Hash {
    Sha256::digest(bytes).into()
}

/// Compresses; none when the result is hardly smaller.
fn pack(bytes: &[u8], encoding: Encoding) -> Option<Bytes> {
    let mut packed = Vec::with_capacity(bytes.len() / 3);
    match encoding {
        Encoding::Identity => return None,
        Encoding::Gzip => {
            let mut gzip = GzEncoder::new(packed, Compression::new(6));
            gzip.write_all(bytes).ok()?;
            packed = gzip.finish().ok()?;
        }
        Encoding::Brotli => {
            let quality = if bytes.len() < LARGE { 6 } else { 4 };
            let params = BrotliEncoderParams { quality, size_hint: bytes.len(), ..BrotliEncoderParams::default() };
            brotli::BrotliCompress(&mut &*bytes, &mut packed, &params).ok()?;
        }
    }
    packed.shrink_to_fit();
    (packed.len() + bytes.len() / 16 < bytes.len()).then(|| packed.into())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn what_is_packed_can_be_unpacked() {
        let text = "hello, sites. ".repeat(1000).into_bytes();
        let mut out = Vec::new();
        flate2::read::GzDecoder::new(&*pack(&text, Encoding::Gzip).unwrap()).read_to_end(&mut out).unwrap();
        assert_eq!(out, text);
        let packed = pack(&text, Encoding::Brotli).unwrap();
        assert!(packed.len() < text.len() / 10);
        let mut out = Vec::new();
        brotli::Decompressor::new(&*packed, 4096).read_to_end(&mut out).unwrap();
        assert_eq!(out, text);
        let noise: Vec<u8> = (0..128u8).flat_map(|n| Sha256::digest([n])).collect();
        assert_eq!(pack(&noise, Encoding::Gzip), None);
    }

    #[test]
    fn tags_differ_by_contents_and_encoding() {
        assert_eq!(etag(&[0xab; 32], Encoding::Identity), "\"abababababababababababababababab\"");
        assert_eq!(etag(&[0xab; 32], Encoding::Brotli), "\"abababababababababababababababab-br\"");
    }
}
