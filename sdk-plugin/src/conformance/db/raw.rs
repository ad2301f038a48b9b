//! Documents as BSON, as far as the cases for documents in bulk need them.

use crate::Bytes;

/// A value of a document.
pub(super) enum Field<'a> {
    Int(i32),
    Text(&'a str),
    Null,
}

/// A document.
pub(super) fn document(fields: &[(&str, Field<'_>)]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, value) in fields {
        body.push(match value {
            Field::Int(_) => 0x10,
            Field::Text(_) => 0x02,
            Field::Null => 0x0a,
        });
        body.extend_from_slice(name.as_bytes());
        body.push(0);
        match value {
            Field::Int(n) => body.extend_from_slice(&n.to_le_bytes()),
            Field::Text(text) => {
                body.extend_from_slice(&length(text.len() + 1));
                body.extend_from_slice(text.as_bytes());
                body.push(0);
            }
            Field::Null => {}
        }
    }
    let mut document = length(body.len() + 5).to_vec();
    document.extend_from_slice(&body);
    document.push(0);
    document
}

fn length(bytes: usize) -> [u8; 4] {
    i32::try_from(bytes).unwrap_or(i32::MAX).to_le_bytes()
}

/// The documents of a body, one after another; `None` when it is not made of such.
pub(super) fn split(mut body: Bytes) -> Option<Vec<Bytes>> {
    let mut documents = Vec::new();
    while !body.is_empty() {
        let length = usize::try_from(i32::from_le_bytes(*body.first_chunk()?)).ok()?;
        if length < 5 || length > body.len() {
            return None;
        }
        documents.push(body.split_to(length));
    }
    Some(documents)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_have_the_bytes_that_the_specification_shows() {
        // The first example of bsonspec.org.
        let hello = document(&[("hello", Field::Text("world"))]);
        assert_eq!(hello, b"\x16\x00\x00\x00\x02hello\x00\x06\x00\x00\x00world\x00\x00");
        let two = Bytes::from([hello.clone(), document(&[("a", Field::Int(1)), ("b", Field::Null)])].concat());
        assert_eq!(split(two).map(|documents| documents.len()), Some(2));
        assert_eq!(split(Bytes::from_static(b"\x06\x00\x00\x00\x00")), None);
    }
}
