//! Lists of files.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sdk_plugin::contract::Calls;
use sdk_plugin::contract::management::{self, INVALID_PARAMETER};
use sdk_plugin::{Error, Result};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::clock;
use crate::service::Service;

/// The size of a page when nobody says otherwise, and the largest.
const PAGE: usize = 20;
const MAX_PAGE: usize = 100;

/// The parameters of `ListFile`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ListParams {
    /// How long addresses of files shall be valid, in seconds.
    #[serde(default, deserialize_with = "management::optional")]
    auth_delta: Option<u64>,
    /// Only this file.
    #[serde(default)]
    file_id: String,
    /// Only files whose path contains it.
    #[serde(default)]
    keyword: String,
    /// Only files whose path begins so.
    #[serde(default)]
    prefix: String,
    /// The last page's `NextToken`.
    #[serde(default)]
    next_token: String,
    #[serde(default, deserialize_with = "management::optional")]
    page_size: Option<usize>,
}

fn invalid(what: impl Into<String>) -> Error {
    Error::new(INVALID_PARAMETER, what)
}

/// A text as a regular expression that stands for itself alone.
fn literal(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii_punctuation() {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

impl ListParams {
    fn query(&self, space: &str, id: impl Fn(&str, &str) -> Option<String>) -> Result<Value> {
        let mut conditions = Vec::new();
        if !self.file_id.is_empty() {
            let id = id(space, &self.file_id).ok_or_else(|| invalid("FileId names no file"))?;
            conditions.push(json!({"_id": id}));
        }
        if !self.prefix.is_empty() {
            // No path has a character after the last one of Unicode.
            conditions.push(json!({"path": {"$gte": self.prefix, "$lt": format!("{}\u{10ffff}", self.prefix)}}));
        }
        if !self.keyword.is_empty() {
            conditions.push(json!({"path": {"$regex": literal(&self.keyword)}}));
        }
        if !self.next_token.is_empty() {
            let after = URL_SAFE_NO_PAD.decode(&self.next_token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            conditions.push(json!({"path": {"$gt": after.ok_or_else(|| invalid("NextToken is not one that was given"))?}}));
        }
        Ok(if conditions.is_empty() { json!({}) } else { json!({"$and": conditions}) })
    }
}

impl<C: Calls> Service<C> {
    /// `ListFile`: a page of the space's files, in the order of their paths.
    ///
    /// # Errors
    /// `InvalidParameter`, or what the database answers.
    pub async fn list_files(&self, space: &str, params: ListParams) -> Result<Value> {
        let size = params.page_size.unwrap_or(PAGE);
        if !(1..=MAX_PAGE).contains(&size) {
            return Err(invalid(format!("PageSize is {size}, and may be 1 to {MAX_PAGE}")));
        }
        let query = params.query(space, |space, named| self.id(space, named))?;
        let mut files = self.library.list(query, space, size + 1).await?;
        let more = files.len() > size;
        files.truncate(size);
        let (endpoint, rules) = (self.endpoint().await?, self.rules.of(space).await?);
        let mut list = Vec::with_capacity(files.len());
        for file in &files {
            list.push(json!({
                "Id": file.id,
                "Name": file.path,
                "Size": file.size,
                "Type": file.content_type,
                "Url": self.url(&endpoint, file, params.auth_delta.filter(|delta| *delta > 0), &rules).await?,
                "GmtCreate": clock::text(file.created),
                "GmtModified": clock::text(file.modified),
                "AuthDelta": params.auth_delta.unwrap_or_else(|| rules.auth.delta()),
            }));
        }
        let next = files.last().filter(|_| more).map(|last| URL_SAFE_NO_PAD.encode(&last.path)).unwrap_or_default();
        Ok(json!({"DataList": list, "Paginator": {"NextToken": next, "PageSize": size}}))
    }
}

#[cfg(test)]
mod tests {
    use super::literal;

    #[test]
    fn a_keyword_is_no_expression() {
        assert_eq!(literal("a.b*(图)"), "a\\.b\\*\\(图\\)");
    }
}
