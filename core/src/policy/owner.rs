//! What belongs to a user: the conditions that their documents meet, and the `auth` that marks them.

use sdk_plugin::{Error, Result, codes};

use super::object::quoted;

/// The field that says whom a document belongs to.
pub const AUTH: &str = "auth";

/// A user, as the owner of documents.
#[derive(Clone, Debug)]
pub struct Owner {
    /// The id as a JSON string.
    id: String,
}

impl Owner {
    /// The owner with a user's id.
    ///
    /// # Errors
    /// `InvalidParameter.PermissionDenied` when the caller is no user.
    pub fn of(user: &str) -> Result<Self> {
        if user.is_empty() {
            let message = "the rules of this collection ask who the user is; authorize first";
            return Err(Error::new(codes::PERMISSION_DENIED, message));
        }
        Ok(Self { id: quoted(user) })
    }

    /// The `auth` of the owner's documents.
    pub fn auth(&self) -> String {
        format!(r#"{{"userId":{}}}"#, self.id)
    }

    /// The id as an expression.
    pub fn literal(&self) -> String {
        format!(r#"{{"$literal":{}}}"#, self.id)
    }

    /// A filter for those documents of the owner that another filter matches.
    ///
    /// The owner's conditions come first: what the other filter computes, with errors that it may
    /// meet, it computes of the owner's documents only. An array matches when one of its elements
    /// does, so arrays are excluded: a document with several users belongs to none of them.
    pub fn restrict(&self, filter: Option<&str>) -> String {
        self.filter(&format!(r#"{{"auth.userId":{{"$eq":{}}}}}"#, self.id), filter)
    }

    /// As [`restrict`](Self::restrict), for a command that may insert. An upsert makes the new
    /// document of the equalities in its filter, of which the owner's must be none, or else one
    /// of the user's own on `auth` would conflict with it.
    pub fn restrict_upsert(&self, filter: Option<&str>) -> String {
        self.filter(&format!(r#"{{"auth.userId":{{"$gte":{0},"$lte":{0}}}}}"#, self.id), filter)
    }

    /// As [`restrict_upsert`](Self::restrict_upsert), and only for documents whose `auth` is
    /// exactly [`auth`](Self::auth), so that setting it again changes nothing.
    pub fn restrict_exactly(&self, filter: Option<&str>) -> String {
        self.filter(&format!(r#"{{"auth":{{"$gte":{0},"$lte":{0}}}}}"#, self.auth()), filter)
    }

    fn filter(&self, equal: &str, filter: Option<&str>) -> String {
        let comma = if filter.is_some() { "," } else { "" };
        let filter = filter.unwrap_or_default();
        format!(
            r#"{{"$and":[{equal},{{"auth":{{"$not":{{"$type":"array"}}}}}},{{"auth.userId":{{"$not":{{"$type":"array"}}}}}}{comma}{filter}]}}"#
        )
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use mql::{Filter, json};

    use super::*;

    fn matches(filter: &str, document: &str) -> bool {
        let filter = Filter::parse(&json::document(filter.as_bytes()).unwrap()).unwrap();
        filter.matches(&json::document(document.as_bytes()).unwrap())
    }

    #[test]
    fn only_a_document_with_exactly_this_id_is_the_owners() {
        for user in ["a", "a\"$", "2020-01-01T00:00:00.000Z", "0123456789abcdef01234567"] {
            let owner = Owner::of(user).unwrap();
            let id = quoted(user);
            let forms = [owner.restrict(None), owner.restrict_upsert(None), owner.restrict_exactly(None)];
            for filter in &forms {
                assert!(matches(filter, &format!(r#"{{"auth":{{"userId":{id}}}}}"#)), "{filter}");
                for foreign in [
                    r#"{}"#.to_owned(),
                    r#"{"auth":null}"#.to_owned(),
                    format!(r#"{{"auth":{id}}}"#),
                    format!(r#"{{"auth":{{"userid":{id}}}}}"#),
                    format!(r#"{{"auth":{{"userId":[{id}]}}}}"#),
                    format!(r#"{{"auth":{{"userId":{{"userId":{id}}}}}}}"#),
                    format!(r#"{{"auth":[{{"userId":{id}}}]}}"#),
                    format!(r#"{{"auth":[{{"userId":{id}}},{{"userId":"b"}}]}}"#),
                    format!(r#"{{"x":{{"auth":{{"userId":{id}}}}}}}"#),
                    r#"{"auth":{"userId":"b"}}"#.to_owned(),
                    r#"{"auth":{"userId":"A"}}"#.to_owned(),
                    r#"{"auth":{"userId":""}}"#.to_owned(),
                ] {
                    assert!(!matches(filter, &foreign), "{filter} {foreign}");
                }
            }
            let more = format!(r#"{{"auth":{{"userId":{id},"more":1}}}}"#);
            assert_eq!(forms.map(|filter| matches(&filter, &more)), [true, true, false]);
        }
    }

    #[test]
    fn the_other_filter_counts_too() {
        let filter = Owner::of("a").unwrap().restrict(Some(r#"{"n":{"$gt":1}}"#));
        assert!(matches(&filter, r#"{"auth":{"userId":"a"},"n":2}"#));
        assert!(!matches(&filter, r#"{"auth":{"userId":"a"},"n":1}"#));
        let any = Owner::of("a").unwrap().restrict(Some(r#"{"$or":[{},{"auth.userId":"b"}]}"#));
        assert!(!matches(&any, r#"{"auth":{"userId":"b"}}"#));
    }

    #[test]
    fn nobody_owns_nothing() {
        assert_eq!(Owner::of("").unwrap_err().code(), codes::PERMISSION_DENIED);
    }
}
