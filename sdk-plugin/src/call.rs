//! A method call, its caller and its reply: the shape that everything in mpcloud has.

use std::time::{Duration, Instant};

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Body, Error, Result, codes};

/// Who makes a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum CallerKind {
    /// A mini program, over `/client`. The space's rules apply to its calls, and to no others.
    Client = 0,
    /// A server of the mini program's team, over `/server`.
    Server = 1,
    /// A cloud function.
    Function = 2,
    /// A timer.
    Timer = 3,
    /// An HTTP trigger.
    Http = 4,
    /// An administrator: the management API, the command line, the console.
    Admin = 5,
    /// mpcloud itself.
    #[default]
    System = 6,
}

impl CallerKind {
    pub(crate) fn from_u8(n: u8) -> Self {
        match n {
            0 => Self::Client,
            1 => Self::Server,
            2 => Self::Function,
            3 => Self::Timer,
            4 => Self::Http,
            5 => Self::Admin,
            _ => Self::System,
        }
    }
}

/// Who makes a call, and what is known of them. Unknown text is empty.
#[derive(Clone, Debug, Default)]
pub struct Caller {
    /// The kind of caller.
    pub kind: CallerKind,
    /// The signed-in user of the mini program.
    pub user: String,
    /// The mini program's app id.
    pub app: String,
    /// The address the request came from.
    pub ip: String,
    /// The caller's user agent.
    pub user_agent: String,
}

impl Caller {
    /// A caller of a kind, with nothing else known.
    pub fn of(kind: CallerKind) -> Self {
        Self { kind, ..Self::default() }
    }
}

/// One call of a method.
#[derive(Debug)]
pub struct Call {
    /// The space it is made in; empty where a call belongs to none.
    pub space: String,
    /// Who makes it.
    pub caller: Caller,
    /// The method's name, such as `serverless.db.default.execute`.
    pub method: String,
    /// The parameters as JSON text, exactly as they were received.
    pub params: Bytes,
    /// A stream that goes with the parameters, for methods that take one.
    pub body: Option<Body>,
    /// When the caller stops waiting. The host drops a call that is not done by then.
    pub deadline: Instant,
    /// The id that every log line and the reply carry.
    pub request_id: String,
    /// How many calls led to this one; the host refuses more than [`Call::MAX_DEPTH`].
    pub depth: u8,
}

impl Call {
    /// How deep calls may nest: a function that calls itself ends here.
    pub const MAX_DEPTH: u8 = 16;
    /// The time a call has when nobody says otherwise.
    pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

    /// A call with the default deadline, made by mpcloud itself.
    pub fn new(space: impl Into<String>, method: impl Into<String>, params: impl Into<Bytes>) -> Self {
        Self {
            space: space.into(),
            caller: Caller::default(),
            method: method.into(),
            params: params.into(),
            body: None,
            deadline: Instant::now() + Self::DEFAULT_TIMEOUT,
            request_id: String::new(),
            depth: 0,
        }
    }

    /// [`Call::new`] with parameters that are encoded as JSON.
    ///
    /// # Errors
    /// `InternalError` when the parameters cannot be encoded.
    pub fn json(space: impl Into<String>, method: impl Into<String>, params: &impl Serialize) -> Result<Self> {
        Ok(Self::new(space, method, serde_json::to_vec(params).map_err(Error::internal)?))
    }

    /// A call that follows from this one: same space, caller, deadline and request id.
    #[must_use]
    pub fn follow(&self, method: impl Into<String>, params: impl Into<Bytes>) -> Self {
        Self {
            space: self.space.clone(),
            caller: self.caller.clone(),
            method: method.into(),
            params: params.into(),
            body: None,
            deadline: self.deadline,
            request_id: self.request_id.clone(),
            depth: self.depth.saturating_add(1),
        }
    }

    /// The parameters, decoded. Absent ones count as `{}`.
    ///
    /// # Errors
    /// `InvalidParams.Format` with the reason.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T> {
        let params: &[u8] = if self.params.is_empty() { b"{}" } else { &self.params };
        serde_json::from_slice(params)
            .map_err(|e| Error::invalid_params(format!("params of {}: {e}", self.method)).with_operation(self.method.clone()))
    }

    /// How long the caller still waits.
    pub fn remaining(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// The error for a call that has run out of time.
    pub fn timed_out(method: &str) -> Error {
        Error::new(codes::TIMEOUT, format!("{method} did not end in time")).retryable()
    }
}

/// What a method answers: JSON text, and a stream for methods that give one.
#[derive(Debug, Default)]
pub struct Reply {
    /// The answer as JSON text; empty stands for no answer.
    pub data: Bytes,
    /// A stream that goes with it.
    pub body: Option<Body>,
}

impl Reply {
    /// A reply of JSON text that is already encoded.
    pub fn raw(data: impl Into<Bytes>) -> Self {
        Self { data: data.into(), body: None }
    }

    /// A reply that is encoded as JSON.
    ///
    /// # Errors
    /// `InternalError` when the value cannot be encoded.
    pub fn json(value: &impl Serialize) -> Result<Self> {
        Ok(Self::raw(serde_json::to_vec(value).map_err(Error::internal)?))
    }

    /// Adds a stream.
    #[must_use]
    pub fn with_body(mut self, body: Body) -> Self {
        self.body = Some(body);
        self
    }

    /// The answer, decoded. No answer counts as `null`.
    ///
    /// # Errors
    /// `InternalError` when the answer has another form.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T> {
        let data: &[u8] = if self.data.is_empty() { b"null" } else { &self.data };
        serde_json::from_slice(data).map_err(|e| Error::internal(e).with_operation("decode reply"))
    }
}
