//! `/client` and `/server`: the protocol of the official SDKs.

pub mod envelope;
mod request;

use std::sync::Arc;
use std::time::Instant;

use http::{HeaderMap, Request, Response, StatusCode, header};
use sdk_plugin::contract::Calls;
use sdk_plugin::{Call, Caller, CallerKind, Error, Reply, Result, codes};

use super::arriving::Arriving;
use super::respond::{ResponseBody, json};
use super::routes::text;
use super::{Gateway, body, cors};
use crate::core_methods::{ANONYMOUS_AUTHORIZE, AUTHORIZE};
use crate::identity::space_keys::verify_client;
use crate::identity::spaces::ActiveSpace;
use request::SignedRequest;

/// Methods that do nothing without params.
const NEED_PARAMS: [&str; 2] = ["serverless.function.runtime.invoke", "serverless.db.default.execute"];

/// Which SDK a request comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Surface {
    /// The mini-program SDK: HMAC-MD5, tokens, and the space's rules.
    Client,
    /// The server SDK: an RSA key, and no rules.
    Server,
}

impl Surface {
    /// Its name in metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Server => "server",
        }
    }
}

/// What is known of a request by the time it ends.
#[derive(Default)]
struct Trace {
    method: String,
    space_id: String,
    space: Option<Arc<ActiveSpace>>,
}

/// Answers a request; also gives the code it ended with. The status is 200 whatever happens, as
/// mini-program platforms hide the bodies of other responses from the SDK.
pub async fn answer(
    gateway: &Gateway,
    surface: Surface,
    request: Request<Arriving>,
    id: &str,
    ip: String,
) -> (Response<ResponseBody>, String) {
    let (parts, incoming) = request.into_parts();
    let mut trace = Trace::default();
    let result = async {
        let raw = body::read(incoming, &parts.headers, gateway.limits.body, gateway.limits.body_timeout).await?;
        let reply = call(gateway, surface, &parts.headers, &raw, id, ip, &mut trace).await?;
        envelope::success(&reply)
    };
    let (body, code) = match result.await {
        Ok(body) => (body, "ok".to_owned()),
        Err(error) => {
            log_failure(&error, id, &trace.method, &trace.space_id);
            (envelope::failure(&error, id), error.code().to_owned())
        }
    };
    let mut response = json(StatusCode::OK, &parts.headers, body).await;
    if let Some(space) = &trace.space {
        cors::allow(&mut response, &parts.headers, &space.space.cors_domains);
    }
    (response, code)
}

/// A refusal of a request that is not looked at.
pub async fn refuse(asked: &HeaderMap, error: &Error, id: &str) -> Response<ResponseBody> {
    json(StatusCode::OK, asked, envelope::failure(error, id)).await
}

/// Faults of ours are errors in the log, with their causes; the caller's are only noted.
pub fn log_failure(error: &Error, id: &str, method: &str, space: &str) {
    match error.code() {
        codes::INTERNAL | codes::UNAVAILABLE => tracing::error!(request_id = id, method, space, ?error, "request failed"),
        code => tracing::info!(request_id = id, method, space, code, message = error.message(), "request refused"),
    }
}

async fn call(
    gateway: &Gateway,
    surface: Surface,
    headers: &HeaderMap,
    raw: &[u8],
    id: &str,
    ip: String,
    trace: &mut Trace,
) -> Result<Reply> {
    let request = SignedRequest::parse(raw)?;
    trace.space_id = request.space_id.to_string();
    trace.method = request.method.to_string();
    if request.space_id.is_empty() {
        return Err(Error::new(codes::SPACE_NOT_FOUND, "the request names no spaceId"));
    }
    let space = gateway.spaces.active(&request.space_id).await?;
    trace.space = Some(space.clone());
    verify(surface, &space, &request, headers)?;
    if request.method.is_empty() {
        return Err(Error::new(codes::MISSING_METHOD, "the request names no method"));
    }
    if request.params.is_none() && NEED_PARAMS.contains(&&*request.method) {
        return Err(Error::new(codes::MISSING_PARAMS, format!("{} needs params", request.method)));
    }
    let caller = identify(gateway, surface, &request, headers, ip).await?;
    let call = Call {
        method: request.route(surface),
        space: request.space_id.into_owned(),
        caller,
        params: request.params.map_or_else(bytes::Bytes::new, |params| params.into_owned().into()),
        body: None,
        deadline: Instant::now() + gateway.limits.call_timeout,
        request_id: id.to_owned(),
        depth: 0,
    };
    gateway.router.make(call).await
}

fn verify(surface: Surface, space: &ActiveSpace, request: &SignedRequest<'_>, headers: &HeaderMap) -> Result<()> {
    let signature = headers.get("x-serverless-sign").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let signed = request.string_to_sign();
    let genuine = match surface {
        Surface::Client => verify_client(&space.space.client_secret, signed.as_bytes(), signature),
        Surface::Server => space.verifier.verify_server(signed.as_bytes(), signature),
    };
    if genuine {
        return Ok(());
    }
    Err(Error::new(codes::SIGNATURE, "the header x-serverless-sign does not fit the request; is the secret that of this space?"))
}

async fn identify(gateway: &Gateway, surface: Surface, request: &SignedRequest<'_>, headers: &HeaderMap, ip: String) -> Result<Caller> {
    let user_agent = text(headers, header::USER_AGENT);
    match surface {
        Surface::Server => {
            let user = match &request.user_id {
                Some(user) => user.to_string(),
                None => text(headers, "x-basement-auth-uid"),
            };
            Ok(Caller { kind: CallerKind::Server, user, app: String::new(), ip, user_agent })
        }
        Surface::Client => {
            let mut caller = Caller { kind: CallerKind::Client, ip, user_agent, ..Caller::default() };
            if matches!(&*request.method, ANONYMOUS_AUTHORIZE | AUTHORIZE) {
                return Ok(caller);
            }
            let header_token = text(headers, "x-basement-token");
            let token = request.token.as_deref().unwrap_or(&header_token);
            let session = if token.is_empty() { None } else { gateway.sessions.check(&request.space_id, token).await? };
            let session =
                session.ok_or_else(|| Error::new(codes::INVALID_TOKEN, "the token is missing, unknown or expired; authorize again"))?;
            caller.user.clone_from(&session.user);
            caller.app.clone_from(&session.app);
            Ok(caller)
        }
    }
}
