//! Fields by path, through documents only: how stages reach the fields that they are told of.

use bson::{Bson, Document};

/// The value at a path; arrays on the way have no such field.
pub(super) fn get<'d>(doc: &'d Document, path: &[String]) -> Option<&'d Bson> {
    let (last, way) = path.split_last()?;
    let mut doc = doc;
    for name in way {
        doc = doc.get(name)?.as_document()?;
    }
    doc.get(last)
}

/// The value at a path, to be changed in place.
pub(super) fn get_mut<'d>(doc: &'d mut Document, path: &[String]) -> Option<&'d mut Bson> {
    let (last, way) = path.split_last()?;
    let mut doc = doc;
    for name in way {
        doc = doc.get_mut(name)?.as_document_mut()?;
    }
    doc.get_mut(last)
}

/// Sets the value at a path; what is no document on the way becomes one.
pub(super) fn set(doc: &mut Document, path: &[String], value: Bson) {
    let Some((first, rest)) = path.split_first() else {
        return;
    };
    if rest.is_empty() {
        doc.insert(first.clone(), value);
        return;
    }
    match doc.get_mut(first) {
        Some(Bson::Document(inner)) => set(inner, rest, value),
        Some(other) => *other = made(rest, value),
        None => {
            doc.insert(first.clone(), made(rest, value));
        }
    }
}

fn made(path: &[String], value: Bson) -> Bson {
    let mut doc = Document::new();
    set(&mut doc, path, value);
    Bson::Document(doc)
}

/// Removes the field at a path.
pub(super) fn remove(doc: &mut Document, path: &[String]) {
    if let Some((last, way)) = path.split_last() {
        match way {
            [] => _ = doc.remove(last),
            way => {
                if let Some(Bson::Document(inner)) = get_mut(doc, way) {
                    inner.remove(last);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use bson::doc;

    use super::*;

    fn path(text: &str) -> Vec<String> {
        text.split('.').map(str::to_owned).collect()
    }

    #[test]
    fn through_documents_only() {
        let mut doc = doc! {"a": {"b": 1}, "c": [{"d": 1}], "e": 2};
        assert_eq!(get(&doc, &path("a.b")), Some(&Bson::Int32(1)));
        assert_eq!(get(&doc, &path("c.d")), None);
        set(&mut doc, &path("a.x.y"), Bson::Int32(3));
        set(&mut doc, &path("e.f"), Bson::Int32(4));
        remove(&mut doc, &path("a.b"));
        remove(&mut doc, &path("c"));
        remove(&mut doc, &path("z.z"));
        assert_eq!(doc, doc! {"a": {"x": {"y": 3}}, "e": {"f": 4}});
    }
}
