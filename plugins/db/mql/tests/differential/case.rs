//! A case: what is evaluated on both sides, and what came out.

use bson::{Bson, Document};

use crate::wire;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// `{filter}`: which documents match.
    Filter,
    /// `{filter, projection, sort, skip, limit}`: the documents answered.
    Find,
    /// `{filter, update, arrayFilters}`: the one document afterwards.
    Update,
    /// `{pipeline, from}`: the results, or those in the other collection if the pipeline writes.
    Aggregate,
    /// `{expression}`: its value for the one document.
    Expression,
}

impl Kind {
    pub const ALL: [Self; 5] = [Self::Filter, Self::Find, Self::Update, Self::Aggregate, Self::Expression];

    pub fn name(self) -> &'static str {
        match self {
            Self::Filter => "filter",
            Self::Find => "find",
            Self::Update => "update",
            Self::Aggregate => "aggregate",
            Self::Expression => "expression",
        }
    }
}

#[derive(Clone, Debug)]
pub struct Case {
    pub kind: Kind,
    pub docs: Vec<Document>,
    pub command: Document,
}

/// What one side made of a case.
#[derive(Clone, Debug)]
pub enum Outcome {
    Value(Bson),
    /// mql has numbers for its errors; mingo's is 0.
    Error(i32, String),
}

impl Case {
    /// The case as one line of Extended JSON.
    pub fn line(&self) -> String {
        let mut out = format!(r#"{{"kind":"{}","docs":["#, self.kind.name());
        for (i, doc) in self.docs.iter().enumerate() {
            if i > 0 {
                out.push(',');
            }
            wire::write(&Bson::Document(doc.clone()), false, &mut out);
        }
        out.push_str(r#"],"command":"#);
        wire::write(&Bson::Document(self.command.clone()), false, &mut out);
        out.push('}');
        out
    }

    /// How many values the case has.
    pub fn size(&self) -> usize {
        fn size(value: &Bson) -> usize {
            1 + match value {
                Bson::Document(doc) => doc.values().map(size).sum(),
                Bson::Array(items) => items.iter().map(size).sum(),
                _ => 0,
            }
        }
        self.docs.iter().flat_map(Document::values).chain(self.command.values()).map(size).sum::<usize>() + self.docs.len()
    }

    /// The operators of the command: all keys that begin with `$`.
    pub fn operators(&self, found: &mut impl FnMut(&str)) {
        fn walk(value: &Bson, found: &mut impl FnMut(&str)) {
            match value {
                Bson::Document(doc) => doc.iter().for_each(|(key, value)| {
                    if key.starts_with('$') {
                        found(key);
                    }
                    walk(value, found);
                }),
                Bson::Array(items) => items.iter().for_each(|item| walk(item, found)),
                _ => {}
            }
        }
        self.command.iter().filter(|(key, _)| *key != "from").for_each(|(_, value)| walk(value, found));
    }
}

impl Outcome {
    /// As mingo's process writes it.
    pub fn line(&self) -> String {
        match self {
            Self::Value(value) => {
                let mut out = String::from("+");
                wire::write(value, true, &mut out);
                out
            }
            Self::Error(number, message) => format!("-{number} {message}"),
        }
    }

    pub fn read(line: &str) -> Self {
        match line.split_at_checked(1) {
            Some(("+", value)) => Self::Value(wire::read(value)),
            Some(("-", message)) => Self::Error(0, message.to_owned()),
            _ => panic!("mingo's process wrote {line:?}"),
        }
    }
}
