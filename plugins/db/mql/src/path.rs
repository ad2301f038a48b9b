//! Dotted paths, and how a query follows them through arrays.

use bson::{Bson, Document};

use crate::watch::Watch;

/// A dotted path, split once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Path {
    text: String,
    parts: Vec<String>,
}

impl Path {
    pub(crate) fn new(text: &str) -> Self {
        Self { text: text.to_owned(), parts: text.split('.').map(str::to_owned).collect() }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn parts(&self) -> &[String] {
        &self.parts
    }
}

/// What a path ends at when it ends at an array.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leaf {
    /// The array only.
    Whole,
    /// Each element, then the array.
    ElementsAndWhole,
    /// Each element; nothing for an empty array but one `Undefined`.
    Elements,
}

/// A position in an array, if a path component is one.
pub(crate) fn index(part: &str) -> Option<usize> {
    let canonical = part == "0" || (!part.starts_with('0') && part.bytes().all(|b| b.is_ascii_digit()));
    if canonical { part.parse().ok() } else { None }
}

/// What is asked of each value on a path: the value, `None` where it is missing, and the position
/// in the outermost array that the path went through.
pub(crate) type AtTest<'a, 't> = &'t mut dyn FnMut(Option<&'a Bson>, Option<usize>) -> bool;

/// Calls `test` with each value that a path leads to, `None` for a place where it is missing,
/// until one is accepted. Says whether one was.
///
/// On an array with more of the path to go, every element that is a document is followed, and a
/// number also stands for a position. Elements of another kind have no such place at all.
pub(crate) fn any<'a>(doc: &'a Document, parts: &[String], leaf: Leaf, test: &mut dyn FnMut(Option<&'a Bson>) -> bool) -> bool {
    any_at(doc, parts, leaf, &Watch::default(), &mut |value, _| test(value))
}

/// As [`any`], with positions. The watch gets to know of the arrays on the way.
pub(crate) fn any_at<'a>(doc: &'a Document, parts: &[String], leaf: Leaf, watch: &Watch, test: AtTest<'a, '_>) -> bool {
    document(doc, parts, &End { leaf, watch }, None, test)
}

/// What to do at the end of a path.
struct End<'w> {
    leaf: Leaf,
    watch: &'w Watch,
}

fn document<'a>(doc: &'a Document, parts: &[String], end: &End<'_>, at: Option<usize>, test: AtTest<'a, '_>) -> bool {
    let Some((first, rest)) = parts.split_first() else {
        return false;
    };
    match doc.get(first) {
        None => test(None, at),
        Some(value) => follow(value, rest, end, at, test),
    }
}

fn follow<'a>(value: &'a Bson, rest: &[String], end: &End<'_>, at: Option<usize>, test: AtTest<'a, '_>) -> bool {
    let Some((next, beyond)) = rest.split_first() else {
        return self::end(value, end.leaf, at, test);
    };
    match value {
        Bson::Document(doc) => document(doc, rest, end, at, test),
        Bson::Array(items) => {
            let position = index(next);
            end.watch.note(items.len());
            items.iter().enumerate().any(|(i, item)| {
                let at = at.or(Some(i));
                let as_document = matches!(item, Bson::Document(inner) if document(inner, rest, end, at, test));
                as_document || (position == Some(i) && at_position(item, beyond, end, at, test))
            })
        }
        _ => test(None, at),
    }
}

/// Beyond a position, a value that is neither document nor array has no such place at all.
fn at_position<'a>(item: &'a Bson, beyond: &[String], end: &End<'_>, at: Option<usize>, test: AtTest<'a, '_>) -> bool {
    match item {
        _ if beyond.is_empty() => self::end(item, end.leaf, at, test),
        Bson::Document(_) | Bson::Array(_) => follow(item, beyond, end, at, test),
        _ => false,
    }
}

fn end<'a>(value: &'a Bson, leaf: Leaf, at: Option<usize>, test: AtTest<'a, '_>) -> bool {
    let mut each = |items: &'a [Bson]| items.iter().enumerate().any(|(i, item)| test(Some(item), at.or(Some(i))));
    match (value, leaf) {
        (Bson::Array(items), Leaf::Elements) if items.is_empty() => test(Some(&Bson::Undefined), at),
        (Bson::Array(items), Leaf::Elements) => each(items),
        (Bson::Array(items), Leaf::ElementsAndWhole) => each(items) || test(Some(value), at),
        _ => test(Some(value), at),
    }
}

/// The values of a path for the `distinct` command: elements of arrays one by one, nothing where
/// the path is missing.
pub fn distinct_values<'a>(doc: &'a Document, path: &str) -> Vec<&'a Bson> {
    let mut values = Vec::new();
    any(doc, Path::new(path).parts(), Leaf::Elements, &mut |value| {
        values.extend(value.filter(|v| !matches!(v, Bson::Undefined)));
        false
    });
    values
}

#[cfg(test)]
mod tests {
    use bson::{bson, doc};

    use super::*;

    fn all(doc: &Document, path: &str, leaf: Leaf) -> Vec<Option<Bson>> {
        let mut found = Vec::new();
        any(doc, Path::new(path).parts(), leaf, &mut |v| {
            found.push(v.cloned());
            false
        });
        found
    }

    #[test]
    fn through_documents_and_arrays() {
        let doc = doc! {"a": {"b": 1}, "c": [{"d": 1}, {"d": [2, 3]}, {"e": 0}, 5, [{"d": 9}]], "f": 7, "g": []};
        assert_eq!(all(&doc, "a.b", Leaf::ElementsAndWhole), [Some(bson!(1))]);
        assert_eq!(all(&doc, "a.x.y", Leaf::ElementsAndWhole), [None]);
        assert_eq!(all(&doc, "f.x", Leaf::ElementsAndWhole), [None]);
        assert_eq!(all(&doc, "g.x", Leaf::ElementsAndWhole), [], "an empty array has no such place");
        assert_eq!(all(&doc, "c.d", Leaf::Whole), [Some(bson!(1)), Some(bson!([2, 3])), None]);
        assert_eq!(all(&doc, "c.d", Leaf::ElementsAndWhole), [Some(bson!(1)), Some(bson!(2)), Some(bson!(3)), Some(bson!([2, 3])), None]);
        assert!(all(&doc, "c.4.d", Leaf::Whole).contains(&Some(bson!(9))));
        assert!(all(&doc, "c.1.d.0", Leaf::Whole).contains(&Some(bson!(2))));
        assert_eq!(all(&doc, "g", Leaf::Elements), [Some(Bson::Undefined)]);
    }

    #[test]
    fn distinct_takes_arrays_apart() {
        let doc = doc! {"a": [{"b": 1}, {"b": [2, 3]}, {}], "e": []};
        assert_eq!(distinct_values(&doc, "a.b"), [&bson!(1), &bson!(2), &bson!(3)]);
        assert!(distinct_values(&doc, "e").is_empty());
    }

    #[test]
    fn positions_are_canonical_numbers() {
        assert_eq!([index("0"), index("10"), index("01"), index("-1"), index(""), index("a")], [Some(0), Some(10), None, None, None, None]);
    }
}
