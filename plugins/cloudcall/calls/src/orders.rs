//! Lists of what is in the order book, for administrators and functions.

use sdk_plugin::contract::Calls;
use sdk_plugin::contract::cloudcall::{State, Subject};
use sdk_plugin::{Call, CallerKind, Error, Result, codes};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::book::{Entry, subject_name};
use crate::service::Service;

/// The method.
pub const ORDERS: &str = "cloudcall.orders";
/// The most that are listed at once.
const MOST: u64 = 100;

/// Which are listed. What is left out is not looked at.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Which {
    /// Orders, refunds or transfers.
    subject: Option<Subject>,
    /// Our number.
    number: Option<String>,
    /// Of refunds, our number of the order.
    order_number: Option<String>,
    /// Where they stand.
    state: Option<State>,
    /// Whether it is not known what became of the last call.
    open: Option<bool>,
    /// The user of the space.
    user_id: Option<String>,
    /// Made before this, in milliseconds since 1970.
    before: Option<u64>,
    /// How many at most: 20 by default, up to 100.
    limit: Option<u64>,
}

impl<C: Calls> Service<C> {
    /// Lists entries of the caller's space, the newest first.
    ///
    /// # Errors
    /// `InvalidParameter.PermissionDenied` for mini programs; what the database answers.
    pub async fn orders(&self, call: &Call, which: Which) -> Result<Value> {
        if call.caller.kind == CallerKind::Client {
            return Err(Error::new(codes::PERMISSION_DENIED, "orders are listed for functions and administrators"));
        }
        let mut filter = json!({});
        let fields = [
            ("subject", which.subject.map(|subject| json!(subject))),
            ("number", which.number.map(Value::from)),
            ("order", which.order_number.map(Value::from)),
            ("state", which.state.map(|state| json!(state))),
            ("open", which.open.map(Value::from)),
            ("owner", which.user_id.map(Value::from)),
            ("created", which.before.map(|before| json!({"$lt": before}))),
        ];
        for (name, value) in fields {
            if let Some(value) = value {
                filter[name] = value;
            }
        }
        let limit = which.limit.unwrap_or(20).clamp(1, MOST);
        let entries = self.desk.book.list(&call.space, filter, limit).await?;
        Ok(json!({"orders": entries.iter().map(shown).collect::<Vec<_>>()}))
    }
}

fn shown(entry: &Entry) -> Value {
    json!({
        "platform": entry.platform,
        "appId": entry.app,
        "subject": subject_name(entry.subject),
        "number": entry.number,
        "orderNumber": entry.order,
        "platformNumber": entry.their_number,
        "state": entry.state,
        "open": entry.open,
        "amount": entry.amount,
        "refunded": entry.refunded,
        "userId": entry.owner,
        "platformUserId": entry.user,
        "api": entry.api,
        "created": entry.created,
        "modified": entry.modified,
    })
}
