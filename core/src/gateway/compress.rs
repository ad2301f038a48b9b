//! gzip for replies, where the caller takes it and it pays.

use std::io::Write;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::{HeaderMap, header};

/// Shorter replies fit into a packet anyway.
const WORTHWHILE: usize = 1400;
/// Longer ones take long enough to be kept off the reactor's threads.
const LONG: usize = 64 << 10;

/// Whether the caller takes gzip (RFC 9110, section 12.5.3).
pub fn accepts_gzip(headers: &HeaderMap) -> bool {
    headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')).any(
        |coding| {
            let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
            let refused = weight.trim().strip_prefix("q=").is_some_and(|q| q.parse::<f32>().is_ok_and(|q| q <= 0.0));
            name.trim().eq_ignore_ascii_case("gzip") && !refused
        },
    )
}

/// The body compressed, if that pays.
pub async fn gzip(body: &Bytes) -> Option<Bytes> {
    if body.len() < WORTHWHILE {
        return None;
    }
    if body.len() < LONG {
        return pack(body);
    }
    let body = body.clone();
    tokio::task::spawn_blocking(move || pack(&body)).await.ok().flatten()
}

fn pack(body: &[u8]) -> Option<Bytes> {
    let mut gzip = GzEncoder::new(Vec::with_capacity(body.len() / 3), Compression::fast());
    gzip.write_all(body).ok()?;
    gzip.finish().ok().filter(|packed| packed.len() < body.len()).map(Bytes::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weight_of_zero_refuses() {
        let with = |value: &'static str| HeaderMap::from_iter([(header::ACCEPT_ENCODING, header::HeaderValue::from_static(value))]);
        assert!(accepts_gzip(&with("gzip, deflate")));
        assert!(accepts_gzip(&with("br;q=1.0, GZIP;q=0.5")));
        assert!(!accepts_gzip(&with("gzip;q=0, deflate")));
        assert!(!accepts_gzip(&with("br")));
    }
}
