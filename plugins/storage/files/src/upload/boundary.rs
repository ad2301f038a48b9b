//! The boundary of a form whose `Content-Type` was displaced: the client SDK sends the type of the
//! image there, and some platforms let that stand.

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt, stream};
use sdk_plugin::Result;

/// The longest boundary (RFC 2046, section 5.1.1).
const MAX_BOUNDARY: usize = 70;

/// The boundary in the first line of a form.
pub fn sniff(start: &[u8]) -> Option<String> {
    let start = start.strip_prefix(b"\r\n").unwrap_or(start);
    let end = start.windows(2).position(|two| two == b"\r\n")?;
    let line = start.get(..end)?.strip_prefix(b"--")?;
    // White space may follow it.
    let line = std::str::from_utf8(line).ok()?.trim_end_matches([' ', '\t']);
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"'()+_,-./:=? ".contains(&b);
    (!line.is_empty() && line.len() <= MAX_BOUNDARY && line.bytes().all(allowed)).then(|| line.to_owned())
}

/// Reads as much of a body as has the first line; gives the boundary, and the whole body.
pub async fn read<S>(mut body: S) -> Result<(Option<String>, impl Stream<Item = Result<Bytes>> + Send)>
where
    S: Stream<Item = Result<Bytes>> + Send + Unpin,
{
    // Room for the line, its dashes and the empty line that may come before.
    const START: usize = MAX_BOUNDARY + 32;
    let mut start = BytesMut::new();
    while start.len() < START && sniff(&start).is_none() {
        match body.next().await {
            Some(chunk) => start.extend_from_slice(&chunk?),
            None => break,
        }
    }
    let boundary = sniff(&start);
    Ok((boundary, stream::iter([Ok(start.freeze())]).chain(body)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_names_the_boundary() {
        assert_eq!(sniff(b"----x1\r\nContent-").as_deref(), Some("--x1"));
        assert_eq!(sniff(b"\r\n--a b \t\r\n").as_deref(), Some("a b"));
        let longest = format!("--{}\r\n", "b".repeat(70));
        assert!(sniff(longest.as_bytes()).is_some());
        for bad in
            [&b""[..], b"--\r\n", b"--a", b"-a\r\n", b"--\xff\r\n", b"--a\0\r\n", b"\x89PNG\r\n\x1a\n", format!("-{longest}").as_bytes()]
        {
            assert_eq!(sniff(bad), None, "{bad:?}");
        }
    }

    #[tokio::test]
    async fn reading_the_start_loses_nothing() {
        for size in [1, 3, 1000] {
            let whole = b"--boundary\r\nContent-Disposition: form-data\r\n\r\nx\r\n--boundary--\r\n";
            let pieces: Vec<Result<Bytes>> = whole.chunks(size).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
            let (boundary, rest) = read(stream::iter(pieces)).await.expect("no error in memory");
            assert_eq!(boundary.as_deref(), Some("boundary"));
            let read: Vec<u8> = rest.map(|chunk| chunk.expect("no error in memory").to_vec()).concat().await;
            assert_eq!(read, whole);
        }
    }
}
