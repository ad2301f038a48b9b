//! Pages of lists, as the management API asks for and answers them.

use sdk_plugin::contract::management;
use serde::Deserialize;
use serde_json::{Value, json};

const DEFAULT_SIZE: u64 = 10;
const MAX_SIZE: u64 = 100;

/// `PageNum` and `PageSize`; pages count from 1.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Page {
    #[serde(default, deserialize_with = "management::optional")]
    page_num: Option<u64>,
    #[serde(default, deserialize_with = "management::optional")]
    page_size: Option<u64>,
}

impl Page {
    fn num(self) -> u64 {
        self.page_num.unwrap_or(1).clamp(1, 1_000_000)
    }

    fn size(self) -> u64 {
        self.page_size.unwrap_or(DEFAULT_SIZE).clamp(1, MAX_SIZE)
    }

    /// The options of `find` for this page.
    pub fn options(self, sort: Value) -> Value {
        json!({"sort": sort, "skip": (self.num() - 1) * self.size(), "limit": self.size()})
    }

    /// The `Paginator` of a list with so many items.
    pub fn paginator(self, total: u64) -> Value {
        json!({"PageCount": total.div_ceil(self.size()), "PageNum": self.num(), "PageSize": self.size(), "Total": total})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_bounded() {
        let page: Page = serde_json::from_str(r#"{"PageNum":"3","PageSize":"20"}"#).expect("decodes");
        assert_eq!(page.options(json!({"a": 1})), json!({"sort": {"a": 1}, "skip": 40, "limit": 20}));
        assert_eq!(page.paginator(41), json!({"PageCount": 3, "PageNum": 3, "PageSize": 20, "Total": 41}));
        let page: Page = serde_json::from_str(r#"{"PageNum":"0","PageSize":"100000"}"#).expect("decodes");
        assert_eq!(page.options(json!({})), json!({"sort": {}, "skip": 0, "limit": 100}));
    }
}
