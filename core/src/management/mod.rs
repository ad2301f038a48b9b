//! The management API: what the vendor's management SDK and the command line talk to.
//!
//! `POST /` with a signature ([`canonical`] has both schemes), an action and its parameters as
//! text; replies are JSON with keys in PascalCase and always a `RequestId`. The core answers the
//! actions on spaces by itself; any other action `X` is a plugin's method `admin.X` (see
//! [`sdk_plugin::contract::management`]).
//!
//! `PolicyName` of `UpdateServicePolicy` and `DescribeServicePolicy` is `PUBLICREAD`, `PRIVATE`,
//! `ADMINWRITEONLY`, `ADMINREADWRITEONLY` or, for rules of one's own in `Policy`, `EXTENDED`, as
//! the vendor has it; `ServiceName` is `db` for collections and `file` for files.
//!
//! Actions of our own, which the vendor does not have:
//!
//! | action | request | reply |
//! | --- | --- | --- |
//! | `CallMethod` | `Method`, `Params` (JSON text), `SpaceId` (optional) | `Result`: the method's answer as JSON text |
//! | `ListPlugins` | | `Plugins[]{Id, Name, Version, Library, State, Methods, Calls, Errors, Message}` |
//! | `ReloadPlugin` | `PluginId` | |

pub mod access_keys;
mod actions;
pub(crate) mod authenticate;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod authenticate_tests;
pub mod canonical;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod handle_tests;
pub(crate) mod nonces;
mod parameters;
pub mod timestamp;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use sdk_plugin::{Caller, CallerKind, Error, codes as common};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::identity::spaces::Spaces;
use crate::router::Router;

use self::access_keys::AccessKeys;
use self::nonces::Nonces;

/// The version of the API that requests must name.
pub const VERSION: &str = "2019-06-15";

/// The vendor's codes for requests that are refused before any action runs.
pub mod codes {
    /// No action of this name exists.
    pub const UNKNOWN_ACTION: &str = "InvalidAction.NotFound";
    /// No access key has this id.
    pub const UNKNOWN_KEY: &str = "InvalidAccessKeyId.NotFound";
    /// The signature does not fit the request.
    pub const SIGNATURE: &str = "SignatureDoesNotMatch";
    /// The signature is of a kind that is not known here.
    pub const SIGNATURE_METHOD: &str = "InvalidSignatureMethod";
    /// The nonce was used before.
    pub const NONCE_USED: &str = "SignatureNonceUsed";
    /// The timestamp is too far off.
    pub const TIMESTAMP_EXPIRED: &str = "InvalidTimeStamp.Expired";
    /// The timestamp is none.
    pub const TIMESTAMP_FORMAT: &str = "InvalidTimeStamp.Format";
    /// Another version of the API is asked for.
    pub const INVALID_VERSION: &str = "InvalidVersion";
    /// The request is not signed at all.
    pub const UNSIGNED: &str = "MissingAccessKeyId";
    /// The request is signed with temporary credentials.
    pub const SECURITY_TOKEN: &str = "InvalidSecurityToken.NotSupported";
}

/// A request of the management API.
#[derive(Debug)]
pub struct ManagementRequest {
    /// The request method.
    pub method: Method,
    /// The path as it was sent.
    pub path: String,
    /// The query as it was sent, without the question mark.
    pub query: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, whole.
    pub body: Bytes,
    /// The address that the request came from.
    pub ip: String,
    /// The id for log lines; a UUID becomes the reply's `RequestId`.
    pub request_id: String,
}

/// The answer to a [`ManagementRequest`].
#[derive(Debug)]
pub struct ManagementReply {
    /// 200, or what the error's code stands for.
    pub status: StatusCode,
    /// A JSON object.
    pub body: Bytes,
}

/// How long an action may take. Running a function takes up to a minute, and a deployment is
/// unpacked before it is answered.
const ACTION_TIMEOUT: Duration = Duration::from_secs(120);

/// What the management API works with.
pub struct Management {
    router: Router,
    spaces: Arc<Spaces>,
    keys: AccessKeys,
    nonces: Nonces,
    /// The URL that clients reach the server by, without a trailing slash.
    url: String,
}

impl Management {
    /// A management API over the cloud's parts.
    pub fn new(router: Router, spaces: Arc<Spaces>, keys: AccessKeys, url: impl Into<String>) -> Self {
        let url: String = url.into();
        Self { router, spaces, keys, nonces: Nonces::new(), url: url.trim_end_matches('/').to_owned() }
    }
}

/// An authenticated request as an action sees it.
struct Context<'a> {
    state: &'a Management,
    parameters: &'a parameters::Parameters,
    caller: Caller,
    request_id: String,
}

/// Answers a request. Never fails: errors become replies of the vendor's form.
pub async fn handle(state: &Management, request: ManagementRequest) -> ManagementReply {
    let id = Uuid::parse_str(&request.request_id).unwrap_or_else(|_| Uuid::new_v4());
    let id = id.hyphenated().encode_upper(&mut Uuid::encode_buffer()).to_owned();
    match answer(state, &request).await {
        Ok(mut reply) => {
            reply.insert("RequestId".to_owned(), id.into());
            ManagementReply { status: StatusCode::OK, body: Value::Object(reply).to_string().into() }
        }
        Err(error) => {
            if error.code() == common::INTERNAL {
                tracing::error!(request_id = %request.request_id, error = ?error, "management request failed");
            }
            failure(&error, &id, &request.headers)
        }
    }
}

async fn answer(state: &Management, request: &ManagementRequest) -> Result<Map<String, Value>, Error> {
    let verified = authenticate::authenticate(&state.keys, &state.nonces, request, timestamp::now_ms()).await?;
    let user_agent = request.headers.get(http::header::USER_AGENT).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    let caller = Caller { ip: request.ip.clone(), user_agent: user_agent.unwrap_or_default(), ..Caller::of(CallerKind::Admin) };
    let context = Context { state, parameters: &verified.parameters, caller, request_id: request.request_id.clone() };
    actions::run(&context, &verified.action).await
}

/// The status of an error: the contract of [`sdk_plugin::contract::management`].
fn status(code: &str) -> StatusCode {
    match code {
        common::INTERNAL => StatusCode::INTERNAL_SERVER_ERROR,
        code if code.ends_with("NotFound") => StatusCode::NOT_FOUND,
        _ => StatusCode::BAD_REQUEST,
    }
}

/// Refuses a request that could not be read.
pub fn refuse(error: &Error, request_id: &str, headers: &HeaderMap) -> ManagementReply {
    failure(error, &request_id.to_uppercase(), headers)
}

fn failure(error: &Error, request_id: &str, headers: &HeaderMap) -> ManagementReply {
    let host = headers.get(http::header::HOST).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).unwrap_or_default();
    let body = json!({
        "Code": error.code(),
        "Message": error.message(),
        "RequestId": request_id,
        "HostId": host,
        "Recommend": recommend(error),
    });
    ManagementReply { status: status(error.code()), body: body.to_string().into() }
}

/// What the caller can do about an error.
fn recommend(error: &Error) -> &'static str {
    match error.code() {
        codes::UNKNOWN_ACTION => "Check the action's name, and that the plugin which provides it is loaded: mpcloud plugin list",
        codes::UNKNOWN_KEY | codes::UNSIGNED | codes::SECURITY_TOKEN => "Use the access key in admin.json of the server's data folder",
        codes::SIGNATURE => "Compare the string to sign with your own, and check the access key's secret",
        codes::TIMESTAMP_EXPIRED | codes::TIMESTAMP_FORMAT => "Set the clock of this machine right",
        codes::NONCE_USED => "Sign every request anew, with a nonce of its own",
        common::INTERNAL => "Look for the request id in the server's log",
        _ if error.is_retryable() => "Try again later",
        _ => "",
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn an_error_has_the_vendors_form() {
        let mut headers = HeaderMap::new();
        headers.insert("host", "h:1".parse().unwrap());
        for (code, expected) in [("InvalidSpace.NotFound", 404), ("NotFound", 404), ("InternalError", 500), ("MissingParameter", 400)] {
            let reply = failure(&Error::new(code, "why").with_source(std::io::Error::other("secret")), "ID", &headers);
            assert_eq!(reply.status.as_u16(), expected);
            let body: Value = serde_json::from_slice(&reply.body).unwrap();
            assert_eq!(
                (&body["Code"], &body["Message"], &body["RequestId"], &body["HostId"]),
                (&json!(code), &json!("why"), &json!("ID"), &json!("h:1"))
            );
            assert!(body["Recommend"].is_string());
            assert!(!reply.body.windows(6).any(|w| w == b"secret"));
        }
    }
}
