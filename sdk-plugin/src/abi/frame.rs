//! Calls, replies, events and HTTP messages in the form that crosses.

use std::time::{Duration, Instant};

use abi_stable::StableAbi;
use abi_stable::std_types::{ROption, RString, RVec, Tuple2};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

use super::body::BodyFrame;
use crate::{Call, Caller, CallerKind, Error, Event, HttpRequest, HttpResponse, Reply, Result};

#[repr(C)]
#[derive(StableAbi)]
pub struct CallerFrame {
    kind: u8,
    user: RString,
    app: RString,
    ip: RString,
    user_agent: RString,
}

#[repr(C)]
#[derive(StableAbi)]
pub struct CallFrame {
    space: RString,
    caller: CallerFrame,
    method: RString,
    params: RVec<u8>,
    body: ROption<BodyFrame>,
    timeout_ns: u64,
    request_id: RString,
    depth: u8,
}

#[repr(C)]
#[derive(StableAbi)]
pub struct ReplyFrame {
    data: RVec<u8>,
    body: ROption<BodyFrame>,
}

#[repr(C)]
#[derive(StableAbi)]
pub struct EventFrame {
    name: RString,
    space: RString,
    payload: RVec<u8>,
}

type HeaderFrames = RVec<Tuple2<RString, RVec<u8>>>;

#[repr(C)]
#[derive(StableAbi)]
pub struct HttpRequestFrame {
    method: RString,
    uri: RString,
    host: RString,
    space: RString,
    secure: bool,
    headers: HeaderFrames,
    body: BodyFrame,
    caller: CallerFrame,
    request_id: RString,
}

#[repr(C)]
#[derive(StableAbi)]
pub struct HttpResponseFrame {
    status: u16,
    headers: HeaderFrames,
    body: BodyFrame,
}

/// Hands bytes over without a copy where they have one owner.
pub fn bytes_out(bytes: Bytes) -> RVec<u8> {
    Vec::from(bytes).into()
}

/// Takes bytes over without a copy; the other side's allocator frees them.
pub fn bytes_in(bytes: RVec<u8>) -> Bytes {
    if bytes.is_empty() { Bytes::new() } else { Bytes::from_owner(bytes) }
}

impl From<Caller> for CallerFrame {
    fn from(caller: Caller) -> Self {
        Self {
            kind: caller.kind as u8,
            user: caller.user.into(),
            app: caller.app.into(),
            ip: caller.ip.into(),
            user_agent: caller.user_agent.into(),
        }
    }
}

impl From<CallerFrame> for Caller {
    fn from(frame: CallerFrame) -> Self {
        Self {
            kind: CallerKind::from_u8(frame.kind),
            user: frame.user.into(),
            app: frame.app.into(),
            ip: frame.ip.into(),
            user_agent: frame.user_agent.into(),
        }
    }
}

impl CallFrame {
    pub fn new(call: Call, runtime: &tokio::runtime::Handle) -> Self {
        let timeout = call.remaining();
        Self {
            space: call.space.into(),
            caller: call.caller.into(),
            method: call.method.into(),
            params: bytes_out(call.params),
            body: call.body.map(|body| BodyFrame::new(body, runtime)).into(),
            timeout_ns: u64::try_from(timeout.as_nanos()).unwrap_or(u64::MAX),
            request_id: call.request_id.into(),
            depth: call.depth,
        }
    }

    pub fn into_call(self) -> Call {
        let now = Instant::now();
        // Far enough for "no deadline", near enough for the clock's arithmetic.
        let year = Duration::from_secs(365 * 24 * 3600);
        Call {
            space: self.space.into(),
            caller: self.caller.into(),
            method: self.method.into(),
            params: bytes_in(self.params),
            body: self.body.into_option().map(BodyFrame::into_body),
            deadline: now + Duration::from_nanos(self.timeout_ns).min(year),
            request_id: self.request_id.into(),
            depth: self.depth,
        }
    }
}

impl ReplyFrame {
    pub fn new(reply: Reply, runtime: &tokio::runtime::Handle) -> Self {
        Self { data: bytes_out(reply.data), body: reply.body.map(|body| BodyFrame::new(body, runtime)).into() }
    }

    pub fn into_reply(self) -> Reply {
        Reply { data: bytes_in(self.data), body: self.body.into_option().map(BodyFrame::into_body) }
    }
}

impl From<Event> for EventFrame {
    fn from(event: Event) -> Self {
        Self { name: event.name.into(), space: event.space.into(), payload: bytes_out(event.payload) }
    }
}

impl From<EventFrame> for Event {
    fn from(frame: EventFrame) -> Self {
        Self { name: frame.name.into(), space: frame.space.into(), payload: bytes_in(frame.payload) }
    }
}

fn headers_out(headers: &HeaderMap) -> HeaderFrames {
    headers.iter().map(|(name, value)| Tuple2(RString::from(name.as_str()), RVec::from(value.as_bytes()))).collect()
}

fn headers_in(frames: HeaderFrames) -> Result<HeaderMap> {
    let mut headers = HeaderMap::with_capacity(frames.len());
    for Tuple2(name, value) in frames {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(Error::internal)?;
        headers.append(name, HeaderValue::from_bytes(&value).map_err(Error::internal)?);
    }
    Ok(headers)
}

impl HttpRequestFrame {
    pub fn new(request: HttpRequest, runtime: &tokio::runtime::Handle) -> Self {
        Self {
            method: request.method.as_str().into(),
            uri: request.uri.into(),
            host: request.host.into(),
            space: request.space.into(),
            secure: request.secure,
            headers: headers_out(&request.headers),
            body: BodyFrame::new(request.body, runtime),
            caller: request.caller.into(),
            request_id: request.request_id.into(),
        }
    }

    pub fn into_request(self) -> Result<HttpRequest> {
        Ok(HttpRequest {
            method: Method::from_bytes(self.method.as_bytes()).map_err(Error::internal)?,
            uri: self.uri.into(),
            host: self.host.into(),
            space: self.space.into(),
            secure: self.secure,
            headers: headers_in(self.headers)?,
            body: self.body.into_body(),
            caller: self.caller.into(),
            request_id: self.request_id.into(),
        })
    }
}

impl HttpResponseFrame {
    pub fn new(response: HttpResponse, runtime: &tokio::runtime::Handle) -> Self {
        Self { status: response.status.as_u16(), headers: headers_out(&response.headers), body: BodyFrame::new(response.body, runtime) }
    }

    pub fn into_response(self) -> Result<HttpResponse> {
        Ok(HttpResponse {
            status: StatusCode::from_u16(self.status).map_err(Error::internal)?,
            headers: headers_in(self.headers)?,
            body: self.body.into_body(),
        })
    }
}
